import re

import pytest
from mmengine.registry import init_default_scope
from torch import nn

from mmcxr.engine.config_file import load_config
from mmcxr.engine.layer_decay import LayerDecayConstructor
from mmcxr.engine.layer_depth import layer_depths
from mmcxr.models.backbones.relative_position_vit import RelativePositionViT
from mmcxr.registry import MODELS

ARCH = dict(embed_dims=8, num_layers=12, num_heads=2, feedforward_channels=16)
UNDECAYED = ('cls_token', 'pos_embed', 'relative_position_bias_table')


class Segmentor(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = RelativePositionViT(ARCH, img_size=16, patch_size=8)
        self.decode_head = nn.Sequential(nn.Conv2d(8, 4, 1), nn.BatchNorm2d(4))


def groups_of(model, **paramwise):
    """Name -> (factor of the learning rate, weight decay)."""
    optimizer = dict(type='AdamW', lr=0.02, weight_decay=0.05)
    build = LayerDecayConstructor(dict(optimizer=optimizer), paramwise)
    groups = build(model).optimizer.param_groups
    names = {parameter: name for name, parameter in model.named_parameters()}
    return groups, {
        names[parameter]: (group['lr'] / 0.02, group['weight_decay'])
        for group in groups
        for parameter in group['params']
    }


def test_groups_by_name():
    model = Segmentor()
    groups, found = groups_of(model, layer_decay_rate=0.65, undecayed=UNDECAYED)
    assert found.keys() == dict(model.named_parameters()).keys()
    for name, (factor, decay) in found.items():
        if name.startswith('backbone.layers.'):
            distance = 12 - int(name.split('.')[2])
        else:
            distance = 13 if name.startswith('backbone.') else 0
        assert factor == pytest.approx(0.65**distance), name
        flat = name.endswith(('bias', *UNDECAYED)) or 'ln' in name or 'gamma' in name
        flat |= name == 'decode_head.1.weight'
        assert decay == (0 if flat else 0.05), name
    assert found['backbone.pos_embed'][0] == pytest.approx(0.0037, abs=2e-5)
    assert found['backbone.layers.11.attn.qkv.weight'] == (pytest.approx(0.65), 0.05)
    # Embeddings, twelve blocks and the rest, with and without decay.
    assert len(groups) == 2 * 14


def test_names_are_decayed_unless_told():
    _, found = groups_of(Segmentor(), layer_decay_rate=0.65)
    for name in ('cls_token', 'pos_embed', 'layers.3.attn.' + UNDECAYED[2]):
        assert found[f'backbone.{name}'][1] == 0.05


def test_frozen_parameters_are_left_out():
    model = Segmentor()
    model.backbone.requires_grad_(False)
    groups, found = groups_of(model, layer_decay_rate=0.5, undecayed=UNDECAYED)
    assert len(groups) == 2 and all(name.startswith('decode') for name in found)


def test_each_group_has_its_rate_through_a_schedule():
    from mmengine.optim import PolyLR

    model = Segmentor()
    optimizer = dict(type='SGD', lr=1.0)
    build = LayerDecayConstructor(dict(optimizer=optimizer), dict(layer_decay_rate=0.5))
    wrapper = build(model)
    schedule = PolyLR(wrapper, power=1.0, begin=0, end=11, by_epoch=False)
    for step in range(1, 6):
        wrapper.step()
        schedule.step()
        rates = [group['lr'] for group in wrapper.param_groups]
        assert max(rates) == pytest.approx(1 - step / 10)
        assert min(rates) == pytest.approx(0.5**13 * (1 - step / 10))


@pytest.mark.parametrize(
    ('paramwise', 'cause'),
    [
        (dict(layer_decay_rate=0.5, norm_decay_mult=0), 'norm_decay_mult'),
        (dict(undecayed=['pos_embed']), 'holds layer_decay_rate and .* got undecayed'),
        (dict(layer_decay_rate=0.5, undecayed=['posembed']), 'ends in posembed'),
    ],
)
def test_bad_settings(paramwise, cause):
    with pytest.raises(ValueError, match=cause):
        groups_of(Segmentor(), **paramwise)


def test_model_without_depth():
    model = nn.Sequential(nn.Linear(2, 3))
    with pytest.raises(TypeError, match='Sequential has none'):
        groups_of(model, layer_decay_rate=0.5)
    model.add_module('backbone', nn.Linear(2, 3))
    with pytest.raises(TypeError, match='layers of Linear.* knows .*lr_mult'):
        groups_of(model, layer_decay_rate=0.5)


VIT = dict(embed_dims=16, num_layers=3, num_heads=2, feedforward_channels=32)
RESNET = dict(base_channels=4, stem_channels=4)
DENSENET = dict(arch=dict(growth_rate=4, depths=[1, 2, 3, 2], init_channels=8))
SWIN = dict(arch=dict(embed_dims=8, depths=[1, 1, 3, 2], num_heads=[1, 1, 2, 2]))
# Encoder -> what makes it small, and patterns of its names with their depths; what
# fits none is as deep as the head.
STEM = (r'(conv1|bn1|stem)\.', lambda _: 0)
RESNET_DEPTHS = [STEM, (r'layer([1-4])\.', lambda m: int(m[1]))]
DENSENET_DEPTHS = [
    STEM,
    (r'stages\.(\d)\.', lambda m: 1 + int(m[1])),
    (r'transitions\.([0-2])\.', lambda m: 1 + int(m[1])),
]
VIT_DEPTHS = [
    (r'(cls_token|pos_embed|patch_embed|pre_norm)', lambda _: 0),
    (r'layers\.(\d+)\.', lambda m: 1 + int(m[1])),
]
SWIN_DEPTHS = [
    (r'patch_embed', lambda _: 0),
    # Blocks of the stages before: 0, 1, 2 and 5.
    (r'stages\.(\d)\.blocks\.(\d)', lambda m: 1 + [0, 1, 2, 5][int(m[1])] + int(m[2])),
    (r'stages\.(\d)\.downsample', lambda m: [1, 2, 5][int(m[1])]),
]
ENCODERS = {
    'cxr-clip_r50': (RESNET, RESNET_DEPTHS, 6),
    'cxr-clip_swin-t': (SWIN, SWIN_DEPTHS, 9),
    'mrm_vit-b16': (dict(arch=VIT), VIT_DEPTHS, 5),
    'convirt_r50': (RESNET, RESNET_DEPTHS, 6),
    'gloria_r50': (RESNET, RESNET_DEPTHS, 6),
    'chexzero_vit-b32': (dict(arch=VIT), VIT_DEPTHS, 5),
    'refers_vit-b16': (dict(arch=VIT), VIT_DEPTHS, 5),
    'medaug_r18': (RESNET, RESNET_DEPTHS, 6),
    'moco-cxr_r18': (RESNET, RESNET_DEPTHS, 6),
    'moco-cxr_d121': (DENSENET, DENSENET_DEPTHS, 6),
    's2mts2_d121': (DENSENET, DENSENET_DEPTHS, 6),
}


def classifier(repo_dir, encoder, small):
    """The film classifier that the configs share, with a small encoder."""
    folder = repo_dir / 'configs/benchmarks/classification/chestx-ray14'
    model = load_config(folder / 'finetune_layer-decay.py', encoder=encoder).model
    model.backbone.update(small, init_cfg=None)
    init_default_scope('mmcxr')
    return MODELS.build(model)


@pytest.mark.parametrize('encoder', ENCODERS)
def test_every_encoder(encoder, repo_dir):
    small, patterns, depths = ENCODERS[encoder]
    model = classifier(repo_dir, encoder, small)
    groups, found = groups_of(model, layer_decay_rate=0.7)
    members = [id(p) for group in groups for p in group['params']]
    assert sorted(members) == sorted(map(id, model.parameters()))  # each once
    met = set()
    for name, (factor, _) in found.items():
        depth = depths - 1
        if name.startswith('backbone.'):
            for pattern, depth_of in patterns:
                if match := re.match(pattern, name.removeprefix('backbone.')):
                    depth = depth_of(match)
        assert factor == pytest.approx(0.7 ** (depths - 1 - depth)), name
        met.add(depth)
    assert met == set(range(depths))


def test_timm_vit():
    import timm  # once mmcxr has mended torchvision

    vit = timm.create_model(
        'test_vit', num_classes=0, img_size=32, patch_size=16, pre_norm=True
    )
    depths, number = layer_depths(vit)
    assert number == len(vit.blocks) + 2
    assert depths.keys() == dict(vit.named_parameters()).keys()
    for name in ('cls_token', 'pos_embed', 'patch_embed.proj.weight', 'norm_pre.bias'):
        assert depths[name] == 0
    assert depths['blocks.2.mlp.fc1.bias'] == 3
    assert depths['norm.weight'] == number - 1


def test_backbone_that_knows_its_depth():
    """mmpretrain's ConvNeXt, whose own rule holds."""
    init_default_scope('mmcxr')
    arch = dict(depths=[1, 1, 3, 1], channels=[4, 8, 8, 8])
    net = MODELS.build(dict(type='mmpretrain.ConvNeXt', arch=arch))
    depths, number = layer_depths(net)
    assert (min(depths.values()), number) == (0, 8)
    assert depths['stages.3.0.norm.weight'] == 6
