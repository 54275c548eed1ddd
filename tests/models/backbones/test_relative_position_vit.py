import pytest
import torch
from mmengine.registry import init_default_scope

from mmcxr.engine.checkpoint import CheckpointError
from mmcxr.models.backbones.relative_position_vit import (
    RelativePositionAttention,
    RelativePositionViT,
)
from mmcxr.registry import MODELS

ARCH = dict(embed_dims=24, num_layers=3, num_heads=4, feedforward_channels=40)
WINDOW = (3, 5)


def tiny(**options):
    torch.manual_seed(0)
    options = dict(arch=ARCH, img_size=(48, 80), out_indices=(0, 2)) | options
    return RelativePositionViT(**options)


def plain(img_size=(48, 80)):
    torch.manual_seed(1)
    model = MODELS.build(
        dict(
            type='mmpretrain.VisionTransformer',
            arch=ARCH,
            img_size=img_size,
            patch_size=16,
            out_type='featmap',
            out_indices=(0, 2),
            final_norm=False,
            norm_cfg=dict(type='LN', eps=1e-6),
        )
    )
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    model.eval()  # returns nothing
    return model


def attention(**options):
    torch.manual_seed(2)
    module = RelativePositionAttention(WINDOW, 24, 4, **options)
    torch.nn.init.normal_(module.relative_position_bias_table)
    return module


def test_bias_equals_a_loop_over_pairs_of_tokens():
    module = attention()
    table, bias = module.relative_position_bias_table, module.bias()
    height, width = WINDOW
    assert table.shape == (5 * 9 + 3, 4) and bias.shape == (4, 16, 16)
    places = [None, *((i, j) for i in range(height) for j in range(width))]
    for query, here in enumerate(places):
        for key, there in enumerate(places):
            if here is None or there is None:
                row = {(True, False): -3, (False, True): -2, (True, True): -1}[
                    here is None, there is None
                ]
            else:
                down, right = here[0] - there[0], here[1] - there[1]
                row = (down + height - 1) * (2 * width - 1) + right + width - 1
            assert torch.equal(bias[:, query, key], table[row])


def test_attention_equals_that_of_beit():
    """mmpretrain's, which materialises weights and looks biases up by an index."""
    from mmpretrain.models.utils import BEiTAttention

    ours, theirs = attention(), BEiTAttention(24, 4, WINDOW, True, bias=True)
    index = theirs.relative_position_index
    assert theirs.load_state_dict(ours.state_dict(), strict=False).missing_keys == [
        'relative_position_index'
    ]
    assert index.shape == (16, 16)
    x = torch.randn(2, 16, 24)
    torch.testing.assert_close(ours(x), theirs(x), rtol=1e-5, atol=1e-5)
    weight = torch.randn(2, 16, 24)
    for module in (ours, theirs):
        (module(x) * weight).sum().backward()
    for (name, found), (_, expected) in zip(
        sorted(ours.named_parameters()), sorted(theirs.named_parameters()), strict=True
    ):
        torch.testing.assert_close(
            found.grad, expected.grad, rtol=1e-4, atol=1e-5, msg=name
        )


def test_untrained_positions_change_nothing():
    """With tables of 0 and scales of 1 it is mmpretrain's ViT, map by map."""
    reference, model = plain(), tiny()
    model.eval()
    missing, unexpected = model.load_state_dict(reference.state_dict(), strict=False)
    assert not unexpected and len(missing) == 3 * 3
    images = torch.randn(2, 3, 48, 80)
    maps, expected = model(images), reference(images)
    assert [tuple(m.shape) for m in maps] == [(2, 24, 3, 5)] * 2
    for found, wanted in zip(maps, expected, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)


def test_every_parameter_learns():
    model = tiny(drop_path_rate=0.0)
    sum(
        feature.square().sum() for feature in model(torch.randn(2, 3, 48, 80))
    ).backward()
    without = [
        n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()
    ]
    assert not without
    scales = [p for n, p in model.named_parameters() if 'gamma' in n]
    assert len(scales) == 6 and all((scale == 1).all() for scale in scales)
    tables = [p for n, p in model.named_parameters() if 'bias_table' in n]
    assert len(tables) == 3 and not any(table.any() for table in tables)


def test_paths_are_dropped_by_depth():
    model = tiny(drop_path_rate=0.2)
    rates = [
        (layer.attn.out_drop.drop_prob, layer.ffn.dropout_layer.drop_prob)
        for layer in model.layers
    ]
    assert rates == [pytest.approx((rate, rate)) for rate in (0, 0.1, 0.2)]


def test_base_has_the_published_size():
    with torch.device('meta'):
        model = RelativePositionViT(img_size=512)
    # mrm.md section 8: 87.0 million, of which 12 tables of (2 * 32 - 1)^2 + 3 rows.
    count = sum(parameter.numel() for parameter in model.parameters())
    assert round(count / 1e6, 1) == 87.0
    assert model.layers[3].attn.relative_position_bias_table.shape == (3972, 12)


def test_other_sizes_are_refused():
    with pytest.raises(ValueError, match='of 3 x 5 patches and a class token, but 13'):
        tiny()(torch.randn(1, 3, 48, 64))


def test_starts_from_a_plain_vit_of_another_size(tmp_path):
    init_default_scope('mmcxr')
    reference = plain(img_size=32)
    path = tmp_path / 'vit.pth'
    torch.save(dict(state_dict=reference.state_dict()), path)
    start = dict(type='Pretrained', checkpoint=str(path))
    new = [
        f'layers.*.{name}' for name in ('attn.relative*', 'attn.gamma1*', 'ffn.gamma2*')
    ]
    model = MODELS.build(
        dict(
            type='RelativePositionViT',
            arch=ARCH,
            img_size=(48, 80),
            out_indices=(0, 2),
            init_cfg=dict(start, allow_missing=new),
        )
    )
    model.init_weights()
    torch.testing.assert_close(
        model.layers[1].attn.qkv.weight, reference.layers[1].attn.qkv.weight
    )
    patches = reference.pos_embed[0, 1:].T.view(1, 24, 2, 2)
    resized = torch.nn.functional.interpolate(patches, (3, 5), mode='bicubic')
    torch.testing.assert_close(model.pos_embed[0, 1:], resized[0].flatten(1).T)
    torch.testing.assert_close(model.pos_embed[0, 0], reference.pos_embed[0, 0])
    assert (model.layers[0].attn.gamma1.weight == 1).all()
    with pytest.raises(CheckpointError, match='9 of .* entries of the model unset'):
        tiny(init_cfg=start).init_weights()
