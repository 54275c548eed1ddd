"""Every config loads, resolves every type, binds every keyword and builds."""

import re
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmcxr.engine.config_check import check_config
from mmcxr.registry import METRICS, MODELS, TRANSFORMS

CONFIGS = Path(__file__).resolve().parents[1] / 'configs'
LEAVES = sorted(p for p in CONFIGS.rglob('*.py') if '_base_' not in p.parts)
# One of each family is built by default, all of them under -m slow.
FAMILIES = {
    'cxr_clip/cxr-clip_r50-bioclinicalbert_4xb32-15e_m-c-c14-224px.py',
    'cxr_clip/cxr-clip_swin-t-bioclinicalbert_4xb32-15e_m-224px_released.py',
    'cxr_clip/cxr-clip_r50-bioclinicalbert_1xb128-15e_m-224px.py',
    'cxr_clip/cxr-clip_r18-bert-mini_1xb32-10e_synthetic-96px.py',
    'mrm/mrm_vit-mini_1xb16-20e_synthetic-192px.py',
    'benchmarks/zero_shot/chexpert-5x200/cxr-clip_swin-t.py',
    'benchmarks/retrieval/mimic-cxr/cxr-clip_r50.py',
    'benchmarks/classification/vindr-cxr/linear-probe_cxr-clip_swin-t.py',
    'benchmarks/segmentation/siim/upernet_mrm_vit-b16_4xb2-160k_siim-512px.py',
    'benchmarks/segmentation/siim/upernet_mrm_vit-b16-plain_4xb2-160k_siim-512px.py',
    'benchmarks/segmentation/synthetic/upernet_vit-tiny_1xb8-200_synthetic-96px.py',
    'benchmarks/classification/chestx-ray14/finetune_mrm_vit-b16_1pct.py',
    'benchmarks/classification/chexpert/finetune_cxr-clip_r50_10pct.py',
    'benchmarks/segmentation/covid19/unet_r18_1xb4-900_covid19-lungs-192px.py',
    'benchmarks/segmentation/synthetic/upernet_mrm_vit-mini_1xb8-400_synthetic-192px.py',
    'benchmarks/segmentation/siim/unet_1xb16-20k_siim-512px.py',
    'benchmarks/segmentation/siim/setr-pup_mrm_vit-b16_1xb16-20k_siim-512px.py',
    'benchmarks/segmentation/siim/upernet_cxr-clip_swin-t_1xb16-20k_siim-512px.py',
    'benchmarks/segmentation/rsna/benchx-upernet_cxr-clip_r50_1xb8-20k_rsna-512px.py',
    'benchmarks/classification/chestx-ray14/linear-probe_medaug_r18.py',
    'benchmarks/classification/chestx-ray14/finetune_s2mts2_d121.py',
    'benchmarks/classification/chestx-ray14/linear-probe_refers_vit-b16.py',
    'benchmarks/segmentation/siim/upernet_s2mts2_d121_1xb16-20k_siim-512px.py',
    'benchmarks/zero_shot/chexpert-5x200/chexzero_vit-b32.py',
    'benchmarks/zero_shot/chexpert-5x200/gloria_r50_released.py',
    'benchmarks/classification/chestx-ray14/linear-probe_chexzero_vit-b32.py',
    'benchmarks/classification/chestx-ray14/finetune_gloria_r50.py',
}


def name(path: Path) -> str:
    return path.relative_to(CONFIGS).as_posix()


def slow_unless_family(path: Path):
    marks = () if name(path) in FAMILIES else pytest.mark.slow
    return pytest.param(path, id=name(path), marks=marks)


def test_there_are_configs():
    assert len(LEAVES) >= 30
    assert {name(path) for path in LEAVES} >= FAMILIES


@pytest.mark.parametrize('path', LEAVES, ids=name)
def test_config_has_no_mistake(path):
    config = Config.fromfile(path)
    assert check_config(config) == []
    reloaded = Config.fromstring(config.pretty_text, '.py')
    assert reloaded.to_dict() == config.to_dict()


@pytest.mark.parametrize('path', LEAVES, ids=name)
def test_commands_in_the_head_name_this_config(path):
    text = path.read_text(encoding='utf-8')
    for command in re.findall(r'configs/\S+\.py', text):
        assert (CONFIGS.parent / command).is_file(), command


@pytest.fixture
def undrawn(monkeypatch):
    """Each weight is its mean: drawing them is most of the time to build."""

    def uniform_(self, low=0.0, high=1.0, generator=None):
        return self.fill_((low + high) / 2)

    def normal_(self, mean=0.0, std=1.0, generator=None):
        return self.fill_(mean)

    monkeypatch.setattr(torch.Tensor, 'uniform_', uniform_)
    monkeypatch.setattr(torch.Tensor, 'normal_', normal_)


@pytest.mark.usefixtures('undrawn')
@pytest.mark.parametrize('path', [slow_unless_family(path) for path in LEAVES])
def test_config_builds(path, tmp_path):
    vocabulary = tmp_path / 'vocab.txt'
    vocabulary.write_text(
        '\n'.join(['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'no'])
    )
    config = offline(Config.fromfile(path), str(vocabulary))
    init_default_scope(config.default_scope)
    MODELS.build(config.model)
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        dataset = (config.get(loader) or {}).get('dataset') or {}
        for member in dataset.get('datasets', [dataset]):
            for transform in member.get('pipeline', ()):
                TRANSFORMS.build(transform)
    for key in ('val_evaluator', 'test_evaluator'):
        metrics = config.get(key) or []
        for metric in metrics if isinstance(metrics, list) else [metrics]:
            METRICS.build(metric)


def offline(config, vocabulary: str):
    """The config with a vocabulary and a text encoder that need no download."""

    def walk(part):
        for value in part.values() if isinstance(part, dict) else part:
            if isinstance(value, dict):
                if value.get('type') == 'HFTokenizer':
                    value['name'] = vocabulary
                if value.get('type') == 'BertEncoder':
                    value.update(config=dict(num_hidden_layers=1), pretrained=False)
            if isinstance(value, dict | list | tuple):
                walk(value)

    walk(config._cfg_dict)
    return config


def test_every_base_is_used():
    used = set()
    pending = list(LEAVES)
    while pending:
        path = pending.pop()
        if path in used:
            continue
        used.add(path)
        bases = re.search(
            r'^_base_ = (\[.*?\]|\'.*?\')', path.read_text(), re.DOTALL | re.MULTILINE
        )
        for base in re.findall(r"'([^']+)'", bases.group(1)) if bases else ():
            pending.append((path.parent / base).resolve())
    parts = set((CONFIGS / '_base_').rglob('*.py'))
    assert parts <= used, sorted(map(name, parts - used))
