"""Into a model goes everything, or nothing is said to have been loaded."""

import pytest
import torch
from mmengine.model import MMDistributedDataParallel
from published.published_files import cxr_clip_file, prefixed, resnet_weights
from torch import nn

from mmcxr.engine.checkpoint import (
    CheckpointError,
    convert_published,
    load_strict,
    open_checkpoint,
    probable_cause,
)
from mmcxr.published import cxr_clip
from mmcxr.registry import MODELS


class Indexed(nn.Module):
    """A parameter, statistics, and buffers of integers that are computed."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(2, 3)
        self.norm = nn.BatchNorm1d(3)
        self.register_buffer('index', torch.arange(3))


class Whole(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = Indexed()
        self.head = nn.Linear(3, 2)


@pytest.fixture
def weights():
    torch.manual_seed(3)
    state_dict = Indexed().state_dict()
    return {
        k: torch.randn_like(v) if v.is_floating_point() else v
        for k, v in state_dict.items()
    }


@pytest.mark.parametrize('wrap', [dict, lambda w: dict(state_dict=w, meta={}, epoch=1)])
def test_complete_weights_are_loaded(weights, wrap):
    model = Indexed()
    load_strict(model, wrap(weights))
    assert all(torch.equal(v, weights[k]) for k, v in model.state_dict().items())


def test_parallel_prefix(weights):
    model = Indexed()
    load_strict(model, prefixed('module.', weights))
    assert torch.equal(model.linear.weight, weights['linear.weight'])


def test_wrapped_model(weights, monkeypatch):
    model = nn.Module.__new__(MMDistributedDataParallel)
    nn.Module.__init__(model)
    model.module = Indexed()
    load_strict(model, weights)
    assert torch.equal(model.module.norm.running_var, weights['norm.running_var'])


def test_integer_buffers_may_be_computed(weights):
    del weights['index'], weights['norm.num_batches_tracked']
    model = Indexed()
    load_strict(model, weights)
    assert model.index.tolist() == [0, 1, 2]


@pytest.mark.parametrize('key', ['linear.bias', 'norm.running_mean'])
def test_unset_entry_is_refused(weights, key):
    del weights[key]
    with pytest.raises(CheckpointError, match=f'f.pth does not fit Indexed.*: {key}'):
        load_strict(Indexed(), weights, name='f.pth')
    load_strict(Indexed(), weights, allow_missing=[key[:4] + '*'])


def test_alien_entry_is_refused(weights):
    weights['extra.weight'] = torch.ones(1)
    with pytest.raises(CheckpointError, match='no place for 1 .*: extra.weight'):
        load_strict(Indexed(), weights)
    load_strict(Indexed(), weights, allow_unexpected=['extra.*'])


def test_shapes_of_file_and_model_are_told(weights):
    weights['linear.weight'] = torch.ones(3, 5)
    text = r'linear.weight \(\[3, 5\] in the file, \[3, 2\] here\)'
    with pytest.raises(CheckpointError, match=text):
        load_strict(Indexed(), weights)


@pytest.mark.parametrize('content', [{}, {'meta': {}}, {'state_dict': {}}])
def test_no_weights_at_all(content):
    with pytest.raises(CheckpointError, match='holds no state dict'):
        load_strict(Indexed(), content)


def test_part_of_a_larger_model_is_told(weights):
    whole = prefixed('backbone.', weights) | {'head.weight': torch.ones(1)}
    with pytest.raises(CheckpointError, match="give prefix='backbone.'"):
        load_strict(Indexed(), whole)


def test_weights_of_a_part_are_told(weights):
    with pytest.raises(CheckpointError, match="fits the model's backbone: initialise"):
        load_strict(Whole(), weights)


def test_another_system_is_told():
    other = {'decoder_blocks.0.a': torch.ones(1), 'mask_token': torch.ones(1)}
    other['bert_encoder.a'] = torch.ones(1)
    with pytest.raises(CheckpointError, match='probably mrm'):
        load_strict(Indexed(), other)


def test_other_image_encoder_is_told():
    """Half of the keys, those of the text encoder, are common to both."""
    content = cxr_clip_file('r50')
    places = dict.fromkeys(cxr_clip.convert(cxr_clip_file('swint'))[0])
    cause = probable_cause(places, cxr_clip.convert(content)[0])
    assert cause == ' By its keys it is probably a CXRCLIP model with a ResNet.'


def test_published_file_is_adopted(tmp_path):
    torch.save(cxr_clip_file(), tmp_path / 'r50_m.tar')
    found = open_checkpoint(tmp_path / 'r50_m.tar')
    assert found['meta']['variant'] == 'r50_m'
    assert 'image_backbone.conv1.weight' in found['state_dict']


@pytest.mark.parametrize(
    'content', [cxr_clip_file(), dict(state_dict=resnet_weights(), meta={}), {}]
)
def test_weights_alone_cannot_be_resumed(content):
    content = content or {'a.b': torch.ones(1)}
    with pytest.raises(CheckpointError, match='weights alone.*without --resume'):
        convert_published(content)['meta']['epoch']


def test_our_checkpoints_stay_as_they_are(weights):
    checkpoint = dict(state_dict=resnet_weights(), meta=dict(epoch=3), optimizer={})
    assert convert_published(checkpoint) is checkpoint
    assert convert_published(weights)['state_dict'] is weights
    assert convert_published('text') == 'text'


def test_strict_load_converts_what_is_published():
    backbone = MODELS.build(dict(type='mmpretrain.ResNet', depth=50))
    load_strict(backbone, resnet_weights(classifier=True))
    with pytest.raises(CheckpointError, match='unset: layer3.10'):
        resnet101 = MODELS.build(dict(type='mmpretrain.ResNet', depth=101))
        load_strict(resnet101, resnet_weights())
