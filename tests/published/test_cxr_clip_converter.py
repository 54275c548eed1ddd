"""Keys of CXR-CLIP's files: recognised, mapped, dropped with a reason or refused."""

import pytest
import torch
from published_files import BERT, cxr_clip_file, fine_tuned_file, prefixed

from mmcxr.published import ConversionError, cxr_clip, probable_system, recognise

DROPPED = {
    'text_encoder.text_encoder.embeddings.position_ids',
    'text_encoder.text_encoder.pooler.dense.weight',
    'text_encoder.text_encoder.pooler.dense.bias',
}


@pytest.mark.parametrize('variant', cxr_clip.VARIANTS)
def test_variant_is_found_from_the_content(variant):
    backbone, mix = variant.split('_')
    checkpoint = cxr_clip_file(backbone, mix)
    assert recognise(checkpoint) == ('cxr_clip', variant)
    assert recognise(checkpoint['model']) == ('cxr_clip', backbone)


def test_number_of_entries_is_the_published_one():
    """436 with 12 layers of BERT of 16 entries each, of which ours has one."""
    assert len(cxr_clip_file('swint')['model']) + 11 * 16 == 436
    assert len(cxr_clip_file('r50')['model']) + 11 * 16 == 523


def test_resnet_file():
    checkpoint = cxr_clip_file()
    state_dict, info = cxr_clip.convert(checkpoint)
    assert info['dropped'].keys() == DROPPED and all(info['dropped'].values())
    assert len(state_dict) == len(checkpoint['model']) - len(DROPPED)
    source = checkpoint['model']
    pairs = {
        'image_backbone.layer3.5.bn2.running_var': (
            'image_encoder.resnet.layer3.5.bn2.running_var'
        ),
        'text_backbone.bert.encoder.layer.0.output.dense.bias': (
            'text_encoder.text_encoder.encoder.layer.0.output.dense.bias'
        ),
        'image_projection.weight': 'image_projection.projection.weight',
        'text_projection.bias': 'text_projection.projection.bias',
        'logit_scale': 'logit_scale',
    }
    for new, old in pairs.items():
        assert torch.equal(state_dict[new], source[old])
    expected = dict(
        task='pretraining', image_encoder='resnet50', image_channels=2048,
        image_pooling='avg', image_size=224, embed_dims=16, projection='linear',
        text_pooling='eos', tokenizer='emilyalsentzer/Bio_ClinicalBERT', max_length=20,
        loss=dict(image_weight=0.75, text_weight=0.25, label_smoothing=0.0),
    )  # fmt: skip
    assert {key: info[key] for key in expected} == expected
    assert info['mean'][0] == 0.485
    assert {key: info['text_encoder'][key] for key in BERT} == BERT


def test_swin_file():
    checkpoint = cxr_clip_file('swint')
    state_dict, info = cxr_clip.convert(checkpoint)
    assert info['image_encoder'] == 'swin_tiny' and info['image_pooling'] == 'token0'
    assert info['mean'] == info['std'] == [0.5] * 3 and info['image_channels'] == 768
    tables = [key for key in info['dropped'] if key.endswith('position_index')]
    assert len(tables) == 12 and len(info['dropped']) == 15
    old = 'image_encoder.image_encoder.encoder.layers.2.blocks.3.attention.self.'
    new = 'image_backbone.stages.2.blocks.3.attn.w_msa.'
    parts = [checkpoint['model'][f'{old}{p}.bias'] for p in ('query', 'key', 'value')]
    assert torch.equal(state_dict[f'{new}qkv.bias'], torch.cat(parts))


def test_both_generations_of_names_give_the_same():
    older, _ = cxr_clip.convert(cxr_clip_file('swint', generation=4))
    newer, _ = cxr_clip.convert(cxr_clip_file('swint', generation=5))
    assert older.keys() == newer.keys()
    assert all(torch.equal(older[key], newer[key]) for key in older)


def test_mlp_projection():
    state_dict, info = cxr_clip.convert(cxr_clip_file(kind='mlp'))
    assert info['projection'] == 'mlp' and info['embed_dims'] == 16
    parts = ('projection', 'fc', 'layer_norm')
    for key in (f'text_projection.{part}.weight' for part in parts):
        assert key in state_dict


@pytest.mark.parametrize(
    'loss', [None, {}, {'cxr_clip': None}, {'cxr_clip': {'label_smoothing': None}}, 'x']
)
def test_settings_without_losses_give_the_published_ones(loss):
    checkpoint = cxr_clip_file()
    checkpoint['config']['loss'] = loss
    _, info = cxr_clip.convert(checkpoint)
    assert info['loss'] == dict(image_weight=1.0, text_weight=0.5, label_smoothing=0.0)


def test_parallel_prefix_and_a_left_over_classifier_are_tolerated():
    weights = cxr_clip_file()['model']
    weights['image_encoder.resnet.fc.weight'] = torch.zeros(1000, 2048)
    weights['image_encoder.resnet.fc.bias'] = torch.zeros(1000)
    _, info = cxr_clip.convert(dict(model=prefixed('module.', weights)))
    assert info['variant'] == 'r50'
    assert 'ImageNet' in info['dropped']['image_encoder.resnet.fc.bias']


@pytest.mark.parametrize('backbone', ['r50', 'swint'])
def test_fine_tuned_file(backbone):
    state_dict, info = cxr_clip.convert(fine_tuned_file(backbone, num_classes=5))
    assert info['variant'] == f'{backbone}_classifier'
    assert info['task'] == 'classification' and info['num_classes'] == 5
    assert state_dict['head.fc.bias'].shape == (5,)
    assert all(key.startswith(('backbone.', 'head.fc.')) for key in state_dict)


@pytest.mark.parametrize('backbone', ['r50', 'swint'])
def test_alien_key_is_refused(backbone):
    checkpoint = cxr_clip_file(backbone)
    checkpoint['model']['image_encoder.lora_A.weight'] = torch.zeros(2)
    with pytest.raises(ConversionError, match='1 entries .* image_encoder.lora_A'):
        cxr_clip.convert(checkpoint)


def test_missing_key_is_named():
    checkpoint = cxr_clip_file('swint')
    key = 'image_encoder.image_encoder.encoder.layers.1.downsample.norm.bias'
    del checkpoint['model'][key]
    with pytest.raises(ConversionError, match=f'lacks {key}'):
        cxr_clip.convert(checkpoint)


def test_misshapen_key_is_named():
    checkpoint = cxr_clip_file('swint')
    key = 'image_encoder.image_encoder.encoder.layers.1.downsample.norm.bias'
    checkpoint['model'][key] = torch.zeros(7)
    with pytest.raises(ConversionError, match=r'shape \(7,\), but'):
        cxr_clip.convert(checkpoint)


@pytest.mark.parametrize('content', [{}, {'model': {'a': torch.ones(1)}}, 'text', None])
def test_other_content_is_not_recognised(content):
    assert cxr_clip.recognise(content) is None
    with pytest.raises(ConversionError, match='no CXR-CLIP checkpoint'):
        cxr_clip.convert(content)


def test_source_is_not_changed():
    checkpoint = cxr_clip_file()
    before = dict(checkpoint['model'])
    cxr_clip.convert(checkpoint)
    assert checkpoint['model'].keys() == before.keys()


def test_probable_system():
    assert probable_system(cxr_clip_file()['model']).startswith('cxr_clip')
    assert probable_system(['module.queue', 'module.encoder_q.a', 'module.encoder_k.b'])
    assert probable_system(['bert_encoder.a', 'decoder_blocks.0.b', 'mask_token'])
    assert probable_system(['something.else']) is None
