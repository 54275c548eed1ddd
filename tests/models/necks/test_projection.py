import math

import pytest
import torch

from mmcxr.registry import MODELS


def build(kind, **options):
    torch.manual_seed(0)
    channels = dict(in_channels=7, out_channels=5)
    return MODELS.build(dict(type=kind, **{**channels, **options}))


def test_linear_is_one_affine_map():
    projection = build('LinearProjection')
    x = torch.randn(3, 7)
    weight, bias = projection.state_dict().values()
    assert list(projection.state_dict()) == ['weight', 'bias']
    torch.testing.assert_close(projection(x), x @ weight.T + bias)


def test_mlp_against_its_formula():
    projection = build('MLPProjection').eval()
    x = torch.randn(3, 7)
    p = projection.projection(x)
    gelu = p * (1 + torch.erf(p / math.sqrt(2))) / 2
    y = p + gelu @ projection.fc.weight.T + projection.fc.bias
    y = (y - y.mean(1, keepdim=True)) / (
        y.var(1, keepdim=True, correction=0) + 1e-5
    ) ** 0.5
    torch.testing.assert_close(projection(x), y)


def test_mlp_dropout_acts_on_the_branch_alone():
    projection = build('MLPProjection', dropout=1.0).train()
    x = torch.randn(3, 7)
    expected = projection.layer_norm(projection.projection(x))
    torch.testing.assert_close(projection(x), expected)


def test_no_projection_needs_equal_widths():
    x = torch.randn(3, 5)
    assert build('NoProjection', in_channels=5)(x) is x
    with pytest.raises(ValueError, match='7 channels'):
        build('NoProjection')
