import pytest
import torch

from mmcxr.models.necks.pooling import check_pooling, feature_grid, pool_features
from mmcxr.registry import MODELS

GRID = torch.randn(3, 5, 4, 7)


def test_average_against_a_loop():
    expected = torch.stack(
        [torch.stack([channel.mean() for channel in film]) for film in GRID]
    )
    torch.testing.assert_close(pool_features((GRID,), 'avg'), expected)


def test_token0_is_the_top_left_cell():
    assert torch.equal(pool_features((GRID,), 'token0'), GRID[:, :, 0, 0])


def test_last_stage_is_used():
    early = torch.randn(3, 2, 8, 14)
    assert torch.equal(pool_features((early, GRID), 'avg'), pool_features(GRID, 'avg'))
    assert feature_grid((early, GRID)) is GRID


def test_vectors_and_sequences():
    vector, sequence = torch.randn(3, 5), torch.randn(3, 7, 5)
    assert pool_features(vector, 'avg') is vector
    assert torch.equal(pool_features((sequence,), 'token0'), sequence[:, 0])
    with pytest.raises(ValueError, match='out_type'):
        pool_features((sequence,), 'avg')
    with pytest.raises(ValueError, match='featmap'):
        feature_grid((vector,))


@pytest.mark.parametrize('out_type', ['cls_token', 'featmap', 'avg_featmap', 'raw'])
def test_vision_transformers(out_type):
    backbone = MODELS.build(
        dict(
            type='mmpretrain.VisionTransformer',
            arch=dict(embed_dims=24, num_layers=1, num_heads=2, feedforward_channels=8),
            img_size=32,
            patch_size=16,
            out_type=out_type,
        )
    )
    outputs = backbone(torch.randn(3, 3, 32, 32))
    pooling = 'token0' if out_type == 'raw' else 'avg'
    assert pool_features(outputs, pooling).shape == (3, 24)


def test_unknown_pooling():
    assert check_pooling('avg') == 'avg'
    with pytest.raises(ValueError, match='cls'):
        check_pooling('cls')
