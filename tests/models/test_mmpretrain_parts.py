"""Parts of mmpretrain build where its own import would fail."""

import os
import subprocess
import sys

import pytest
from mmpretrain.utils import dependency

import mmcxr.models

BUILD = """
import mmcxr.models
from mmcxr.registry import MODELS
MODELS.build(dict(type='mmpretrain.ResNet', depth=18))
"""


def test_multimodal_models_stay_out():
    assert mmcxr.models
    assert dependency.WITH_MULTIMODAL is False


@pytest.mark.slow
def test_beside_pycocotools(tmp_path):
    info = tmp_path / 'pycocotools-2.0.8.dist-info'
    info.mkdir()
    (info / 'METADATA').write_text('Name: pycocotools\nVersion: 2.0.8\n')
    path = os.pathsep.join([str(tmp_path), os.environ.get('PYTHONPATH', '')])
    done = subprocess.run(
        [sys.executable, '-W', 'error::UserWarning', '-c', BUILD],
        env={**os.environ, 'PYTHONPATH': path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
