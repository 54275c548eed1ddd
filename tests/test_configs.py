"""Every config loads, resolves every type, binds every keyword and builds."""

import re
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmcxr.engine.config_check import check_config
from mmcxr.engine.config_file import load_config
from mmcxr.engine.encoder import known_encoders
from mmcxr.registry import METRICS, MODELS, TRANSFORMS

CONFIGS = Path(__file__).resolve().parents[1] / 'configs'
LEAVES = sorted(p for p in CONFIGS.rglob('*.py') if '_base_' not in p.parts)


def name(path: Path) -> str:
    return path.relative_to(CONFIGS).as_posix()


def test_there_are_configs():
    assert len(LEAVES) >= 30


@pytest.mark.parametrize('path', LEAVES, ids=name)
def test_config_has_no_mistake(path):
    config = load_config(path)
    assert check_config(config) == []
    reloaded = Config.fromstring(config.pretty_text, '.py')
    assert reloaded.to_dict() == config.to_dict()


@pytest.mark.parametrize('path', LEAVES, ids=name)
def test_commands_in_the_head_name_this_config(path):
    text = path.read_text(encoding='utf-8')
    for command in re.findall(r'configs/\S+\.py', text):
        assert (CONFIGS.parent / command).is_file(), command


FIRST = [path for path in LEAVES if path == min(path.parent.glob('*.py'))]


@pytest.mark.usefixtures('undrawn')
@pytest.mark.parametrize(
    'path',
    [
        pytest.param(path, marks=() if path in FIRST else pytest.mark.slow)
        for path in LEAVES
    ],
    ids=name,
)
def test_config_builds(path, tmp_path):
    vocabulary = tmp_path / 'vocab.txt'
    vocabulary.write_text(
        '\n'.join(['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'no'])
    )
    config = offline(load_config(path), str(vocabulary))
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
                if value.get('type') in ('HFTokenizer', 'GLoRIATokenizer'):
                    value['name'] = vocabulary
                if value.get('type') == 'BertEncoder':
                    layers = (value.get('frozen_layers') or 0) + 1
                    value.update(
                        config=dict(num_hidden_layers=layers), pretrained=False
                    )
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
    used |= {CONFIGS / f'_base_/models/{name}.py' for name in known_encoders()}
    parts = set((CONFIGS / '_base_').rglob('*.py'))
    assert parts <= used, sorted(map(name, parts - used))
