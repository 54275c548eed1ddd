import pytest
from torch import nn

from mmcxr.engine.layer_decay import LayerDecayConstructor
from mmcxr.models.backbones.relative_position_vit import RelativePositionViT

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
