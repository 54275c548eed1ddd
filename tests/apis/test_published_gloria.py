"""GLoRIA's files: both ResNets, words from pieces, zero-shot, what is refused."""

import io
import zipfile

import numpy as np
import pytest
import torch
from published.gloria_files import gloria_file, small_resnet
from published.published_files import (
    BERT,
    bert_model,
    prefixed,
    resnet_model,
    resnet_weights,
)
from torch.nn import functional as F

from mmcxr.apis import classify, load_published
from mmcxr.apis.inference import similarity_maps
from mmcxr.engine.checkpoint import CheckpointError, UnsafeCheckpoint
from mmcxr.models.heads import GLoRIAPromptHead

FILM = np.random.default_rng(0).integers(0, 256, (50, 41), dtype=np.uint8)
WORDS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'no', 'edema', 'mild', 'pneumo']
PIECES = ['##thorax', '##s', '##ia']
PROMPTS = {'A': ['mild edema', 'no edema'], 'B': ['mild pneumothorax']}


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('gloria')


@pytest.fixture(scope='module')
def vocab(folder):
    path = folder / 'vocab.txt'
    path.write_text('\n'.join(WORDS + PIECES))
    return path


@pytest.fixture(scope='module')
def model(folder, vocab):
    torch.save(gloria_file(), folder / 'r50.ckpt')
    return load_published('gloria', folder / 'r50.ckpt', tokenizer=vocab)


@pytest.fixture(scope='module')
def small(folder, vocab):
    torch.save(gloria_file(18), folder / 'r18.ckpt')
    return load_published('gloria', folder / 'r18.ckpt', tokenizer=vocab)


@torch.no_grad()
def test_image_features_are_those_of_299_pixels(model, small):
    images = torch.randn(2, 3, 64, 64)
    large = F.interpolate(images, (299, 299), mode='bilinear', align_corners=True)
    for ours, theirs in ((model, resnet_model()), (small, small_resnet())):
        parts = list(theirs.children())[:-1]  # all but the classifier
        expected = torch.nn.Sequential(*parts)(large).flatten(1)
        torch.testing.assert_close(
            ours.extract_feat(images), expected, rtol=1e-4, atol=1e-5
        )
    assert small.extract_feat(images).shape == (2, 512)


@torch.no_grad()
def test_words_are_sums_of_their_pieces(model):
    texts = ['pneumothoraxs no edema', 'edema']
    tokens = model.tokenizer(texts)
    assert tokens[0] == [2, 8, 9, 10, 5, 6, 3]
    ids = torch.zeros(2, 9, dtype=torch.int64)
    for row, text in zip(ids, tokens, strict=True):
        row[: len(text)] = torch.tensor(text)
    sentences, words, numbers = model.encode_words(ids, (ids > 0).long())
    hidden = bert_model()(ids, ids > 0, output_hidden_states=True).hidden_states
    layers = torch.stack(hidden[-4:]).sum(0)  # of two there are: embeddings, block
    first = layers[0]
    expected = [first[0], first[1:4].sum(0), first[4], first[5], first[6]]
    expected = torch.stack([*expected, *[torch.zeros(64)] * 4], dim=1)
    torch.testing.assert_close(words[0], expected)
    assert numbers.tolist() == [3, 1]
    torch.testing.assert_close(sentences[0], first[:7].sum(0) / 97)
    torch.testing.assert_close(
        model.encode_text(ids, ids > 0), F.normalize(sentences, dim=1)
    )


@torch.no_grad()
def test_zero_shot_by_a_naive_loop(model):
    found = classify(model, [FILM, FILM.T, FILM[:40]], PROMPTS, standardise=True)
    images = model.preprocess([FILM, FILM.T, FILM[:40]])
    pooled, regions = model.encode_film(images)
    image_embeds = F.normalize(model.image_projection(pooled), dim=1)
    scores = torch.zeros(3, 2)
    for b in range(3):
        for c, texts in enumerate(PROMPTS.values()):
            scores[b, c] = max(
                one_similarity(model, image_embeds[b], regions[b], text)
                for text in texts
            )
    expected = (scores - scores.mean(0)) / scores.std(0, correction=0)
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-3)


def one_similarity(model, image, regions, text):
    ids = torch.tensor(model.tokenizer([text]))
    sentence, words, _ = model.encode_words(ids, torch.ones_like(ids))
    words = words[0].T[1 : 1 + len(text.split())]  # (L, D), without [CLS]
    places = regions.flatten(1).T  # (R, D)
    over_words = torch.softmax(places @ words.T, dim=1)
    attention = torch.softmax(4 * over_words.T, dim=1)
    cosines = [
        F.cosine_similarity(word, weights @ places, dim=0)
        for word, weights in zip(words, attention, strict=True)
    ]
    whole = F.cosine_similarity(image, sentence[0], dim=0)
    return (5 * max(cosines) + whole) / 2


@torch.no_grad()
def test_counting_characters_lets_empty_columns_in(model):
    films = model.encode_image(model.preprocess(FILM)), torch.randn(1, 64, 3, 3)
    scores = {}
    for counts in ('words', 'characters'):
        head = GLoRIAPromptHead(
            PROMPTS, model.tokenizer, similarity='local', word_counts=counts
        ).eval()
        scores[counts] = head.predict(films, model.encode_words)
    assert (scores['characters'] >= 0).all()  # an empty column has cosine 0
    assert not torch.allclose(*scores.values())


def test_global_path_alone(small, vocab):
    assert small.region_projection is None
    reason = small.published['dropped']['img_encoder.local_embedder.weight']
    assert 'global path only' in reason
    table = classify(small, FILM, PROMPTS)
    assert table.shape == (1, 2) and np.allclose(table.sum(axis=1), 1)
    with pytest.raises(ValueError, match="set similarity='global'"):
        classify(small, FILM, PROMPTS, head=dict(similarity='both'))


def test_variants_and_settings(model, folder, vocab):
    assert model.published['variant'] == 'resnet50'
    load_published('gloria', folder / 'r50.ckpt', variant='r50')
    with pytest.raises(CheckpointError, match='is resnet50 by its content, not resn'):
        load_published('gloria', folder / 'r50.ckpt', variant='resnet18')
    steps = [(step['type'], step['size']) for step in model.film_pipeline]
    assert steps == [('mmcxr.FilmFit', 256), ('mmcxr.FilmCenterCrop', 224)]
    text = dict(last_n_layers=2, bert_type='some/other')
    settings = dict(model=dict(text=text), data=dict(image=dict(imsize=320)))
    torch.save(gloria_file(18, settings), folder / 'own.ckpt')
    other = load_published('gloria', folder / 'own.ckpt')
    assert other.num_layers == 2 and other.film_pipeline[0]['size'] == 320
    assert other.tokenizer.config['name'] == 'some/other'
    torch.save(gloria_file(18, dict(model=dict(norm=True))), folder / 'own.ckpt')
    with pytest.raises(ValueError, match='model.norm = True; published is False'):
        load_published('gloria', folder / 'own.ckpt')


@torch.no_grad()
@pytest.mark.parametrize('form', ['bare', 'twice', 'module', 'half'])
def test_forms_of_the_file(form, folder, small):
    weights = gloria_file(18)['state_dict']
    if form == 'bare':
        weights = {key.removeprefix('gloria.'): v for key, v in weights.items()}
    if form in ('twice', 'module'):
        prefix = 'gloria.' if form == 'twice' else 'module.'
        weights = prefixed(prefix, weights)
    if form == 'half':
        weights = {
            k: v.half() if v.is_floating_point() else v for k, v in weights.items()
        }
    torch.save(weights, folder / form)
    found = load_published('gloria', folder / form)
    images = torch.randn(1, 3, 64, 64)
    features, expected = found.extract_feat(images), small.extract_feat(images)
    if form == 'half':
        assert F.cosine_similarity(features, expected) > 0.9999
    else:
        torch.testing.assert_close(features, expected)


class Harm:
    def __reduce__(self):
        return (print, ('executed',))


def test_wrong_files(folder, capsys):
    path = folder / 'wrong.ckpt'
    queue = dict(state_dict=prefixed('module.encoder_q.', resnet_weights()))
    queue['state_dict'] |= prefixed('module.encoder_k.', resnet_weights())
    queue['state_dict']['module.queue'] = torch.ones(128, 8)
    half = gloria_file(18)['state_dict']
    partial = {k: v for k, v in half.items() if 'embedder' in k or 'layer4' not in k}
    no_words = {k: v for k, v in half.items() if 'word_embeddings' not in k}
    norm = 'gloria.img_encoder.model.layer2.0.bn1.weight'
    lacking = {k: v for k, v in half.items() if k != norm}
    for content, message in (
        (resnet_weights(True), 'no gloria checkpoint; by its keys it .* a ResNet'),
        (queue, 'no gloria checkpoint; by its keys it is probably moco_cxr'),
        (partial, 'blocks are those of no known ResNet'),
        (no_words, 'lacks text_encoder.model.embeddings.word_embeddings.weight'),
        (lacking, r'leaves 1 of \d+ entries .* image_backbone.layer2.0.bn1.weight'),
        (half | {norm: torch.ones(9)}, r'\(\[9\] in the file, \[128\] here\)'),
        (
            half | {'gloria.img_encoder.new': torch.ones(9)},
            'unknown .* img_encoder.new',
        ),
        (dict(state_dict={}), 'holds no state dict'),
        ({}, 'holds no state dict'),
    ):
        torch.save(content, path)
        with pytest.raises(ValueError, match=message):
            load_published('gloria', path)
    torch.save(dict(state_dict=Harm()), path)
    with pytest.raises(UnsafeCheckpoint, match='refused: it holds print'):
        load_published('gloria', path)
    assert 'executed' not in capsys.readouterr().out


def test_truncated_zip(folder):
    buffer = io.BytesIO()
    torch.save(gloria_file(18), buffer)
    path = folder / 'cut.ckpt'
    path.write_bytes(buffer.getvalue()[: len(buffer.getvalue()) // 2])
    assert not zipfile.is_zipfile(path)
    with pytest.raises(CheckpointError, match='truncated or damaged'):
        load_published('gloria', path)


def test_tokenizer_is_fetched_when_words_come(small, folder):
    model = load_published('gloria', folder / 'r18.ckpt')
    assert model.tokenizer.config['name'] == 'emilyalsentzer/Bio_ClinicalBERT'
    assert model.text_backbone.bert.config.vocab_size == BERT['vocab_size']


@torch.no_grad()
def test_maps_of_texts_are_of_the_regions(model, small):
    texts = ['mild edema', 'no pneumothorax']
    maps = similarity_maps(model, FILM, texts)
    assert maps.shape == (2, 19, 19) and abs(maps).max() <= 1
    tokens = [torch.tensor(model.tokenizer(texts[1:]))]
    tokens.append(torch.ones_like(tokens[0]))
    _, regions = model.encode_film(model.preprocess(FILM))
    expected = F.cosine_similarity(
        regions[0], model.encode_text(*tokens).T[:, :, None], dim=0
    )
    np.testing.assert_allclose(maps[1], expected, atol=1e-5)
    # Of the small ResNet, which has no regions, the last grid projected as a whole.
    assert similarity_maps(small, FILM, texts).shape == (2, 10, 10)
