"""Generated texts against loops that know no cache, no batch and no padding."""

import json
from dataclasses import FrozenInstanceError, asdict
from itertools import product

import pytest
import torch

from mmcxr.models.backbones.fusion_bert import FusionBert
from mmcxr.models.parts import generation
from mmcxr.models.parts.generation import GenerationSettings, generate_tokens

WORDS, END = 7, 3


def build(seed=0):
    """A model that writes various words and ends some texts early."""
    torch.manual_seed(seed)
    config = dict(
        vocab_size=WORDS,
        hidden_size=16,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=24,
        max_position_embeddings=12,
        tie_word_embeddings=False,  # or the last word would be written again
    )
    model = FusionBert(config, fusion_layer=1).eval()
    for parameter in model.parameters():
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=0.6)
    return model


def batch():
    """Three beginnings of 4, 1 and 2 tokens, padded on the right, and their films."""
    torch.manual_seed(1)
    mask = torch.tensor([[1, 1, 1, 1], [1, 0, 0, 0], [1, 1, 0, 0]])
    ids = torch.randint(4, WORDS, (3, 4)) * mask
    other_mask = torch.tensor([[1] * 5, [1] * 2 + [0] * 3, [1] * 4 + [0]])
    return ids, mask, torch.randn(3, 5, 16), other_mask


def one_by_one(batch):
    """Each text alone, without padding."""
    for ids, mask, others, other_mask in zip(*batch, strict=True):
        yield ids[mask.bool()].tolist(), others[other_mask.bool()][None]


def scores(model, ids, others):
    """Logits of the next token, all read anew."""
    ids = torch.tensor([ids])
    with torch.no_grad():
        return model(ids, torch.ones_like(ids), others)[0, -1].double()


def greedy(model, start, others, settings):
    written = []
    while len(written) < settings.max_tokens and END not in written:
        near = scores(model, start + written, others)
        penalty = settings.repetition_penalty
        for word in set(start + written):
            near[word] *= 1 / penalty if near[word] > 0 else penalty
        if len(written) < settings.min_tokens:
            near[END] = -torch.inf
        written.append(int(near.argmax()))
    return written


def exhaustive(model, start, others, settings):
    """The best of all texts."""
    steps, found = {}, {}
    for text in product(range(WORDS), repeat=settings.max_tokens):
        text = text[: text.index(END) + 1] if END in text else text
        if END in text[: settings.min_tokens]:
            continue
        total = 0
        for end, word in enumerate(text):
            if text[:end] not in steps:
                logits = scores(model, start + list(text[:end]), others)
                steps[text[:end]] = logits.log_softmax(0)
            total += float(steps[text[:end]][word])
        found[text] = total / len(text) ** settings.length_penalty
    return list(max(found, key=found.get))


def written(rows):
    """Tokens up to the end; behind it there is padding alone."""
    texts = []
    for row in rows.tolist():
        length = row.index(END) + 1 if END in row else len(row)
        assert not any(row[length:])
        texts.append(row[:length])
    return texts


def generate(model, batch, settings):
    ids, mask, others, other_mask = batch
    return generate_tokens(model.lm, ids, mask, others, settings, END, other_mask)


@pytest.mark.parametrize('seed', [1, 2, 6])
@pytest.mark.parametrize('minimum', [0, 4])
def test_greedy_takes_the_likeliest(seed, minimum):
    model, settings = build(seed), GenerationSettings(8, minimum)
    expected = [greedy(model, *one, settings) for one in one_by_one(batch())]
    found = generate(model, batch(), settings)
    assert written(found) == expected
    assert found.shape == (3, max(map(len, expected)))


@pytest.mark.parametrize('seed', [1, 2])
@pytest.mark.parametrize('minimum', [0, 2])
@pytest.mark.parametrize('length_penalty', [0.0, 1.0, 2.0])
def test_beams_that_cover_all_texts_find_the_best(seed, minimum, length_penalty):
    model = build(seed)
    settings = GenerationSettings(3, minimum, WORDS**2, length_penalty)
    expected = [exhaustive(model, *one, settings) for one in one_by_one(batch())]
    assert written(generate(model, batch(), settings)) == expected


@pytest.mark.parametrize('penalty', [0.5, 3.0])
def test_repetition_is_penalised(penalty):
    model = build(3)
    settings = GenerationSettings(8, repetition_penalty=penalty)
    ids, _, others, other_mask = batch()
    whole = ids[:, :1], torch.ones(3, 1, dtype=torch.long), others, other_mask
    expected = [greedy(model, *one, settings) for one in one_by_one(whole)]
    assert written(generate(model, whole, settings)) == expected
    plain = generate(model, whole, GenerationSettings(8))
    assert written(plain) != expected


@pytest.mark.parametrize('beams', [1, 3])
def test_padding_on_either_side(beams):
    model, settings = build(1), GenerationSettings(6, num_beams=beams)
    ids, mask, *films = batch()
    right = generate(model, (ids, mask, *films), settings)
    assert torch.equal(generate(model, (ids, mask, *films), settings), right)
    free = [int(row.sum()) - len(row) for row in mask]
    left = [
        torch.stack([row.roll(-n) for row, n in zip(rows, free, strict=True)])
        for rows in (ids, mask)
    ]
    assert left[1][1].tolist() == [0, 0, 0, 1]
    assert torch.equal(generate(model, (*left, *films), settings), right)


def test_cached_scores_are_those_without_a_cache():
    model = build().double()
    ids, _, others, other_mask = batch()
    films = dict(encoder_hidden_states=others.double())
    films['encoder_attention_mask'] = other_mask
    ones, cache = torch.ones_like(ids), generation._cache(model.lm)
    whole = model(ids, ones, others.double(), other_mask)
    for place in range(ids.shape[1]):
        seen = ones[:, : place + 1]
        last = ids[:, place : place + 1]
        step = model.lm(input_ids=last, attention_mask=seen, **films, **cache)
        torch.testing.assert_close(step.logits[:, 0], whole[:, place])


def test_too_long_for_the_positions():
    model, batch_ = build(), batch()
    assert generate(model, batch_, GenerationSettings(9, 9)).shape == (3, 9)
    with pytest.raises(ValueError, match='4 tokens and max_tokens=10.*12 positions'):
        generate(model, batch_, GenerationSettings(10))


def test_settings_are_plain_numbers():
    settings = GenerationSettings(60, num_beams=4, length_penalty=0.6)
    assert GenerationSettings(**json.loads(json.dumps(asdict(settings)))) == settings
    with pytest.raises(FrozenInstanceError):
        settings.num_beams = 1


@pytest.mark.parametrize(
    ('values', 'message'),
    [
        (dict(max_tokens=0), 'max_tokens is 0'),
        (dict(max_tokens=5, min_tokens=6), 'min_tokens is 6'),
        (dict(num_beams=0), 'num_beams is 0'),
        (dict(length_penalty=0.6), 'length_penalty is 0.6; it must be 1 where'),
        (dict(repetition_penalty=0), 'repetition_penalty is 0; it must be positive'),
    ],
)
def test_impossible_settings(values, message):
    with pytest.raises(ValueError, match=message):
        GenerationSettings(**values)
