"""CheXzero's files: one call to a model, words to probabilities, what is refused."""

import numpy as np
import pytest
import torch
from published.clip_files import IMAGE, clip_file, clip_model
from published.published_files import resnet_weights
from torch.nn import functional as F

from mmcxr.apis import classify, load_published
from mmcxr.engine.checkpoint import CheckpointError

FILM = np.random.default_rng(0).integers(0, 256, (50, 41), dtype=np.uint8)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('chexzero')


@pytest.fixture(scope='module')
def path(folder):
    torch.save(clip_file(), folder / 'best.pt')
    return folder / 'best.pt'


@pytest.fixture(scope='module')
def model(path):
    return load_published('chexzero', path)


@torch.no_grad()
def test_equals_the_clip_of_transformers(model):
    reference = clip_model()
    images = torch.randn(3, 3, IMAGE['image_size'], IMAGE['image_size'])
    tokens = model.tokenizer(['No acute process.', 'edema', 'a b c d e f'])
    ids = torch.zeros(3, 77, dtype=torch.int64)
    for row, text in zip(ids, tokens, strict=True):
        row[: len(text)] = torch.tensor(text)
    pooled = reference.vision_model(images).pooler_output
    expected = reference.visual_projection(pooled)
    torch.testing.assert_close(model.extract_feat(images), expected)
    text = reference.text_model(ids).last_hidden_state
    text = reference.text_projection(text[torch.arange(3), ids.argmax(1)])
    torch.testing.assert_close(
        model.encode_text(ids, ids > 0), F.normalize(text, dim=1)
    )
    # Padding less changes nothing.
    short = ids[:, : max(map(len, tokens))]
    torch.testing.assert_close(
        model.encode_text(short, short > 0), F.normalize(text, dim=1)
    )


@torch.no_grad()
@pytest.mark.parametrize('form', ['module', 'half', 'nested'])
def test_forms_of_the_file(form, folder, model):
    weights = clip_file()
    if form == 'module':
        weights = {f'module.{key}': value for key, value in weights.items()}
    if form == 'half':
        weights = {key: value.half() for key, value in weights.items()}
    torch.save(dict(state_dict=weights) if form == 'nested' else weights, folder / form)
    found = load_published('chexzero', folder / form, variant='vit_width128_16')
    images = torch.randn(1, 3, 64, 64)
    assert all(p.dtype == torch.float32 for p in found.parameters())
    tolerance = dict(rtol=0, atol=2e-2) if form == 'half' else {}
    torch.testing.assert_close(
        found.extract_feat(images), model.extract_feat(images), **tolerance
    )


def test_preprocessing_is_made_of_the_published_steps(model):
    from PIL import Image

    size = (int(41 * 320 / 50), 320)
    square = Image.new('L', (320, 320))
    square.paste(
        Image.fromarray(FILM).resize(size, Image.Resampling.LANCZOS),
        ((320 - size[0]) // 2, 0),
    )
    raw = torch.from_numpy(np.array(square)).float().expand(1, 3, 320, 320)
    raw = (raw - 101.48761) / 83.43944
    expected = F.interpolate(raw, (64, 64), mode='bicubic', align_corners=False)
    torch.testing.assert_close(model.preprocess(FILM), expected, rtol=0, atol=2e-6)


@torch.no_grad()
def test_pairs_without_the_logit_scale(model):
    table = classify(model, [FILM, FILM.T], ['Edema', 'Lung Lesion'])
    image = model.encode_image(model.preprocess([FILM, FILM.T]))
    tokens = model.tokenizer(['edema', 'no edema', 'lung lesion', 'no lung lesion'])
    text = [torch.tensor([ids]) for ids in tokens]
    text = torch.cat([model.encode_text(ids, ids > 0) for ids in text])
    cosines = image @ text.T
    expected = torch.sigmoid(cosines[:, ::2] - cosines[:, 1::2])
    np.testing.assert_allclose(table, expected, rtol=0, atol=1e-6)
    assert list(table) == ['Edema', 'Lung Lesion']


def test_ensemble_is_the_mean_of_probabilities(model, folder):
    weights = clip_file()
    weights['text_projection'] = weights['text_projection'].flip(0)
    torch.save(weights, folder / 'second.pt')
    other = load_published('chexzero', folder / 'second.pt')
    names = ['Edema', 'Fracture']
    tables = [classify(m, [FILM], names) for m in (model, other)]
    assert not np.allclose(*tables)
    both = classify([model, other], [FILM], names)
    np.testing.assert_allclose(both, (tables[0] + tables[1]) / 2)
    with pytest.raises(ValueError, match='no model to ask'):
        classify([], [FILM], names)


def test_damaged_and_other_files(folder):
    path = folder / 'damaged.pt'
    norm = 'visual.transformer.resblocks.1.ln_1.weight'
    block = 'transformer.resblocks.0.'
    for change, message in (
        (lambda w: w.pop(norm), f'lacks {norm}'),
        (lambda w: w.pop('logit_scale'), 'lacks logit_scale'),
        (lambda w: w.update(extra=torch.ones(1)), 'unknown .*: extra'),
        (
            lambda w: w.update({norm: torch.ones(5)}),
            r'layers.1.ln1.weight \(\[5\] in the file, \[128\] here\)',
        ),
        (
            lambda w: [w.pop(k) for k in list(w) if k.startswith(block)],
            r'the text tower has the blocks \[1\]',
        ),
        (
            lambda w: w.update({f'{block}attn.in_proj_bias': torch.ones(4)}),
            'must hold query, key and value',
        ),
    ):
        weights = clip_file()
        change(weights)
        torch.save(weights, path)
        with pytest.raises(ValueError, match=message):
            load_published('chexzero', path)
    torch.save(resnet_weights(), path)
    with pytest.raises(CheckpointError, match='probably a ResNet'):
        load_published('chexzero', path)


def test_the_larger_clip_of_others_is_none(folder):
    weights = clip_file()
    weights['visual.conv1.weight'] = torch.ones(1024, 3, 14, 14)
    torch.save(weights, folder / 'large.pt')
    with pytest.raises(CheckpointError, match='probably chexzero or whyxrayclip'):
        load_published('chexzero', folder / 'large.pt')
