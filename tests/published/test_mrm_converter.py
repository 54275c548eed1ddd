"""Keys of MRM's files: mapped, dropped with a reason, or an error."""

import pytest
import torch
from published.vit_files import fine_tuned_vit, mrm_file, timm_vit

from mmcxr.engine.checkpoint import load_strict
from mmcxr.published import ConversionError, convert, mrm, recognise
from mmcxr.registry import MODELS


@pytest.mark.parametrize('bare', [False, True])
def test_every_key_of_the_pre_trained_file(bare):
    checkpoint = mrm_file(bare=bare)
    assert recognise(checkpoint) == ('mrm', 'pretrain')
    state_dict, info = convert(checkpoint)
    weights = checkpoint if bare else checkpoint['model']
    assert len(state_dict) + len(info['dropped']) == len(weights)
    bert = 'bert_encoder.model.'
    assert set(info['dropped']) == {
        f'{bert}bert.embeddings.position_ids',
        f'{bert}bert.pooler.dense.weight',
        f'{bert}bert.pooler.dense.bias',
        f'{bert}cls.predictions.bias',
    }
    assert all(info['dropped'].values())
    pairs = {
        'backbone.layers.1.ffn.layers.0.0.weight': 'blocks.1.mlp.fc1.weight',
        'backbone.ln1.bias': 'norm.bias',
        'image_decoder.decoder_blocks.0.ln2.weight': 'decoder_blocks.0.norm2.weight',
        'image_decoder.ln1.weight': 'decoder_norm.weight',
        'condition.weight': 'bert_mlp.weight',
        'report_model.decoder.weight': f'{bert}cls.predictions.decoder.weight',
    }
    for ours, theirs in pairs.items():
        assert torch.equal(state_dict[ours], weights[theirs])
    assert info['image_decoder'] == dict(embed_dims=128, num_layers=1, patch_size=32)
    assert info['text_encoder']['vocab_size'] == 31


def test_missing_unknown_or_contradicting_keys():
    word_bias = 'bert_encoder.model.cls.predictions.bias'
    for change, message in (
        (lambda w: w.pop('decoder_pred.bias'), 'lacks decoder_pred.bias'),
        (lambda w: w.pop('cls_token'), 'incomplete: .*cls_token'),
        (lambda w: w.update(extra=torch.ones(1)), 'unknown .*: extra'),
        (lambda w: w.update({word_bias: torch.ones(31)}), 'one parameter'),
    ):
        checkpoint = mrm_file()
        change(checkpoint['model'])
        with pytest.raises(ConversionError, match=message):
            mrm.convert(checkpoint)


@pytest.fixture(scope='module')
def tuned():
    return fine_tuned_vit(num_classes=5)


def test_fine_tuned_file_computes_what_timm_computes(tuned):
    weights = dict(tuned.state_dict())
    assert recognise(weights) == ('mrm', 'finetune_vit_b16')
    state_dict, info = convert(weights)
    assert info['num_classes'] == 5 and not info['dropped']
    model = MODELS.build(
        dict(
            type='FilmClassifier',
            backbone=dict(
                type='mmpretrain.VisionTransformer',
                final_norm=False,
                out_type='featmap',
            ),
            head=dict(type='MultiLabelHead', num_classes=5, in_channels=768, norm=True),
        )
    )
    load_strict(model, state_dict)
    model.eval()
    images = torch.randn(1, 3, 224, 224)
    with torch.no_grad():
        found, expected = model(dict(image=images)), tuned(images)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_fine_tuned_files_of_others(tuned):
    """What can be told: another container, ImageNet's classes, another size."""
    weights = dict(tuned.state_dict())
    assert mrm.recognise(dict(model=weights)) is None
    assert mrm.recognise(dict(state_dict=weights, epoch=3)) is None
    imagenet = {
        **weights,
        'head.weight': torch.zeros(1000, 768),
        'head.bias': torch.zeros(1000),
    }
    assert mrm.recognise(imagenet) is None
    assert mrm.recognise({**weights, 'odd': torch.zeros(1)}) is None
    small = dict(embed_dim=128, depth=2, num_heads=2, img_size=64)
    assert mrm.recognise(dict(fine_tuned_vit(5, **small).state_dict())) is None
    assert mrm.recognise(dict(timm_vit(num_classes=5).state_dict())) is None
    assert recognise(imagenet) == ('timm vision transformer', 'base')
    with pytest.raises(ConversionError, match='no MRM checkpoint'):
        mrm.convert(imagenet)
