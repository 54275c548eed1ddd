"""What is published holds weights and no trace of the machine."""

import subprocess
import sys
from collections import OrderedDict
from hashlib import sha256
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
import torch
from engine.tiny_run import TinyModel, tiny_run
from published.published_files import cxr_clip_file
from safetensors.torch import load_file

from mmcxr.engine.checkpoint import CheckpointError, load_strict, open_checkpoint
from mmcxr.engine.publishing import publish_checkpoint

TOOL = Path(__file__).resolve().parents[2] / 'tools/misc/publish_model.py'


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """The checkpoint of a run that averages its weights."""
    folder = tmp_path_factory.mktemp('secret_place')
    tiny_run(folder, 1, f'publish_{folder.name}').train()
    return folder / 'epoch_1.pth'


@pytest.mark.parametrize('name', ['m.pth', 'm', 'm.safetensors'])
def test_weights_alone(trained, tmp_path, name):
    path = publish_checkpoint(trained, tmp_path / 'new' / name)
    data = path.read_bytes()
    suffix = '.safetensors' if name.endswith('safetensors') else '.pth'
    assert path.name == f'm-{sha256(data).hexdigest()[:8]}{suffix}'
    for trace in (b'secret_place', str(tmp_path).encode(), b'optimizer', b'EMAHook'):
        assert trace not in data
    whole = torch.load(trained, weights_only=False)
    found = open_checkpoint(path)['state_dict']
    assert found.keys() == whole['state_dict'].keys()
    assert all(torch.equal(found[k], v) for k, v in whole['state_dict'].items())
    raw = whole['ema_state_dict']['module.head.bias']
    assert not torch.equal(found['head.bias'], raw)  # the averaged ones
    load_strict(TinyModel(), open_checkpoint(path))


def test_plain_torch_and_safetensors_read_it(trained, tmp_path):
    path = publish_checkpoint(trained, tmp_path / 'm.pth')
    found = torch.load(path, weights_only=True)
    assert found.keys() == {'state_dict', 'meta'}
    assert found['meta']['classes'] == ['low', 'high']
    path = publish_checkpoint(trained, tmp_path / 'm.pth', 'safetensors')
    assert load_file(path).keys() == found['state_dict'].keys()


def test_same_weights_same_file(trained, tmp_path):
    first = publish_checkpoint(trained, tmp_path / 'm.pth')
    again = publish_checkpoint(first, tmp_path / 'again' / 'm.pth')
    assert first.name == again.name and first.read_bytes() == again.read_bytes()


def test_views_are_saved_small(tmp_path):
    big = torch.zeros(100_000)
    torch.save(dict(state_dict={'a': big[:2], 'b': big[:2]}), tmp_path / 'x.pth')
    for file_format in ('pth', 'safetensors'):
        path = publish_checkpoint(tmp_path / 'x.pth', tmp_path / 'y', file_format)
        assert path.stat().st_size < 4000


def test_published_file_is_converted(tmp_path):
    torch.save(cxr_clip_file(), tmp_path / 'r50_m.tar')
    path = publish_checkpoint(tmp_path / 'r50_m.tar', tmp_path / 'ours.safetensors')
    assert 'image_backbone.conv1.weight' in load_file(path)


def test_nothing_to_publish(tmp_path):
    torch.save(OrderedDict(epoch=1), tmp_path / 'x.pth')
    with pytest.raises(CheckpointError, match='no state dict to publish'):
        publish_checkpoint(tmp_path / 'x.pth', tmp_path / 'y.pth')
    with pytest.raises(ValueError, match="format is 'onnx'; known are"):
        publish_checkpoint(tmp_path / 'x.pth', tmp_path / 'y.pth', 'onnx')


def test_command(trained, tmp_path, capsys):
    spec = spec_from_file_location('publish_model', TOOL)
    tool = module_from_spec(spec)
    spec.loader.exec_module(tool)
    tool.main([str(trained), str(tmp_path / 'm.pth'), '--format', 'safetensors'])
    (path,) = tmp_path.glob('m-*.safetensors')
    assert f'wrote {path}' in capsys.readouterr().out


def test_command_says_in_one_line_what_is_wrong(tmp_path):
    command = [sys.executable, '-W', 'ignore', str(TOOL)]
    command += [str(tmp_path / 'none.pth'), str(tmp_path / 'm.pth')]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith('publish_model.py: no checkpoint at')
    assert 'Traceback' not in done.stderr
