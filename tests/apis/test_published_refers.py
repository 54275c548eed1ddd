"""One call from a file of REFERS to a model."""

import pytest
import torch
from published.refers_files import pretraining_weights, refers_weights, vit

from mmcxr.apis.published import load_published
from mmcxr.models.algorithms import REFERS, FilmEncoder

WIDTH = 'vit_128_16'


@pytest.fixture
def load(tmp_path):
    def from_content(content, **options):
        torch.save(content, tmp_path / 'x')
        return load_published('refers', tmp_path / 'x', **options)

    return from_content


FORMS = {
    'as published': lambda w: w,
    'with other modules': lambda w: {
        **w,
        'head.weight': torch.ones(14, 128),
        'fusion.fc1.bias': torch.ones(1),
    },
    'parallel': lambda w: {f'module.{key}': value for key, value in w.items()},
    'nested': lambda w: dict(model=w, iteration=3),
    'half precision': lambda w: {key: value.half() for key, value in w.items()},
}


@torch.no_grad()
@pytest.mark.parametrize('form', FORMS)
def test_encoder_in_any_form(load, form):
    reference, images = vit(), torch.randn(2, 3, 64, 64)
    model = load(FORMS[form](refers_weights(reference)))
    if form == 'half precision':
        reference = reference.half().float()
    assert isinstance(model.model, FilmEncoder) and not model.training
    assert model.published['variant'] == WIDTH
    torch.testing.assert_close(model.extract_feat(images), reference(images)[0])
    dropped = {'head.weight', 'fusion.fc1.bias'} if form == 'with other modules' else ()
    assert set(model.published['dropped']) == set(dropped)


@torch.no_grad()
def test_file_of_pre_training(load):
    reference, images = vit(), torch.randn(2, 3, 64, 64)
    weights = pretraining_weights(reference)
    model = load(dict(model=weights, iteration=9), variant='pretrain')
    assert isinstance(model.model, REFERS) and model.detach_text
    torch.testing.assert_close(model.extract_feat(images), reference(images)[0])
    assert model.encode_image(images).shape == (2, 384)
    ids = torch.tensor([[2, 7, 3]])
    assert model.encode_text(ids, torch.ones_like(ids)).shape == (1, 384)
    words = weights['textual.output.weight']
    torch.testing.assert_close(model.report_decoder.words.weight, words)
    assert model.tokenizer.config['lowercase'] is True


DAMAGE = [
    (
        'encoder.layer.1.attn.key.bias',
        'lacks transformer.encoder.layer.1.attn.key.bias',
    ),
    ('embeddings.cls_token', 'lacks transformer.embeddings.cls_token'),
    ('encoder.encoder_norm.weight', 'lacks transformer.encoder.encoder_norm.weight'),
]


@pytest.mark.parametrize('key, message', DAMAGE)
def test_missing_entry(load, key, message):
    weights = refers_weights(vit())
    weights.pop(f'transformer.{key}')
    with pytest.raises(ValueError, match=message):
        load(weights)


def test_unknown_and_misshapen_entries(load):
    weights = refers_weights(vit())
    with pytest.raises(ValueError, match='unknown .*: transformer.odd'):
        load({**weights, 'transformer.odd': torch.ones(1)})
    key = 'transformer.encoder.layer.0.ffn.fc2.weight'
    with pytest.raises(ValueError, match=r'\[3, 96\] in the file, \[128, 96\] here'):
        load({**weights, key: torch.ones(3, 96)})


def test_missing_parts_of_pre_training(load):
    weights = pretraining_weights(vit())
    weights.pop('textual.transformer.layers.0.norm3.bias')
    message = 'unset: report_decoder.layers.0.norm3.bias'
    with pytest.raises(ValueError, match=message):
        load(dict(model=weights))
    weights = pretraining_weights(vit())
    weights.pop('fusion.fc3.weight')
    with pytest.raises(ValueError, match='fusion.fc3'):
        load(dict(model=weights))
