"""U-Net's decoder: sizes, arithmetic against torch alone, gradients, bad input."""

import pytest
import torch
from torch.nn import functional as F

from mmcxr.registry import MODELS

WIDTHS = (7, 11, 13)  # fine to coarse
SIZES = ((25, 19), (13, 10), (7, 5))  # of an odd film, 97 x 73


def maps(batch: int = 2, seed: int = 0) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [
        torch.randn(batch, width, *size, generator=generator)
        for width, size in zip(WIDTHS, SIZES, strict=True)
    ]


def build(channels=(6, 5, 4, 3), **options):
    torch.manual_seed(0)
    neck = MODELS.build(
        dict(type='UNetNeck', in_channels=WIDTHS, channels=channels, **options)
    )
    neck.init_weights()
    return neck


def test_sizes_are_those_of_the_skips_then_doubled():
    outs = build()(maps())
    assert [tuple(out.shape[1:]) for out in outs] == [
        (13, 7, 5),
        (6, 13, 10),
        (5, 25, 19),
        (4, 50, 38),
        (3, 100, 76),
    ]


def test_against_torch_alone():
    neck, inputs = build((6, 5, 4)).eval(), maps()
    for module in neck.modules():  # statistics as after some training
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-1, 1)
            module.running_var.uniform_(0.5, 2)
    weights = neck.state_dict()

    def step(x, number):
        for layer in ('0', '1'):
            name = f'steps.{number}.{layer}.'
            x = F.conv2d(x, weights[f'{name}conv.weight'], padding=1)
            mean, var = (
                weights[f'{name}bn.running_{what}'].view(-1, 1, 1)
                for what in ('mean', 'var')
            )
            x = F.relu((x - mean) / (var + 1e-5).sqrt())  # weight 1, bias 0
        return x

    def larger(x, size):
        return F.interpolate(x, size, mode='bilinear', align_corners=False)

    fine, middle, coarse = inputs
    x = step(torch.cat([larger(coarse, (13, 10)), middle], 1), 0)
    x = step(torch.cat([larger(x, (25, 19)), fine], 1), 1)
    x = step(larger(x, (50, 38)), 2)
    torch.testing.assert_close(neck(inputs)[-1], x, rtol=1e-4, atol=1e-5)


def test_gradient_reaches_every_parameter_and_every_map():
    neck, inputs = build(), [x.requires_grad_() for x in maps()]
    generator = torch.Generator().manual_seed(1)
    last = neck(inputs)[-1]
    (last * torch.randn(last.shape, generator=generator)).sum().backward()
    for name, parameter in neck.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name
    for x in inputs:
        assert x.grad.abs().sum() > 0


def test_norm_and_activation_are_those_asked_for():
    neck = build(norm_cfg=dict(type='GN', num_groups=1), act_cfg=dict(type='GELU'))
    kinds = {type(module).__name__ for module in neck.modules()}
    assert {'GroupNorm', 'GELU'} <= kinds and not {'BatchNorm2d', 'ReLU'} & kinds


def test_a_map_without_a_step_is_refused():
    with pytest.raises(ValueError, match=r'steps of \(6,\)'):
        build((6,))
    with pytest.raises(ValueError, match='two maps or more'):
        MODELS.build(dict(type='UNetNeck', in_channels=(7,), channels=(6, 5)))


def test_another_number_of_maps_is_refused():
    with pytest.raises(ValueError, match='built for 3 maps, the encoder gives 2'):
        build()(maps()[:2])


def test_an_encoder_that_gives_its_stem_has_a_skip_more():
    encoder = MODELS.build(
        dict(
            type='mmpretrain.TIMMBackbone',
            model_name='test_resnet',
            features_only=True,
        )
    )
    widths = encoder.timm_model.feature_info.channels()
    assert encoder.timm_model.feature_info.reduction() == [2, 4, 8, 16, 32]
    torch.manual_seed(0)
    config = dict(type='UNetNeck', in_channels=widths, channels=(8, 8, 8, 8, 4))
    neck = MODELS.build(config)
    stages = encoder(torch.randn(1, 3, 64, 96))
    assert neck(stages)[-1].shape == (1, 4, 64, 96)
    assert neck.steps[3][0].conv.in_channels == 8 + widths[0]
