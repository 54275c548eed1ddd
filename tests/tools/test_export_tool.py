"""The export tool, from a published file and from one of ours."""

import importlib.util

import pytest
import torch
from published.vit_files import mrm_file, timm_vit

from mmcxr.engine.checkpoint import load_checkpoint_file


@pytest.fixture
def tool(repo_dir):
    path = repo_dir / 'tools/model_converters/export.py'
    spec = importlib.util.spec_from_file_location('export_tool', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_published_file(tool, tmp_path, capsys):
    reference = timm_vit()
    torch.save(mrm_file(reference), tmp_path / 'MRM.pth')
    out = tmp_path / 'deep/vit.pth'
    tool.main([str(tmp_path / 'MRM.pth'), '--to', 'timm', '--out', str(out)])
    found = torch.load(out, weights_only=True)['model']
    assert found.keys() == reference.state_dict().keys()
    text = capsys.readouterr().out
    assert f'wrote {out}' in text
    assert 'left out 2: condition is no part of the image encoder' in text


def test_own_checkpoint_keeps_its_classes(tool, tmp_path):
    norm = torch.nn.LayerNorm(128).state_dict()
    weights = {f'head.norm.{key}': value for key, value in norm.items()}
    weights |= {'head.fc.weight': torch.ones(2, 128), 'head.fc.bias': torch.ones(2)}
    torch.save(mrm_file(), tmp_path / 'MRM.pth')
    plain = tmp_path / 'plain.pth'
    tool.main([str(tmp_path / 'MRM.pth'), '--to', 'mmpretrain', '--out', str(plain)])
    weights |= load_checkpoint_file(plain)['state_dict']
    weights = {k: v for k, v in weights.items() if not k.startswith('backbone.ln1')}
    meta = dict(epoch=3, dataset_meta=dict(classes=('Edema', 'Mass')))
    torch.save(dict(state_dict=weights, meta=meta), tmp_path / 'epoch_3.pth')
    out = tmp_path / 'out.pth'
    tool.main([str(tmp_path / 'epoch_3.pth'), '--to', 'mmpretrain', '--out', str(out)])
    found = load_checkpoint_file(out)
    assert found['meta']['dataset_meta']['classes'] == ['Edema', 'Mass']
    assert 'backbone.ln2.weight' in found['state_dict']


def test_bad_arguments(tool, tmp_path, capsys):
    with pytest.raises(SystemExit):
        tool.main(['x.pth', '--to', 'keras', '--out', 'y.pth'])
    assert "invalid choice: 'keras'" in capsys.readouterr().err
    with pytest.raises(FileNotFoundError, match='no checkpoint at x.pth'):
        tool.main(['x.pth', '--to', 'timm', '--out', 'y.pth'])


def test_folder_in_place_of_a_file(tool, tmp_path):
    torch.save(mrm_file(), tmp_path / 'MRM.pth')
    with pytest.raises(IsADirectoryError, match='is a folder; name a file to write'):
        tool.main([str(tmp_path / 'MRM.pth'), '--to', 'timm', '--out', str(tmp_path)])
