"""Every encoder fine-tuned through its config, from stand-ins of published files."""

import json
import math

import pytest
from cxrlearn_files import content_of, read_fixture, write
from labelled_films import label_films
from mmengine.registry import init_default_scope
from stand_in import write_stand_in

from mmcxr.datasets.public.chest_xray14 import CHEST_XRAY14_CLASSES
from mmcxr.datasets.public.chexpert import CHEXPERT_CLASSES
from mmcxr.engine.checkpoint import load_checkpoint_file
from mmcxr.engine.config_file import load_config
from mmcxr.engine.launch import train
from mmcxr.registry import MODELS
from mmcxr.synthetic import write_synthetic_dataset

pytestmark = pytest.mark.slow
FOLDER = 'configs/benchmarks/classification'
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
# System -> fixture of its published file, leaf, and encoder.
SYSTEMS = {
    'cxr_clip': ('cxr_clip/r50_m', 'chestx-ray14/finetune', 'cxr-clip_r50'),
    'mrm': ('mrm/pretrain', 'chestx-ray14/finetune_layer-decay', 'mrm_vit-b16'),
    'convirt': ('cxrlearn/convirt', 'chexpert/finetune_convirt_r50_own', 'convirt_r50'),
    'gloria': ('cxrlearn/gloria', 'chexpert/linear-probe_gloria_r50_own', 'gloria_r50'),
    'gloria, whole': (
        'cxrlearn/gloria', 'chestx-ray14/finetune_gloria_r50_benchx', 'gloria_r50'),
    'chexzero': ('cxrlearn/chexzero', 'chestx-ray14/finetune', 'chexzero_vit-b32'),
    'refers': (
        'cxrlearn/refers', 'chestx-ray14/finetune_refers_vit-b16_own',
        'refers_vit-b16'),
    'medaug': ('cxrlearn/medaug', 'chestx-ray14/finetune', 'medaug_r50'),
    'moco_cxr': (
        'cxrlearn/moco_cxr_resnet18', 'chexpert/finetune_moco-cxr_own', 'moco-cxr_r18'),
    's2mts2': (
        'cxrlearn/s2mts2', 'chestx-ray14/finetune_s2mts2_d121_own', 's2mts2_d121'),
}  # fmt: skip
QUICK = {
    'train_dataloader.batch_size': 2,
    'val_dataloader.batch_size': 4,
    'default_hooks.logger.interval': 1,
    'log_level': 'ERROR',
    **{f'{loader}.num_workers': 0 for loader in LOADERS},
    **{f'{loader}.persistent_workers': False for loader in LOADERS[:2]},
}


@pytest.fixture(scope='module')
def films(tmp_path_factory):
    """Six patients, of whom four train."""
    root = tmp_path_factory.mktemp('films')
    write_synthetic_dataset(root, num_patients=6, size=96, seed=3)
    return root


def published(shared_dir, fixture, folder):
    """A stand-in of the published file of a fixture."""
    system, variant = fixture.split('/')
    if system != 'cxrlearn' or variant in ('chexzero', 'gloria'):
        return write_stand_in(shared_dir, shared_dir / 'golden' / fixture, folder)
    _, manifest, state_dict = read_fixture(shared_dir, variant)
    return write(folder / 'published.pth', content_of(variant, state_dict, manifest))


@pytest.mark.parametrize('system', SYSTEMS)
def test_two_iterations(system, films, shared_dir, repo_dir, tmp_path, monkeypatch):
    fixture, leaf, encoder = SYSTEMS[system]
    monkeypatch.chdir(tmp_path)
    data = tmp_path / 'data' / leaf.split('/')[0]
    classes = CHEXPERT_CLASSES
    if 'chestx-ray14' in leaf:
        classes = (*CHEST_XRAY14_CLASSES, 'No Finding')
    label_films(films, data, classes, ['mrm'])
    checkpoint = published(shared_dir, fixture, tmp_path)
    encoder, options = f'{encoder}={checkpoint}', dict(QUICK)
    config = repo_dir / FOLDER / f'{leaf}.py'
    cfg = load_config(config, encoder=encoder)
    if cfg.train_cfg.by_epoch:
        options |= {'train_cfg.max_epochs': 1, 'train_dataloader.dataset.fraction': 1.0}
    else:
        options |= {'train_cfg.max_iters': 2, 'train_cfg.val_interval': 2}
    assert train(str(config), 'run', cfg_options=options, encoder=encoder) == 0
    checkpoint.unlink()
    (log,) = (tmp_path / 'run').glob('*/vis_data/scalars.json')
    losses = [row['loss'] for row in map(json.loads, log.open()) if 'loss' in row]
    assert len(losses) >= 2 and all(map(math.isfinite, losses))
    (last,) = [p for p in (tmp_path / 'run').glob('*.pth') if 'best' not in p.name]
    weights = load_checkpoint_file(last)['state_dict']
    init_default_scope('mmcxr')
    cfg.merge_from_dict({**options, 'model.backbone.init_cfg': None})
    assert MODELS.build(cfg.model).state_dict().keys() == weights.keys()
    last.unlink()
