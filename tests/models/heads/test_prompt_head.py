import math

import pytest
import torch
from torch.nn import functional as F

from mmcxr.models.heads import PromptHead
from mmcxr.models.heads.prompt_head import pad_tokens

MULTILABEL = {
    'Edema': dict(pos=['edema', 'mild edema'], neg=['no edema']),
    'Mass': dict(pos=['a mass'], neg=['no mass', 'lungs are free of masses']),
}
MULTICLASS = {'A': ['one', 'two words', 'three'], 'B': ['four'], 'C': ['five', 'six']}


class Letters:
    """A token per letter; notes what it was asked."""

    pad_token_id = 0

    def __init__(self):
        self.asked = []

    def __call__(self, texts, max_length=256):
        self.asked.append(list(texts))
        return [[ord(letter) for letter in text][:max_length] for text in texts]


class Encoder:
    """A unit vector per text that depends on its letters; counts its calls."""

    def __init__(self):
        self.sizes = []

    def __call__(self, input_ids, attention_mask):
        self.sizes.append(len(input_ids))
        letters = (input_ids * attention_mask).double()
        turns = torch.arange(1, 7).double()
        angles = letters.sum(1, keepdim=True) * turns + attention_mask.sum(1)[:, None]
        return F.normalize(angles.sin(), dim=-1)


def embed(text):
    ids = torch.tensor([[ord(letter) for letter in text]])
    return Encoder()(ids, torch.ones_like(ids))[0]


FILMS = F.normalize(torch.randn(5, 6, generator=torch.Generator().manual_seed(0)))
FILMS = FILMS.double()


def head(prompts=MULTILABEL, **options):
    return PromptHead(prompts, Letters(), **options).eval()


def pooled(film, texts, pooling):
    cosines = [float(film @ embed(text)) for text in texts]
    return max(cosines) if pooling == 'max' else sum(cosines) / len(cosines)


@pytest.mark.parametrize('temperature', [None, 0.07])
@pytest.mark.parametrize('pooling', ['mean', 'max'])
def test_multilabel_against_a_loop(pooling, temperature):
    scores = head(pooling=pooling, temperature=temperature).predict(FILMS, Encoder())
    for row, film in zip(scores, FILMS, strict=True):
        for score, prompts in zip(row, MULTILABEL.values(), strict=True):
            pos = pooled(film, prompts['pos'], pooling) / (temperature or 1)
            neg = pooled(film, prompts['neg'], pooling) / (temperature or 1)
            expected = math.exp(pos) / (math.exp(pos) + math.exp(neg))
            assert score.item() == pytest.approx(expected)


@pytest.mark.parametrize('pooling', ['mean', 'max'])
def test_multiclass_against_a_loop(pooling):
    scores = head(MULTICLASS, mode='multiclass', pooling=pooling)
    scores = scores.predict(FILMS, Encoder())
    expected = [
        [pooled(film, texts, pooling) for texts in MULTICLASS.values()]
        for film in FILMS
    ]
    torch.testing.assert_close(scores, torch.tensor(expected).double())


def test_multiclass_with_temperature_is_a_distribution():
    options = dict(prompts=MULTICLASS, mode='multiclass')
    cosines = head(**options).predict(FILMS, Encoder())
    scores = head(**options, temperature=0.1).predict(FILMS, Encoder())
    torch.testing.assert_close(scores.sum(1), torch.ones(5).double())
    assert torch.equal(scores.argmax(1), cosines.argmax(1))


def test_ensemble_of_embeddings():
    scores = head(MULTICLASS, mode='multiclass', ensemble='embeddings')
    scores = scores.predict(FILMS, Encoder())
    means = [
        F.normalize(torch.stack([embed(t) for t in texts]).mean(0), dim=0)
        for texts in MULTICLASS.values()
    ]
    torch.testing.assert_close(scores, FILMS @ torch.stack(means).T)


def test_ranks_by_difference_of_cosines():
    """The published multi-label score is monotone in cos(pos) - cos(neg)."""
    prompts = {'Edema': dict(pos=['edema'], neg=['no edema'])}
    scores = head(prompts).predict(FILMS, Encoder())[:, 0]
    difference = FILMS @ (embed('edema') - embed('no edema'))
    assert torch.equal(scores.argsort(), difference.argsort())


def test_chunks_equal_the_whole():
    encoder = Encoder()
    whole = head().predict(FILMS, Encoder())
    chunked = head(batch_size=4).predict(FILMS, encoder)
    torch.testing.assert_close(chunked, whole)
    assert encoder.sizes == [4, 2]


def test_prompts_are_encoded_once_per_mode():
    prompt_head, encoder = head(), Encoder()
    for _ in range(3):
        prompt_head.predict(FILMS, encoder)
    assert len(encoder.sizes) == 1
    prompt_head.eval()  # averaged weights may have been swapped in
    prompt_head.predict(FILMS, encoder)
    assert len(encoder.sizes) == 2
    prompt_head.load_state_dict({})
    prompt_head.predict(FILMS, encoder)
    assert len(encoder.sizes) == 3
    prompt_head.train()
    for _ in range(2):
        prompt_head.predict(FILMS, encoder)  # weights change between steps
    assert len(encoder.sizes) == 5


def test_long_prompts_are_cut():
    prompt_head = head({'A': ['x' * 30, 'y']}, mode='multiclass', max_length=7)
    lengths = []

    def encode(input_ids, attention_mask):
        lengths.append(attention_mask.sum(1).tolist())
        return Encoder()(input_ids, attention_mask)

    prompt_head.predict(FILMS, encode)
    assert lengths == [[7, 1]]


def test_padding():
    ids, mask = pad_tokens([[5, 6, 7], [8]], pad_token_id=9)
    assert ids.tolist() == [[5, 6, 7], [8, 9, 9]]
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0]]


@pytest.mark.parametrize(
    ('prompts', 'mode', 'message'),
    [
        ({}, 'multilabel', 'empty'),
        ({'Edema': ['edema']}, 'multilabel', "prompts['Edema'] must be dict(pos"),
        ({'Edema': dict(pos=['edema'])}, 'multilabel', "prompts['Edema'] must be"),
        (
            {'Edema': dict(pos='edema', neg=['no edema'])},
            'multilabel',
            "prompts['Edema']['pos'] must be a list of sentences",
        ),
        ({'Edema': 'edema'}, 'multiclass', "prompts['Edema'] must be a list"),
        ({'Edema': []}, 'multiclass', "prompts['Edema'] must be a list"),
        ({'Edema': dict(pos=['edema'], neg=['x'])}, 'multiclass', 'must be a list'),
    ],
)
def test_wrong_prompts_are_named(prompts, mode, message):
    with pytest.raises(ValueError) as caught:
        head(prompts, mode=mode)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(mode='binary'), 'mode'),
        (dict(pooling='sum'), 'pooling'),
        (dict(ensemble='texts'), 'ensemble'),
        (dict(ensemble='embeddings', pooling='max'), 'similarity'),
        (dict(temperature=0.0), 'temperature'),
    ],
)
def test_impossible_options(options, message):
    with pytest.raises(ValueError, match=message):
        head(**options)
