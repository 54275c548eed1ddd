"""Vision transformers of timm compute the same after conversion."""

import pytest
import torch
from published.vit_files import fine_tuned_vit, mrm_file, timm_vit

from mmcxr.engine.checkpoint import CheckpointError, load_strict
from mmcxr.published import ConversionError, convert, recognise
from mmcxr.published.encoders.timm_vit import NAME, to_timm
from mmcxr.registry import MODELS

ARCH = dict(embed_dims=128, num_layers=2, num_heads=2, feedforward_channels=512)
VIT = dict(type='mmpretrain.VisionTransformer', arch=ARCH, img_size=64)


def built(config, weights):
    backbone = MODELS.build(config)
    load_strict(backbone, weights)
    backbone.eval()
    return backbone


@pytest.mark.parametrize('container', [None, 'model', 'state_dict'])
def test_same_tokens(container):
    reference, images = timm_vit(), torch.randn(2, 3, 64, 64)
    weights = dict(reference.state_dict())
    checkpoint = {container: weights, 'epoch': 3} if container else weights
    assert recognise(checkpoint) == (NAME, 'width 128')
    state_dict, info = convert(checkpoint)
    assert info['vit'] == dict(
        embed_dims=128,
        num_layers=2,
        feedforward_channels=512,
        patch_size=16,
        img_size=64,
    )
    assert not info['dropped']
    with torch.no_grad():
        expected = reference.forward_features(images)  # final norm included
        found = built(dict(VIT, out_type='raw'), state_dict)(images)[0]
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    assert to_timm(state_dict).keys() == weights.keys()
    for key, value in to_timm(state_dict).items():
        assert torch.equal(value, weights[key]), key


def test_positions_of_another_size():
    """Resized as timm does it itself, by the module that loads them."""
    images = torch.randn(1, 3, 96, 96)
    reference = timm_vit(dynamic_img_size=True)
    state_dict, _ = convert(dict(reference.state_dict()))
    larger = built(dict(VIT, img_size=96, out_type='raw'), state_dict)
    assert larger.pos_embed.shape == (1, 37, 128)
    old = reference.pos_embed.data
    grid = old[:, 1:].view(1, 4, 4, 128).permute(0, 3, 1, 2)
    grid = torch.nn.functional.interpolate(
        grid, size=(6, 6), mode='bicubic', align_corners=False
    )
    expected = torch.cat([old[:, :1], grid.flatten(2).mT], dim=1)
    torch.testing.assert_close(larger.pos_embed.data, expected)
    assert larger(images)[0].shape == (1, 37, 128)


def test_parts_around_the_encoder_are_dropped_with_a_reason():
    classifier = dict(timm_vit(num_classes=9).state_dict())
    assert set(convert(classifier)[1]['dropped']) == {'head.weight', 'head.bias'}
    autoencoder = {
        key: value
        for key, value in mrm_file(bare=True).items()
        if not key.startswith('bert_')
    }
    dropped = convert(dict(model=autoencoder))[1]['dropped']
    assert {'mask_token', 'decoder_pos_embed', 'decoder_pred.weight'} <= set(dropped)
    assert all('masked autoencoder' in reason for reason in dropped.values())
    tuned = fine_tuned_vit(3, embed_dim=128, depth=2, num_heads=2, img_size=64)
    _, info = convert(dict(tuned.state_dict()))
    assert 'fc_norm.weight' in info['dropped']


def test_start_weights_of_mae(tmp_path):
    """mae_pretrain_vit_base.pth in small: the encoder alone, under ``model``."""
    weights = dict(timm_vit().state_dict())
    torch.save(dict(model=weights), tmp_path / 'mae.pth')
    init_cfg = dict(type='mmcxr.Pretrained', checkpoint=str(tmp_path / 'mae.pth'))
    config = dict(type='MaskedViT', arch=ARCH, img_size=64, init_cfg=init_cfg)
    backbone = MODELS.build(config)
    backbone.init_weights()
    for key, value in to_timm(backbone.state_dict()).items():
        assert torch.equal(value, weights[key]), key
    other = dict(config, arch=dict(ARCH, num_layers=3))
    with pytest.raises(CheckpointError, match='unset: layers.2'):
        MODELS.build(other).init_weights()


def test_transformers_of_others_are_left_alone():
    weights = dict(timm_vit().state_dict())
    assert recognise({**weights, 'blocks.0.ls1.gamma': torch.ones(128)}) is None
    del weights['patch_embed.proj.weight']
    assert recognise(weights) is None


def test_no_place_in_timm():
    weights = dict(timm_vit().state_dict())
    state_dict, _ = convert(weights)
    state_dict['layers.0.attn.gamma1.weight'] = torch.ones(128)
    with pytest.raises(ConversionError, match='no place for layers.0.attn.gamma1'):
        to_timm(state_dict)
