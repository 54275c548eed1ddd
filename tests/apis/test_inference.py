"""The notebook calls, on a small model with random weights."""

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from PIL import Image

from mmcxr.apis import (
    classify,
    embed_films,
    embed_texts,
    load_model,
    retrieve,
    similarity_maps,
)
from mmcxr.datasets.films.grey import UnreadableFilm
from mmcxr.registry import MODELS

TEXTS = ['no effusion', 'a large left effusion', 'the heart is enlarged']


@pytest.fixture(scope='module')
def config(repo_dir, tmp_path_factory):
    folder = tmp_path_factory.mktemp('words')
    words = 'no a the large left effusion heart is enlarged'.split()
    special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']
    (folder / 'vocab.txt').write_text('\n'.join(special + words))
    path = repo_dir / 'configs/benchmarks/retrieval/synthetic/cxr-clip_r18.py'
    config = Config.fromfile(path)
    config.model.tokenizer.name = str(folder / 'vocab.txt')
    return config


@pytest.fixture(scope='module')
def model(config, tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp('weights') / 'model.pth'
    weights = MODELS.build(config.model).state_dict()
    torch.save(dict(state_dict=weights), path)
    return load_model(config, path)


@pytest.fixture(scope='module')
def films(tmp_path_factory):
    """The same five films as files, PIL images and arrays."""
    folder = tmp_path_factory.mktemp('films')
    arrays = np.random.default_rng(0).integers(0, 256, (5, 110, 130), dtype=np.uint8)
    paths = [folder / f'{i}.png' for i in range(5)]
    for path, array in zip(paths, arrays, strict=True):
        cv2.imwrite(str(path), array)
    return dict(
        path=paths, pil=[Image.fromarray(a) for a in arrays], array=list(arrays)
    )


def test_any_form_and_any_batch_size_give_the_same(model, films):
    expected = embed_films(model, films['path'])
    assert expected.shape == (5, 128)
    np.testing.assert_allclose(np.linalg.norm(expected, axis=1), 1, rtol=1e-5)
    for form in ('pil', 'array'):
        found = embed_films(model, films[form], batch_size=2)
        np.testing.assert_allclose(found, expected, atol=1e-5)
    one = embed_films(model, films['path'][3])
    np.testing.assert_allclose(one, expected[3:4], atol=1e-5)


def test_films_are_seen_as_in_evaluation(model, films):
    size = model.film_pipeline[0]['size']
    small = films['pil'][0].resize((size, size), Image.Resampling.BILINEAR)
    image = torch.from_numpy(np.array(small)).float()[None, None].expand(1, 3, -1, -1)
    mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    with torch.no_grad():
        expected = model.encode_image((image / 255 - mean) / std).numpy()
    np.testing.assert_allclose(embed_films(model, films['pil'][0]), expected, atol=1e-5)


def test_texts_do_not_depend_on_their_padding(model):
    together = embed_texts(model, TEXTS)
    alone = np.concatenate([embed_texts(model, text) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_names_become_pairs(model, films):
    table = classify(model, films['path'], ['effusion', 'heart'])
    assert list(table.columns) == ['effusion', 'heart']
    assert list(table.index) == [str(path) for path in films['path']]
    images = embed_films(model, films['path'])
    positive, negative = embed_texts(model, ['heart', 'No heart'])
    gap = images @ (positive - negative)
    np.testing.assert_allclose(table['heart'], 1 / (1 + np.exp(-gap)), atol=1e-5)


def test_exclusive_classes_sum_to_one(model, films):
    prompts = dict(one=['no effusion'], two=TEXTS[1:])
    table = classify(model, films['array'], prompts)
    np.testing.assert_allclose(table.sum(axis=1), 1, rtol=1e-5)
    images, texts = embed_films(model, films['array']), embed_texts(model, TEXTS)
    cosines = images @ texts.T
    logits = np.stack([cosines[:, 0], cosines[:, 1:].mean(1)], 1) / 0.07
    assert (table.to_numpy().argmax(1) == logits.argmax(1)).all()
    odds = np.log(table['one'] / table['two'])
    np.testing.assert_allclose(odds, logits[:, 0] - logits[:, 1], atol=1e-3)


def test_retrieval_is_sorted_cosine(model, films):
    found = retrieve(model, films['path'], TEXTS, top_k=2)
    cosines = embed_films(model, films['path']) @ embed_texts(model, TEXTS).T
    assert len(found) == 10
    for query, row in enumerate(cosines):
        best = found[found['query'] == query]
        assert list(best['candidate']) == list(np.argsort(-row)[:2])
        np.testing.assert_allclose(
            best['similarity'], np.sort(row)[::-1][:2], atol=1e-5
        )
    turned = retrieve(model, TEXTS, films['path'], 1, 'text', 'film')
    assert list(turned['candidate']) == list(cosines.argmax(0))
    with pytest.raises(ValueError, match='report'):
        retrieve(model, TEXTS, TEXTS, query_type='report')


def test_similarity_maps_are_cosines(model, films):
    maps = similarity_maps(model, films['path'][0], TEXTS)
    assert maps.shape == (3, 3, 3)
    assert (abs(maps) <= 1 + 1e-5).all()


def test_unreadable_film_is_named(model, films, tmp_path):
    missing = tmp_path / 'gone.png'
    with pytest.raises(UnreadableFilm, match=r'gone\.png'):
        embed_films(model, [films['path'][0], missing])
    with pytest.raises(ValueError, match='no film'):
        embed_films(model, [])


def test_model_needs_a_film_pipeline(config, tmp_path):
    bare = Config(dict(model=config.model.to_dict()))
    with pytest.raises(KeyError, match='film_pipeline'):
        load_model(bare, tmp_path / 'any.pth')


def test_scope_of_another_library_does_not_matter(config, model, films, tmp_path):
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'model.pth')
    with DefaultScope.overwrite_default_scope('mmseg'):
        other = load_model(config, tmp_path / 'model.pth')
        found = classify(other, films['pil'], TEXTS)
    expected = classify(model, films['pil'], TEXTS)
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize('device', ['cuda:97', 'gpu'])
def test_device_that_is_not_there(config, device):
    with pytest.raises(ValueError, match=f"device '{device}' cannot be used here"):
        load_model(config, 'never-read.pth', device)
