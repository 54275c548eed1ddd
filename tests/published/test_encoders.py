"""Encoders of other libraries compute the same after conversion."""

import re

import pytest
import torch
from momentum_files import encoder
from published_files import (
    BERT,
    bert_model,
    bert_weights,
    prefixed,
    resnet_model,
    resnet_weights,
    swin_model,
    swin_weights,
)

from mmcxr.engine.checkpoint import load_strict
from mmcxr.published import ConversionError, convert, recognise
from mmcxr.published.encoders import hf_bert
from mmcxr.registry import MODELS

SWIN = 'Hugging Face Swin Transformer'


def image_classifier(weights: dict) -> dict:
    """The hub's microsoft/swin-tiny-patch4-window7-224."""
    head = {'classifier.weight': torch.zeros(9, 768), 'classifier.bias': torch.zeros(9)}
    return prefixed('swin.', weights) | head


@pytest.mark.parametrize('generation', [4, 5])
@pytest.mark.parametrize('wrap', [dict, image_classifier])
def test_swin(generation, wrap):
    weights = wrap(swin_weights(generation))
    assert recognise(weights) == (SWIN, 'tiny')
    state_dict, info = convert(weights)
    assert len(info['dropped']) == 12 * (generation == 4) + 2 * (wrap is not dict)
    backbone = MODELS.build(dict(type='mmpretrain.SwinTransformer', arch='tiny'))
    load_strict(backbone, state_dict)
    backbone.eval()
    images = torch.randn(2, 3, 224, 224)
    with torch.no_grad():
        expected = swin_model()(images).last_hidden_state
        (grid,) = backbone(images)
    found = grid.flatten(2).transpose(1, 2)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
    torch.testing.assert_close(grid[:, :, 0, 0], expected[:, 0], rtol=0, atol=1e-5)


def test_swin_of_another_library_is_left_alone():
    weights = swin_weights(4)
    assert recognise({**weights, 'odd': torch.zeros(1)}) is None
    weights.pop('encoder.layers.0.blocks.0.attention.self.key.bias')
    assert recognise(weights) is None


@pytest.mark.parametrize('classifier', [False, True])
def test_resnet(classifier):
    weights = resnet_weights(classifier)
    assert recognise(weights) == ('torchvision ResNet', 'r50')
    state_dict, info = convert({'state_dict': prefixed('module.', weights)})
    assert len(info['dropped']) == 2 * classifier
    backbone = MODELS.build(dict(type='mmpretrain.ResNet', depth=50))
    load_strict(backbone, state_dict)
    backbone.eval()
    images = torch.randn(2, 3, 64, 64)
    reference = resnet_model()
    with torch.no_grad():
        expected = images
        stages = ('layer1', 'layer2', 'layer3', 'layer4')
        for name in ('conv1', 'bn1', 'relu', 'maxpool', *stages):
            expected = getattr(reference, name)(expected)
        torch.testing.assert_close(backbone(images)[0], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize('old', [False, True])
@pytest.mark.parametrize('classifier', [False, True])
def test_densenet(old, classifier):
    weights = dict(encoder('densenet121').state_dict())
    if old:  # before torchvision 0.3
        weights = {
            re.sub(r'(norm|conv)([12])\.', r'\1.\2.', k): v for k, v in weights.items()
        }
    if classifier:
        weights |= {
            'classifier.weight': torch.ones(3, 1024),
            'classifier.bias': torch.ones(3),
        }
    assert recognise(weights) == ('torchvision DenseNet', 'd121')
    state_dict, info = convert(weights)
    assert len(info['dropped']) == 2 * classifier
    backbone = MODELS.build(dict(type='mmpretrain.DenseNet', arch='121'))
    load_strict(backbone, state_dict)
    backbone.eval()
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        found = backbone(images)[0].mean(dim=(2, 3))
        torch.testing.assert_close(found, encoder('densenet121')(images))


def test_densenet_of_others_is_left_alone():
    weights = dict(encoder('densenet121').state_dict())
    assert recognise({**weights, 'features.odd.weight': torch.ones(1)}) is None


def test_resnet_variants_of_others_are_left_alone():
    squeezed = {'layer1.0.se_layer.conv1.weight': torch.zeros(1), **resnet_weights()}
    assert recognise(squeezed) is None


def old_names(weights: dict) -> dict:
    """Layer normalisation as in files converted from TensorFlow."""
    names = {'LayerNorm.weight': 'LayerNorm.gamma', 'LayerNorm.bias': 'LayerNorm.beta'}
    renamed = {}
    for key, value in weights.items():
        for new, old in names.items():
            key = key.replace(new, old)
        renamed[key] = value
    return renamed


def pre_training(weights: dict) -> dict:
    """The hub's emilyalsentzer/Bio_ClinicalBERT, with the heads it was trained by."""
    heads = {
        'cls.predictions.bias': torch.zeros(31),
        'cls.predictions.transform.dense.weight': torch.zeros(64, 64),
        'cls.seq_relationship.bias': torch.zeros(2),
    }
    return prefixed('bert.', old_names(weights)) | heads


@pytest.mark.parametrize('wrap', [dict, old_names, pre_training])
def test_bert(wrap):
    weights = wrap(bert_weights())
    assert recognise(weights) == ('Hugging Face BERT', 'bert')
    state_dict, info = convert(weights)
    assert {k: info['config'][k] for k in BERT} == BERT
    encoder = MODELS.build(dict(type='mmcxr.BertEncoder', config=info['config']))
    load_strict(encoder, state_dict)
    encoder.eval()
    ids, mask = torch.randint(0, 31, (2, 7)), torch.ones(2, 7, dtype=torch.int64)
    mask[1, 4:] = 0
    with torch.no_grad():
        expected = bert_model()(ids, mask).last_hidden_state
        found = encoder.encode_tokens(ids, mask)
    torch.testing.assert_close(found[mask == 1], expected[mask == 1])


def test_bert_with_cross_attention_is_left_alone():
    extra = 'encoder.layer.0.crossattention.self.query.weight'
    assert recognise({extra: torch.zeros(1), **bert_weights()}) is None


def test_bert_without_a_table_is_an_error():
    weights = bert_weights()
    weights.pop('embeddings.token_type_embeddings.weight')
    with pytest.raises(ConversionError, match='lacks .*token_type_embeddings'):
        hf_bert.convert(weights)
