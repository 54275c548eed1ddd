"""The masked encoder against mmpretrain's, and against loops over patches."""

import pytest
import torch
from torch import nn

from mmcxr.engine.checkpoint import load_strict
from mmcxr.models.positions import sincos_table
from mmcxr.registry import MODELS

ARCH = dict(embed_dims=24, num_layers=2, num_heads=2, feedforward_channels=40)
CONFIG = dict(arch=ARCH, img_size=(48, 80))


@pytest.fixture
def vit():
    torch.manual_seed(0)
    backbone = MODELS.build(dict(type='MaskedViT', **CONFIG))
    backbone.init_weights()
    for parameter in backbone.parameters():
        parameter.data.add_(0.05 * torch.randn_like(parameter))
    backbone.eval()
    return backbone


def plain(vit, **options):
    """mmpretrain's own with the same weights."""
    config = dict(CONFIG, type='mmpretrain.VisionTransformer', **options)
    backbone = MODELS.build(config)
    load_strict(backbone, vit.state_dict(), allow_unexpected=['ln1.*'])
    backbone.eval()
    return backbone


def test_map_is_mmpretrains_without_final_norm(vit):
    images = torch.randn(2, 3, 48, 80)
    reference = plain(vit, out_type='featmap', final_norm=False)
    (found,), (expected,) = vit(images), reference(images)
    assert found.shape == (2, 24, 3, 5)
    torch.testing.assert_close(found, expected)


def test_map_of_another_size(vit):
    images = torch.randn(2, 3, 64, 64)
    reference = plain(vit, out_type='featmap', final_norm=False)
    torch.testing.assert_close(vit(images)[0], reference(images)[0])


def test_all_visible_in_any_order_is_the_whole_film(vit):
    images = torch.randn(2, 3, 48, 80)
    expected = plain(vit, out_type='raw')(images)[0]  # final norm included
    visible = torch.stack([torch.randperm(15) for _ in range(2)])
    found = vit.encode_visible(images, visible)
    assert found.shape == (2, 16, 24)
    torch.testing.assert_close(found[:, 0], expected[:, 0])
    for film in range(2):
        patches = expected[film, 1:][visible[film]]
        torch.testing.assert_close(found[film, 1:], patches)


def test_masked_patches_are_not_seen(vit):
    images = torch.randn(2, 3, 48, 80)
    visible = torch.tensor([[0, 7, 11], [14, 2, 9]])
    found = vit.encode_visible(images, visible)
    changed = torch.randn_like(images)
    for film, numbers in enumerate(visible.tolist()):
        for number in numbers:
            top, left = 16 * (number // 5), 16 * (number % 5)
            window = (film, slice(None), slice(top, top + 16), slice(left, left + 16))
            changed[window] = images[window]
    assert torch.equal(vit.encode_visible(changed, visible), found)
    changed[1, :, 0, 16 * 2] += 1  # patch 2 of the second film
    again = vit.encode_visible(changed, visible)
    assert torch.equal(again[0], found[0]) and not torch.equal(again[1], found[1])


def test_other_size_cannot_be_masked(vit):
    with pytest.raises(ValueError, match=r'\(64, 64\) px came, but img_size is'):
        vit.encode_visible(torch.randn(1, 3, 64, 64), torch.tensor([[0]]))


@pytest.mark.parametrize('kind', ['mae', 'mrm'])
def test_start(kind):
    torch.manual_seed(0)
    backbone = MODELS.build(dict(type='MaskedViT', pos_table=kind, **CONFIG))
    table = sincos_table((3, 5), 24, kind)
    assert torch.equal(backbone.pos_embed, table)
    backbone.init_weights()
    assert torch.equal(backbone.pos_embed, table)
    assert not backbone.pos_embed.requires_grad
    assert 0.01 < backbone.cls_token.std() < 0.03
    for module in backbone.modules():
        if isinstance(module, nn.Linear):
            bound = (6 / (module.in_features + module.out_features)) ** 0.5
            assert 0.9 * bound < module.weight.abs().max() <= bound
            assert not module.bias.any()
        if isinstance(module, nn.LayerNorm):
            assert torch.equal(module.weight, torch.ones(24)) and module.eps == 1e-6
    kernel = backbone.patch_embed.projection.weight  # as a 24 x 768 matrix
    bound = (6 / (24 + 768)) ** 0.5
    assert 0.9 * bound < kernel.abs().max() <= bound


def test_start_from_a_file(vit, tmp_path):
    """Nothing is drawn over what was read, positions included."""
    torch.save(vit.state_dict(), tmp_path / 'x.pth')
    init_cfg = dict(type='mmcxr.Pretrained', checkpoint=str(tmp_path / 'x.pth'))
    backbone = MODELS.build(dict(type='MaskedViT', init_cfg=init_cfg, **CONFIG))
    backbone.init_weights()
    for key, value in vit.state_dict().items():
        assert torch.equal(backbone.state_dict()[key], value), key
