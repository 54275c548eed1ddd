"""``init_cfg=dict(type='Pretrained', ...)`` fills its module or stops."""

import pytest
import torch
from mmengine.registry import DefaultScope
from published.published_files import (
    bert_weights,
    cxr_clip_file,
    prefixed,
    resnet_weights,
    swin_weights,
)
from torch import nn

from mmcxr.engine.checkpoint import CheckpointError
from mmcxr.published import convert, cxr_clip
from mmcxr.registry import MODELS, WEIGHT_INITIALIZERS

RESNET = dict(type='mmpretrain.ResNet', depth=50)
SWIN = dict(type='mmpretrain.SwinTransformer', arch='tiny')
BERT = dict(
    type='BertEncoder',
    config=cxr_clip.convert(cxr_clip_file())[1]['text_encoder'],
)


@pytest.fixture(autouse=True)
def scope():
    with DefaultScope.overwrite_default_scope('mmcxr'):
        yield


@pytest.fixture
def save(tmp_path):
    def write(content, name='x.pth'):
        torch.save(content, tmp_path / name)
        return str(tmp_path / name)

    return write


def initialised(config, **init_cfg):
    model = MODELS.build(
        dict(config, init_cfg=dict(dict(type='Pretrained'), **init_cfg))
    )
    model.init_weights()
    return model


def equal(model, expected):
    found = model.state_dict()
    return all(torch.equal(found[key], value) for key, value in expected.items())


FORMS = [
    lambda path: dict(type='Pretrained', checkpoint=path),
    lambda path: [dict(type='Pretrained', checkpoint=path)],
    lambda path: dict(type='mmcxr.Pretrained', checkpoint=path),
    lambda path: [
        dict(type='Constant', layer='Conv2d', val=1.0),
        dict(type='mmcxr.Pretrained', checkpoint=path),
    ],
]


@pytest.mark.parametrize('form', FORMS)
@pytest.mark.parametrize('config', [RESNET, SWIN])
@pytest.mark.parametrize('outer', ['mmcxr', 'mmseg'])
def test_later_initialisation_undoes_nothing(save, config, form, outer):
    """mmpretrain zeroes last norms and redraws tables unless it is told not to."""
    weights = resnet_weights(True) if config is RESNET else swin_weights(4)
    init_cfg = form(save(weights))
    plain = (init_cfg if isinstance(init_cfg, dict) else init_cfg[-1])['type']
    if outer == 'mmseg' and plain == 'Pretrained':
        pytest.skip('the bare name is of the outer scope there')
    with DefaultScope.overwrite_default_scope(outer):
        model = MODELS.build(dict(config, init_cfg=init_cfg))
        model.init_weights()
    assert equal(model, convert(weights)[0])


@pytest.mark.parametrize(
    'config, prefix',
    [(RESNET, 'image_backbone.'), (BERT, 'text_backbone'), (SWIN, 'image_backbone.')],
)
def test_parts_of_a_published_file(save, config, prefix):
    checkpoint = cxr_clip_file('swint' if config is SWIN else 'r50')
    model = initialised(config, checkpoint=save(checkpoint, 'm.tar'), prefix=prefix)
    state_dict, _ = cxr_clip.convert(checkpoint)
    start = prefix.rstrip('.') + '.'
    part = {k.removeprefix(start): v for k, v in state_dict.items() if start in k}
    assert part and equal(model, part)


def test_bert_folder_of_the_hub(tmp_path, save):
    save(prefixed('bert.', bert_weights()), 'pytorch_model.bin')
    model = initialised(BERT, checkpoint=str(tmp_path))
    assert equal(model, convert(bert_weights())[0])


def test_part_inside_a_model_is_initialised(save):
    """As training starts: each encoder from a file of its own."""
    files = save(resnet_weights(True), 'r.pth'), save(bert_weights(), 'b.pth')
    images, texts = (dict(type='Pretrained', checkpoint=path) for path in files)
    model = MODELS.build(
        dict(
            type='CXRCLIP',
            image_backbone=dict(RESNET, init_cfg=images),
            text_backbone=dict(BERT, init_cfg=texts),
            image_channels=2048,
            text_channels=64,
            embed_dims=16,
        )
    )
    model.init_weights()
    assert equal(model.image_backbone, convert(resnet_weights())[0])
    assert equal(model.text_backbone, convert(bert_weights())[0])


def test_wrong_files_are_refused(save):
    other = save(swin_weights(4))
    with pytest.raises(CheckpointError, match='does not fit ResNet.*Swin'):
        initialised(RESNET, checkpoint=other)
    part = save(dict(state_dict=prefixed('backbone.', resnet_weights()), meta={}))
    with pytest.raises(CheckpointError, match="give prefix='backbone.'"):
        initialised(RESNET, checkpoint=part)
    with pytest.raises(
        CheckpointError, match=r"nothing under 'back.', but .*'backbone.'"
    ):
        initialised(RESNET, checkpoint=part, prefix='back')
    initialised(RESNET, checkpoint=part, prefix='backbone')


def test_allowances(save):
    weights = resnet_weights()
    del weights['bn1.weight']
    weights['neck.weight'] = torch.ones(1)
    path = save(weights)
    with pytest.raises(CheckpointError, match='bn1.weight.*neck.weight'):
        initialised(RESNET, checkpoint=path)
    allowed = dict(allow_missing=['bn1.*'], allow_unexpected=['neck.*'])
    model = initialised(RESNET, checkpoint=path, **allowed)
    assert torch.equal(model.conv1.weight, weights['conv1.weight'])


def test_plain_torch_modules_too(save):
    source = nn.Linear(2, 3)
    build = dict(type='Pretrained', checkpoint=save(source.state_dict()))
    target = nn.Linear(2, 3)
    WEIGHT_INITIALIZERS.build(build)(target)
    assert equal(target, source.state_dict())
