"""MRM's fixtures through models that are built from configs, and through export."""

import json
from functools import partial

import mrm_outputs
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from stand_in import golden_weights, mrm_file, tensors
from test_golden import compare
from torch import nn

from mmcxr.engine.checkpoint import load_strict, open_checkpoint
from mmcxr.engine.exporting import export_checkpoint
from mmcxr.registry import MODELS

PRETRAIN = 'configs/mrm/mrm_vit-b16_4xb32-200e_mimic-cxr-448px_released.py'


@pytest.fixture(scope='module')
def published(shared_dir, tmp_path_factory):
    """A stand-in for MRM.pth, which both fixtures describe."""
    folder = shared_dir / 'golden/mrm'
    if not folder.is_dir():
        pytest.skip(f'no fixture at {folder}')
    manifest = json.loads((folder / 'pretrain/manifest.json').read_text())
    state_dict = tensors(golden_weights(shared_dir), manifest)
    path = mrm_file(state_dict, manifest, tmp_path_factory.mktemp('mrm'))
    yield path
    path.unlink()  # 600 megabytes


def fixture_of(shared_dir, variant):
    folder = shared_dir / 'golden/mrm' / variant
    return folder, json.loads((folder / 'manifest.json').read_text())


@pytest.mark.slow
def test_pre_training_config(shared_dir, repo_dir, published):
    """The config of the published run, and the published file as ``load_from``."""
    fixture, manifest = fixture_of(shared_dir, 'pretrain')
    init_default_scope('mmcxr')
    config = Config.fromfile(repo_dir / PRETRAIN)
    model = MODELS.build(config.model)
    load_strict(model, open_checkpoint(published))
    model.eval()
    assert model.loss_on == 'all' and not model.antialias
    weights = golden_weights(shared_dir)
    compare(mrm_outputs.pretrain(model, manifest, weights), fixture, manifest)
    # 151.61 M are published; those of the unused pooler are left out.
    count = sum(p.numel() for p in model.parameters())
    assert round(count / 1e6, 2) == round(151.61 - 384 * 385 / 1e6, 2)


@pytest.mark.slow
def test_classifier_config(shared_dir, published):
    """Fine-tuning starts from the published file through ``init_cfg``."""
    fixture, manifest = fixture_of(shared_dir, 'finetune_vit_b16')
    start = dict(
        type='mmcxr.Pretrained',
        checkpoint=str(published),
        prefix='backbone.',
        allow_unexpected=['ln1.*'],  # the norm of pre-training
    )
    model = MODELS.build(
        dict(
            type='FilmClassifier',
            backbone=dict(
                type='mmpretrain.VisionTransformer',
                arch='base',
                final_norm=False,
                out_type='featmap',
                drop_path_rate=0.1,
                init_cfg=start,
            ),
            head=dict(
                type='MultiLabelHead',
                num_classes=14,
                in_channels=768,
                norm=True,
                init_std=2e-5,
            ),
        )
    )
    model.init_weights()
    model.eval()
    weights = golden_weights(shared_dir)
    extra = tensors(weights, dict(state_dict=manifest['extra_state_dict']))
    for name, part in (('fc_norm', model.head.norm), ('head', model.head.fc)):
        for leaf in ('weight', 'bias'):
            getattr(part, leaf).data.copy_(extra[f'{name}.{leaf}'])
    compare(mrm_outputs.finetune(model, manifest, weights), fixture, manifest)


@torch.no_grad()
def test_loading_snippet_of_the_authors(shared_dir, published, tmp_path):
    """timm's own transformer on what we export, by the lines of MRM's read-me."""
    from timm.models.vision_transformer import VisionTransformer

    fixture, manifest = fixture_of(shared_dir, 'finetune_vit_b16')
    out = tmp_path / 'vit.pth'
    export_checkpoint(published, 'timm', out)
    model = VisionTransformer(
        patch_size=16,
        embed_dim=768,
        depth=12,
        num_heads=12,
        qkv_bias=True,
        norm_layer=partial(nn.LayerNorm, eps=1e-6),
        num_classes=14,
        drop_path_rate=0.1,
        global_pool='avg',
    )
    checkpoint = torch.load(out, map_location='cpu', weights_only=True)
    message = model.load_state_dict(checkpoint['model'], strict=False)
    assert set(message.missing_keys) == set(manifest['missing_keys'])
    model.eval()
    images = golden_weights(shared_dir).make_image(2, 3, 224, 224, seed=12)
    tokens = model.forward_features(torch.from_numpy(images))
    with np.load(fixture / 'outputs.npz') as stored:
        expected = torch.from_numpy(stored['pooled_pre_norm'])
        fresh = torch.from_numpy(stored['features_fresh_norm'])
    pooled = tokens[:, 1:].mean(dim=1)
    torch.testing.assert_close(pooled, expected, **manifest['tolerance'])
    feature = model.forward_head(tokens, pre_logits=True)
    torch.testing.assert_close(feature, fresh, **manifest['tolerance'])
