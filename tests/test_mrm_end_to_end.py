"""MRM on synthetic films as a user trains it: the tools' functions and configs."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from mmengine.config import Config
from published.vit_files import timm_vit

from mmcxr.apis.model import load_model
from mmcxr.demo.demo import best_checkpoint
from mmcxr.engine.exporting import export_checkpoint
from mmcxr.engine.launch import train
from mmcxr.registry import MODELS

PRETRAIN = 'mrm/mrm_vit-mini_1xb16-20e_synthetic-192px.py'
SHORT = {
    'default_hooks.logger.interval': 1,
    'train_cfg.max_epochs': 2,
    'train_cfg.val_interval': 2,
    'default_hooks.checkpoint.interval': 1,
    'param_scheduler.warmup': 1,
}


def losses(work_dir) -> list[tuple[float, float]]:
    """Both losses of each iteration of the newest run in a work folder."""
    log = max(work_dir.glob('*/vis_data/scalars.json'))
    records = [json.loads(line) for line in log.read_text().splitlines()]
    return [(r['loss_image'], r['loss_report']) for r in records if 'loss_image' in r]


@pytest.mark.slow
def test_two_processes_equal_one_and_resume_is_exact(workplace, repo_dir):
    """Although the ranks hold different numbers of masked words."""
    config = str(repo_dir / 'configs' / PRETRAIN)
    options = {**SHORT, 'log_processor': dict(window_size=1)}
    assert train(config, 'one', cfg_options=options) == 0
    alone = losses(workplace / 'one')
    assert len(alone) == len(set(alone)) == 12
    first, last = np.mean(alone[:4], axis=0), np.mean(alone[-4:], axis=0)
    assert (last < 0.97 * first).all(), (first, last)  # film and report

    command = ['bash', str(repo_dir / 'tools/dist_train.sh'), config, '2']
    command += ['--work-dir', 'two', '--cfg-options', 'log_processor.window_size=1']
    changed = {**SHORT, 'train_dataloader.batch_size': 8}
    command += [f'{key}={value}' for key, value in changed.items()]
    environment = dict(os.environ, PYTHON=sys.executable)
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=280, env=environment
    )
    assert done.returncode == 0, done.stderr[-2000:]
    np.testing.assert_allclose(losses(workplace / 'two'), alone, rtol=2e-4)

    # Epoch 2 anew, with another number of workers.
    (workplace / 'one/epoch_2.pth').unlink()
    (workplace / 'one/last_checkpoint').write_text(str(workplace / 'one/epoch_1.pth'))
    options['train_dataloader.num_workers'] = 1
    assert train(config, 'one', resume='auto', cfg_options=options) == 0
    np.testing.assert_array_equal(losses(workplace / 'one'), alone[len(alone) // 2 :])


def test_best_checkpoint_starts_a_classifier_and_goes_to_timm(workplace, repo_dir):
    config = repo_dir / 'configs' / PRETRAIN
    options = {**SHORT, 'train_cfg.max_epochs': 1, 'train_cfg.val_interval': 1}
    assert train(str(config), 'pretrain', cfg_options=options) == 0
    checkpoint = best_checkpoint('pretrain')
    assert 'restoration_total' in checkpoint
    settings = Config.fromfile(config).model.backbone
    start = dict(
        type='mmcxr.Pretrained',
        checkpoint=checkpoint,
        prefix='backbone.',
        allow_unexpected=['ln1.*'],  # the norm of pre-training
    )
    classifier = MODELS.build(
        dict(
            type='FilmClassifier',
            backbone=dict(
                settings,
                type='mmpretrain.VisionTransformer',
                final_norm=False,
                out_type='featmap',
                init_cfg=start,
            ),
            head=dict(type='MultiLabelHead', num_classes=8, in_channels=128, norm=True),
        )
    )
    classifier.init_weights()
    model = load_model(config, checkpoint)
    images = torch.randn(2, 3, 96, 96)
    classifier.eval()
    expected = model.extract_feat(images)
    torch.testing.assert_close(classifier.extract_feat(images), expected)

    export_checkpoint(checkpoint, 'timm', 'vit.pth')
    exported = torch.load('vit.pth', weights_only=True)['model']
    vit = timm_vit(img_size=96, depth=4, num_heads=4, global_pool='avg', num_classes=1)
    missing = vit.load_state_dict(exported, strict=False).missing_keys
    assert all(key.startswith(('fc_norm.', 'head.')) for key in missing)
    found = vit.forward_features(images)[:, 1:].mean(dim=1)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
