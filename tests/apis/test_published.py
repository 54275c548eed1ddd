"""One call from a published file to a ready model."""

import pytest
import torch
from published.published_files import (
    bert_model,
    cxr_clip_file,
    fine_tuned_file,
    resnet_weights,
    swin_model,
)
from torch.nn import functional as F

from mmcxr.apis.published import PUBLISHED, load_published
from mmcxr.apis.published_tokenizer import DeferredTokenizer
from mmcxr.engine.checkpoint import CheckpointError, file_digest
from mmcxr.published import CONVERTERS, SYSTEMS


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('published')


@pytest.fixture(scope='module')
def files(folder):
    """The two backbones, under suffixes that say nothing."""
    paths = dict(r50=folder / 'r50_mc.tar', swint=folder / 'swin')
    torch.save(cxr_clip_file('r50', 'mc'), paths['r50'])
    torch.save(cxr_clip_file('swint', 'mcc'), paths['swint'])
    return paths


@pytest.fixture(scope='module')
def swin(files):
    return load_published('cxr_clip', files['swint'])


def test_swin_computes_what_the_authors_model_computes(swin):
    """transformers' own models with the same weights, and token 0 of the image."""
    weights = cxr_clip_file('swint')['model']
    images = torch.randn(2, 3, 224, 224)
    ids, mask = torch.randint(1, 31, (3, 6)), torch.ones(3, 6, dtype=torch.int64)
    ids[1, 3:], mask[1, 3:] = 0, 0
    with torch.no_grad():
        image = swin_model()(images).last_hidden_state[:, 0]
        hidden = bert_model()(ids, mask).last_hidden_state
        text = hidden[torch.arange(3), mask.sum(1) - 1]
        found = swin.extract_feat(images), swin.text_backbone(ids, mask)
        torch.testing.assert_close(found[0], image, rtol=0, atol=1e-5)
        torch.testing.assert_close(found[1], text, rtol=0, atol=1e-5)
        for side, feature, embeds in (
            ('image', image, swin.encode_image(images)),
            ('text', text, swin.encode_text(ids, mask)),
        ):
            parts = (
                weights[f'{side}_projection.projection.{k}'] for k in ('weight', 'bias')
            )
            expected = F.normalize(F.linear(feature, *parts), dim=-1)
            torch.testing.assert_close(embeds, expected, rtol=0, atol=1e-5)
        assert swin.scale() == weights['logit_scale'].exp()


def test_swin_loss_smooths_labels_by_its_own_flag_alone(swin):
    """Encoders in eval mode drop nothing, whatever the mode of the whole model."""
    torch.manual_seed(0)
    ids = torch.randint(1, 31, (3, 2, 6))
    images = torch.randn(3, 2, 3, 224, 224)
    inputs = dict(image=images, input_ids=ids, attention_mask=torch.ones_like(ids))
    swin.label_smoothing = 0.1
    try:
        with torch.no_grad():
            image, text = swin(inputs)
            losses = {}
            for swin.training in (False, True):  # the flag, not train()
                losses[swin.training] = swin(inputs, mode='loss')
    finally:
        swin.label_smoothing, swin.training = 0.0, False
    for training, eps in ((False, 0.0), (True, 0.1)):
        pairs = [(image[:, v], text[:, t]) for v in (0, 1) for t in (0, 1)]
        parts = dict(
            i2t=[cross_entropy(swin, a, b, eps) for a, b in pairs],
            t2i=[cross_entropy(swin, b, a, eps) for a, b in pairs],
            icl=[cross_entropy(swin, image[:, a], image[:, 1 - a]) for a in (0, 1)],
            tcl=[cross_entropy(swin, text[:, a], text[:, 1 - a]) for a in (0, 1)],
        )
        parts = {name: sum(terms) / len(terms) for name, terms in parts.items()}
        total = (parts['i2t'] + parts['t2i']) / 2
        total = total + 0.75 * parts['icl'] + 0.25 * parts['tcl']
        for name, value in dict(parts, loss=total).items():
            torch.testing.assert_close(losses[training][name], value)


def cross_entropy(model, rows, columns, label_smoothing=0.0):
    logits = model.logit_scale.detach().exp() * rows @ columns.T
    return F.cross_entropy(
        logits, torch.arange(len(rows)), label_smoothing=label_smoothing
    )


def test_swin_drops_attention_branches_only_when_trained(swin):
    rates = {
        name: module.drop_prob
        for name, module in swin.image_backbone.named_modules()
        if type(module).__name__ == 'DropPath' and module.drop_prob
    }
    assert len(rates) == 12 and set(rates.values()) == {0.1}
    assert all('.attn.' in name for name in rates)
    torch.manual_seed(0)
    images = torch.randn(2, 3, 224, 224)
    with torch.no_grad():
        assert torch.equal(swin.encode_image(images), swin.encode_image(images))
        swin.train()
        try:
            assert not torch.equal(swin.encode_image(images), swin.encode_image(images))
        finally:
            swin.eval()


def test_model_is_ready(swin, files):
    assert not any(module.training for module in swin.modules())
    assert swin.published['variant'] == 'swint_mcc'
    assert swin.published['dropped']
    assert swin.digest == file_digest(files['swint'])
    assert [step['size'] for step in swin.film_pipeline] == [224, 224]
    assert swin.data_preprocessor.mean.flatten().tolist() == [0.5] * 3
    assert (swin.image_weight, swin.text_weight) == (0.75, 0.25)


def test_resnet(files):
    model = load_published('cxr_clip', str(files['r50']), variant='r50_mc')
    assert model.image_pooling == 'avg'
    assert model.data_preprocessor.mean.flatten()[0] == torch.tensor(0.485)
    assert model.encode_image(torch.randn(1, 3, 64, 64)).shape == (1, 16)


def test_projection_of_two_layers(folder):
    torch.save(cxr_clip_file(kind='mlp'), folder / 'mlp.tar')
    model = load_published('cxr_clip', folder / 'mlp.tar')
    assert model.encode_image(torch.randn(1, 3, 64, 64)).shape == (1, 16)


@pytest.mark.parametrize('backbone, size', [('r50', 64), ('swint', 224)])
def test_fine_tuned_file(folder, backbone, size):
    path = folder / f'{backbone}_tuned.tar'
    content = fine_tuned_file(backbone)
    torch.save(content, path)
    model = load_published('cxr_clip', path)
    images = torch.randn(2, 3, size, size)
    with torch.no_grad():
        logits = model(dict(image=images))
        head = [
            content['model'][f'classifier.classification_head.{k}']
            for k in ('weight', 'bias')
        ]
        torch.testing.assert_close(logits, F.linear(model.extract_feat(images), *head))


@pytest.mark.parametrize('variant', ['r50_mc', 'r50'])
def test_expected_variant(files, variant):
    load_published('cxr_clip', files['r50'], variant=variant)


@pytest.mark.parametrize('variant', ['r50_m', 'swint_mc', 'swint', 'r50_classifier'])
def test_other_variant_is_refused(files, variant):
    with pytest.raises(
        CheckpointError, match=f'is r50_mc by its content, not {variant}'
    ):
        load_published('cxr_clip', files['r50'], variant=variant)


def test_file_that_does_not_tell_its_data(folder):
    path = folder / 'bare.pth'
    torch.save(cxr_clip_file()['model'], path)
    model = load_published('cxr_clip', path, variant='r50_mcc')
    assert model.published['variant'] == 'r50'
    with pytest.raises(CheckpointError, match='is r50 by its content, not swint_m'):
        load_published('cxr_clip', path, variant='swint_m')


def test_every_converter_has_its_models():
    assert PUBLISHED.keys() == CONVERTERS.keys() <= set(SYSTEMS)


def test_unknown_names(files):
    with pytest.raises(
        ValueError, match="no system 'CXR-CLIP'; did you mean 'cxr_clip'"
    ):
        load_published('CXR-CLIP', files['r50'])
    for system in set(SYSTEMS) - set(CONVERTERS):
        with pytest.raises(ValueError, match='cannot be loaded yet; supported are'):
            load_published(system, files['r50'])
    with pytest.raises(ValueError, match="'r5_mc'; did you mean 'r50_mc'"):
        load_published('cxr_clip', files['r50'], variant='r5_mc')


def test_file_of_another_kind(folder):
    path = folder / 'other.pth'
    for content, message in (
        (resnet_weights(), 'is no cxr_clip checkpoint; by its keys it is .* ResNet'),
        (dict(model={'mask_token': torch.ones(1)}), 'is no cxr_clip checkpoint$'),
        ([1, 2], 'holds no state dict'),
        (
            dict(state_dict={'image_backbone.x': torch.ones(1)}, meta={}),
            'trained here loads by load_model',
        ),
    ):
        torch.save(content, path)
        with pytest.raises(CheckpointError, match=message):
            load_published('cxr_clip', path)


def test_damaged_keys(folder):
    path, bn = folder / 'damaged.tar', 'image_encoder.resnet.layer1.0.bn1'
    for change, message in (
        (lambda w: w.pop(f'{bn}.weight'), 'unset: image_backbone.layer1.0.bn1.weight'),
        (lambda w: w.pop('text_projection.projection.bias'), 'lacks text_projection'),
        (lambda w: w.update(extra=torch.ones(1)), 'unknown .*: extra'),
        (
            lambda w: w.update({f'{bn}.weight': torch.ones(3)}),
            r'layer1.0.bn1.weight \(\[3\] in the file, \[64\] here\)',
        ),
    ):
        content = cxr_clip_file()
        change(content['model'])
        torch.save(content, path)
        with pytest.raises(ValueError, match=message):
            load_published('cxr_clip', path)


@pytest.fixture
def vocab(tmp_path):
    words = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'no', 'edema']
    path = tmp_path / 'vocab.txt'
    path.write_text('\n'.join(words))
    return path


@pytest.mark.parametrize(
    'form', [str, lambda p: dict(type='mmcxr.HFTokenizer', name=str(p))]
)
def test_tokenizer_of_the_user(files, vocab, form):
    model = load_published('cxr_clip', files['swint'], tokenizer=form(vocab))
    assert model.tokenizer(['No EDEMA']) == [[2, 5, 6, 3]]
    assert model.tokenizer.pad_token_id == 0


def test_tokenizer_is_fetched_when_text_comes(swin, monkeypatch):
    assert isinstance(swin.tokenizer, DeferredTokenizer)
    assert swin.tokenizer.config['name'] == 'emilyalsentzer/Bio_ClinicalBERT'
    assert swin.tokenizer.config['lowercase'] is True


def test_tokenizer_of_another_model(vocab):
    config = dict(type='mmcxr.HFTokenizer', name=str(vocab))
    with pytest.raises(ValueError, match='knows 7 words, the text encoder 5'):
        DeferredTokenizer(config, 5)(['edema'])
    assert DeferredTokenizer(config, 9).vocab_size == 7
