"""A frozen encoder is the same after a step, statistics included."""

import pytest
import torch

from mmcxr.registry import MODELS

RESNET = dict(type='mmpretrain.ResNet', depth=18, out_indices=(0, 1, 2, 3))
SWIN = dict(
    type='mmpretrain.SwinTransformer',
    arch=dict(embed_dims=12, depths=[2, 2], num_heads=[2, 2]),
    img_size=64,
    window_size=4,
    out_indices=(0, 1),
    drop_path_rate=0.5,
)
VIT = dict(
    type='mmpretrain.VisionTransformer',
    arch=dict(embed_dims=24, num_layers=3, num_heads=2, feedforward_channels=40),
    img_size=64,
    patch_size=16,
    out_indices=[1, 2],
    out_type='featmap',
    drop_rate=0.3,
    drop_path_rate=0.5,
)
IMAGES = torch.randn(4, 3, 64, 64, generator=torch.Generator().manual_seed(0))


@pytest.fixture(params=[RESNET, SWIN, VIT], ids=['resnet', 'swin', 'vit'])
def encoder(request):
    torch.manual_seed(0)
    return MODELS.build(dict(type='FrozenEncoder', encoder=request.param))


def test_no_gradient_from_the_start(encoder):
    assert not any(p.requires_grad for p in encoder.parameters())


def test_a_step_changes_nothing(encoder):
    model = torch.nn.ModuleList([encoder, torch.nn.LazyConv2d(2, 1)])
    before = {k: v.clone() for k, v in encoder.state_dict().items()}
    model.train()
    loss = model[1](encoder(IMAGES)[-1]).square().mean()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1.0, weight_decay=0.1)
    loss.backward()
    optimizer.step()
    assert model[1].weight.grad.abs().sum() > 0
    for name, value in encoder.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_training_mode_draws_nothing(encoder):
    encoder.train()
    first, second = encoder(IMAGES), encoder(IMAGES)
    encoder.eval()
    for a, b, c in zip(first, second, encoder(IMAGES), strict=True):
        assert torch.equal(a, b) and torch.equal(a, c)
        assert not a.requires_grad
