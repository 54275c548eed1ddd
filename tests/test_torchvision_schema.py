import builtins
import subprocess
import sys

import pytest

from mmcxr import torchvision_schema
from mmcxr.torchvision_schema import ensure_torchvision

FRESH = """
import sys
import mmcxr.torchvision_schema as schema
assert 'torch' not in sys.modules, 'importing the module alone must load no torch'
schema.ensure_torchvision()
schema.ensure_torchvision()
import torch, torchvision
from torchvision.transforms import functional
film = torch.arange(64, dtype=torch.uint8).reshape(1, 8, 8)
assert functional.resize(film, [4, 4], antialias=True).shape == (1, 4, 4)
net = torchvision.models.resnet18(weights=None).eval()
assert net(torch.zeros(1, 3, 32, 32)).shape == (1, 1000)
"""


def test_torchvision_works_in_a_fresh_process():
    done = subprocess.run(
        [sys.executable, '-c', FRESH], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def _import_raising(monkeypatch, error):
    """Let every import of torchvision raise ``error``."""
    real = builtins.__import__

    def fake(name, *args, **kwargs):
        if name == 'torchvision':
            raise error
        return real(name, *args, **kwargs)

    monkeypatch.delitem(sys.modules, 'torchvision', raising=False)
    monkeypatch.setattr(builtins, '__import__', fake)


@pytest.mark.parametrize(
    'error', [RuntimeError('CUDA versions differ'), ImportError('no torchvision')]
)
def test_other_failures_are_not_hidden(monkeypatch, error):
    _import_raising(monkeypatch, error)
    monkeypatch.setattr(torchvision_schema, '_declare_operators', pytest.fail)
    with pytest.raises(type(error), match=str(error)):
        ensure_torchvision()
