"""Exported encoders compute the same in the library they are exported to."""

import pytest
import torch
from published.clip_files import clip_file
from published.published_files import prefixed, resnet_weights
from published.vit_files import mrm_file, timm_vit

from mmcxr.engine.checkpoint import load_strict
from mmcxr.published import ConversionError, convert
from mmcxr.published.export.export import export
from mmcxr.registry import MODELS

ARCH = dict(embed_dims=128, num_layers=2, num_heads=2, feedforward_channels=512)
IMAGES = torch.randn(2, 3, 64, 64)


@pytest.fixture(scope='module')
def classifier():
    """A fine-tuned model of ours, and what its checkpoint holds."""
    torch.manual_seed(0)
    model = MODELS.build(
        dict(
            type='FilmClassifier',
            backbone=dict(
                type='mmpretrain.VisionTransformer',
                arch=ARCH,
                img_size=64,
                final_norm=False,
                out_type='featmap',
            ),
            head=dict(type='MultiLabelHead', num_classes=3, in_channels=128, norm=True),
        )
    )
    for parameter in model.parameters():
        parameter.data.add_(0.05 * torch.randn_like(parameter))
    model.eval()
    return model, dict(state_dict=dict(model.state_dict()), meta=dict(epoch=1))


@torch.no_grad()
def test_pre_trained_encoder_in_timm():
    """The loading snippet of MRM's read-me: non-strict, four entries missing."""
    reference = timm_vit()
    state_dict, _ = convert(mrm_file(reference))
    content, dropped = export(dict(state_dict=state_dict), 'timm')
    model = timm_vit(global_pool='avg', num_classes=14)
    message = model.load_state_dict(content['model'], strict=False)
    assert set(message.missing_keys) == {
        'head.weight',
        'head.bias',
        'fc_norm.weight',
        'fc_norm.bias',
    }
    assert set(message.unexpected_keys) == {'norm.weight', 'norm.bias'}
    assert {key.split('.')[0] for key in dropped} == {
        'image_decoder',
        'condition',
        'report_model',
    }
    for key, value in content['model'].items():
        assert torch.equal(value, reference.state_dict()[key]), key


@torch.no_grad()
def test_fine_tuned_model_in_timm(classifier):
    ours, checkpoint = classifier
    content, dropped = export(checkpoint, 'timm')
    assert not dropped
    model = timm_vit(global_pool='avg', num_classes=3)
    model.load_state_dict(content)  # bare, and strict
    expected = ours(dict(image=IMAGES))
    torch.testing.assert_close(model(IMAGES), expected, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_fine_tuned_model_in_mmpretrain(classifier):
    ours, checkpoint = classifier
    content, _ = export(checkpoint, 'mmpretrain', classes=['a', 'b', 'c'])
    assert content['meta']['dataset_meta'] == dict(classes=['a', 'b', 'c'])
    model = MODELS.build(
        dict(
            type='mmpretrain.ImageClassifier',
            _scope_='mmpretrain',
            backbone=dict(
                type='VisionTransformer',
                arch=ARCH,
                img_size=64,
                out_type='avg_featmap',
                final_norm=False,
            ),
            head=dict(type='MultiLabelLinearClsHead', num_classes=3, in_channels=128),
        )
    )
    load_strict(model, content)
    model.eval()
    found = model(IMAGES, mode='tensor')
    expected = ours(dict(image=IMAGES))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize('start', ['pre-trained', 'fine-tuned'])
def test_encoder_in_mmseg(classifier, start, tmp_path):
    ours, checkpoint = classifier
    if start == 'pre-trained':
        state_dict, info = convert(mrm_file())
        checkpoint = dict(state_dict=state_dict)
        ours = MODELS.build(dict(type='MaskedViT', arch=ARCH, img_size=64))
        load_strict(ours, prefixed_part(state_dict, 'backbone.'))
        ours.eval()
        expected = ours(IMAGES)[0]
    else:
        expected = ours.backbone(IMAGES)[0]
    content, dropped = export(checkpoint, 'mmseg')
    torch.save(content, tmp_path / 'vit.pth')
    backbone = MODELS.build(
        dict(
            type='mmseg.VisionTransformer',
            img_size=(64, 64),
            embed_dims=128,
            num_layers=2,
            num_heads=2,
            patch_bias=True,
            norm_cfg=dict(type='LN', eps=1e-6),
            init_cfg=dict(type='Pretrained', checkpoint=str(tmp_path / 'vit.pth')),
        )
    )
    before = backbone.layers[0].ln1.weight.clone()
    backbone.init_weights()
    assert not torch.equal(backbone.layers[0].ln1.weight, before)
    backbone.eval()
    torch.testing.assert_close(backbone(IMAGES)[0], expected, rtol=1e-4, atol=1e-5)
    head = {key for key in dropped if key.startswith('head.')}
    assert len(head) == (4 if start == 'fine-tuned' else 0)


def prefixed_part(weights, prefix):
    return {k[len(prefix) :]: v for k, v in weights.items() if k.startswith(prefix)}


def test_what_cannot_be_exported(classifier):
    _, checkpoint = classifier
    norms = {f'backbone.ln1.{leaf}': torch.ones(128) for leaf in ('weight', 'bias')}
    for content, to, message in (
        (norms | checkpoint['state_dict'], 'timm', 'before the pooling and one after'),
        (checkpoint, 'keras', "to 'keras'; known are timm, mmpretrain, mmseg"),
        (
            prefixed('backbone.', resnet_weights()),
            'hf',
            'a ResNet is not exported to hf',
        ),
        (dict(norms, **{'backbone.x': torch.ones(1)}), 'timm', 'none that can be expo'),
        (checkpoint, 'torchvision', 'not exported to torchvision; it goes to timm, hf'),
        (checkpoint, 'hf', 'no norm after its last block'),
        (clip_file(), 'timm', 'no image encoder under .* probably chexzero or'),
        ({}, 'timm', 'no state dict'),
    ):
        with pytest.raises(ConversionError, match=message):
            export(content, to)
