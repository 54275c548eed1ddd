"""What the inspect tool says of files of every kind, and its exit codes."""

import importlib.util
import json
import subprocess
import sys

import pytest
import torch
from published.clip_files import clip_file
from published.gloria_files import gloria_file
from published.published_files import (
    bert_weights,
    cxr_clip_file,
    prefixed,
    resnet_weights,
    swin_weights,
)
from published.vit_files import mrm_file, timm_vit

from mmcxr.apis.inspection import inspect_checkpoint
from mmcxr.published import CONVERTERS


@pytest.fixture
def tool(repo_dir):
    path = repo_dir / 'tools/model_converters/inspect.py'
    spec = importlib.util.spec_from_file_location('inspect_tool', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def inspected(content, folder):
    path = folder / 'some.file'
    torch.save(content, path)
    return inspect_checkpoint(path)


@pytest.mark.parametrize(
    ('content', 'system', 'variant'),
    [
        (cxr_clip_file, 'cxr_clip', 'r50_m'),
        (lambda: cxr_clip_file('swint', 'mc'), 'cxr_clip', 'swint_mc'),
        (mrm_file, 'mrm', 'pretrain'),
        (clip_file, 'chexzero', 'vit_width128_16'),
        (lambda: gloria_file(18), 'gloria', 'resnet18'),
    ],
)
def test_published_files(content, system, variant, tmp_path):
    found = inspected(content(), tmp_path)
    assert found['problem'] is None and found['kind'] == 'published'
    assert (found['system'], found['variant']) == (system, variant)
    assert found['coverage'] == 1 and system in CONVERTERS
    assert found['mapped'] > 0 and not found['missing'] and not found['foreign']
    assert found['load'] == f'load_published({system!r}, {found["file"]!r})'
    assert len(found['sha256']) == 64 and found['tensors'] > found['mapped'] / 2


@pytest.mark.parametrize(
    ('content', 'system', 'variant'),
    [
        (lambda: resnet_weights(True), 'torchvision ResNet', 'r50'),
        (lambda: timm_vit().state_dict(), 'timm vision transformer', 'width 128'),
        (lambda: swin_weights(4), 'Hugging Face Swin Transformer', 'tiny'),
        (bert_weights, 'Hugging Face BERT', 'bert'),
    ],
)
def test_encoders(content, system, variant, tmp_path):
    found = inspected(content(), tmp_path)
    assert (found['kind'], found['system']) == ('encoder', system)
    assert found['variant'] == variant and found['coverage'] == 1
    assert 'Pretrained' in found['load'] and not found['problem']


def test_container_and_precision(tmp_path):
    weights = {f'module.{k}': v.half() for k, v in clip_file().items()}
    content = dict(state_dict=weights, epoch=3, optimizer=dict(a=1, b=2))
    found = inspected(content, tmp_path)
    assert found['precision'] == {'float16': len(weights)}
    assert found['parameters'] == sum(v.numel() for v in weights.values())
    assert found['container'] == dict(
        under='state_dict',
        prefix='module.',
        beside=dict(epoch='3', optimizer='dict of 2'),
    )
    assert inspected(clip_file(), tmp_path)['container']['under'] is None


def test_several_state_dicts_in_one_file(tmp_path):
    content = dict(
        image_encoder=resnet_weights(), text=bert_weights(), config=dict(a=1)
    )
    found = inspected(content, tmp_path)
    assert found['tensors'] == len(resnet_weights()) + len(bert_weights())
    assert found['container']['beside']['config'] == 'dict of 1'
    assert "behind 'image_encoder.' is torchvision ResNet" in found['problem']


def test_what_is_amiss_is_named(tmp_path):
    norm = 'gloria.img_encoder.model.layer2.0.bn1.weight'
    whole = gloria_file(18)['state_dict']
    found = inspected({k: v for k, v in whole.items() if k != norm}, tmp_path)
    assert found['missing'] == ['image_backbone.layer2.0.bn1.weight']
    assert 0.99 < found['coverage'] < 1 and found['load'] is None
    assert found['problem'].endswith('1 missing')
    found = inspected(whole | {norm: torch.ones(9)}, tmp_path)
    assert found['misshapen'] == [
        'image_backbone.layer2.0.bn1.weight ([9] in the file, [128] here)'
    ]
    found = inspected(whole | {'gloria.extra': torch.ones(9)}, tmp_path)
    assert 'unknown and would be lost: extra' in found['problem']
    broken = {k: v for k, v in resnet_weights().items() if k != 'layer3.1.bn2.weight'}
    found = inspected(broken, tmp_path)
    assert found['missing'] == ['layer3.1.bn2.weight'] and found['load'] is None


def test_a_known_file_inside_another(tmp_path):
    """Behind a beginning, with something else beside it."""
    weights = {'net.head.weight': torch.ones(3, 4)}
    weights |= prefixed('net.clip.', clip_file())
    found = inspected(weights, tmp_path)
    assert found['kind'] == 'unknown' and found['load'] is None
    assert "behind 'net.clip.' is chexzero (vit_width128_16)" in found['problem']
    assert 'behind' not in inspected({'a': torch.ones(1)}, tmp_path)['problem']


def test_own_checkpoint(tmp_path):
    weights = prefixed('backbone.', resnet_weights())
    weights['head.fc.weight'] = torch.ones(2, 2048)
    meta = dict(epoch=3, iter=70, dataset_meta=dict(classes=('Edema', 'Mass')))
    found = inspected(dict(state_dict=weights, meta=meta, optimizer={}), tmp_path)
    assert found['kind'] == 'ours' and found['classes'] == ['Edema', 'Mass']
    assert found['variant'] == 'epoch 3, iter 70'
    assert found['load'].startswith('load_model(CONFIG')


class Harm:
    def __reduce__(self):
        return (print, ('executed',))


def test_exit_codes(tool, tmp_path, capsys):
    path = tmp_path / 'file.pt'
    torch.save(clip_file(), path)
    assert tool.main([str(path)]) == 0
    text = capsys.readouterr().out
    assert 'chexzero (vit_width128_16)' in text and '100.0% of the model' in text
    assert tool.main([str(path), '--json']) == 0
    assert json.loads(capsys.readouterr().out)['system'] == 'chexzero'
    for content in ({}, {'x': torch.ones(1)}, [1, 2]):
        torch.save(content, path)
        assert tool.main([str(path)]) == 1
    torch.save(prefixed('net.', resnet_weights()), path)
    assert tool.main([str(path)]) == 1
    told = capsys.readouterr().out
    assert "what stands behind 'net.' is torchvision ResNet" in told
    torch.save(dict(state_dict=Harm()), path)
    assert tool.main([str(path)]) == 2
    told = capsys.readouterr().out
    assert 'refused: it holds print' in told and 'executed' not in told
    torch.save(clip_file(), path)
    path.write_bytes(path.read_bytes()[:-1000])
    assert tool.main([str(path)]) == 2
    assert 'truncated or damaged' in capsys.readouterr().out
    assert tool.main([str(tmp_path / 'nothing')]) == 2
    assert 'no checkpoint at' in capsys.readouterr().err


@pytest.mark.parametrize('name', ['inspect', 'export'])
def test_run_as_scripts(name, repo_dir):
    """Beside a file that is called like a module of Python."""
    done = subprocess.run(
        [sys.executable, f'tools/model_converters/{name}.py', '--help'],
        cwd=repo_dir, capture_output=True, text=True,
        env=dict(PYTHONPATH=str(repo_dir)),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert 'FILE' in done.stdout
