"""Texts in groups of like length, and padded to a multiple: the same numbers."""

import pytest
import torch
from torch.nn import functional as F

from mmcxr.datasets.collate import collate_studies


def batch(lengths, seed=0, **options):
    """Studies of one film and as many texts as there are lengths in a row."""
    generator = torch.Generator().manual_seed(seed)
    samples = []
    for row in lengths:
        texts = [torch.randint(3, 61, (n,), generator=generator) for n in row]
        film = torch.randint(0, 256, (1, 1, 64, 64), generator=generator)
        inputs = dict(image=film.byte(), input_ids=texts)
        samples.append(dict(inputs=inputs, data_samples={}))
    inputs = collate_studies(samples, **options)['inputs']
    inputs['image'] = inputs['image'].expand(-1, -1, 3, -1, -1) / 255
    return inputs


LENGTHS = [(4, 20), (3, 7), (31, 5), (6, 6), (12, 3)]


def test_groups_are_of_like_length():
    inputs = batch(LENGTHS, text_groups=4, pad_to_multiple=8)
    assert inputs['text_groups'] == [(5, 8), (2, 8), (1, 16), (2, 32)]
    assert all(type(n) is int for group in inputs['text_groups'] for n in group)
    lengths = inputs['attention_mask'].flatten(0, 1).sum(1)[inputs['text_order']]
    assert lengths.tolist() == sorted(n for row in LENGTHS for n in row)
    assert inputs['input_ids'].shape == (5, 2, 32)
    assert 'text_order' not in batch(LENGTHS)
    more = batch(LENGTHS, text_groups=99)
    assert more['text_groups'] == [(5, 6), (2, 7), (1, 12), (1, 20), (1, 31)]


@pytest.mark.parametrize(
    ('multiple', 'length'), [(1, 31), (8, 32), (16, 32), (31, 31), (39, 39)]
)
def test_longest_is_rounded_up(multiple, length):
    inputs = batch(LENGTHS, pad_to_multiple=multiple)
    assert inputs['input_ids'].shape == inputs['attention_mask'].shape == (5, 2, length)


@pytest.mark.parametrize(
    'options',
    [
        dict(pad_to_multiple=8),
        dict(pad_to=40),
        dict(text_groups=4),
        dict(text_groups=3, pad_to_multiple=16),
        dict(text_groups=99),
    ],
    ids=str,
)
@pytest.mark.parametrize('micro_batch', [None, 2])
@pytest.mark.parametrize('pooling', ['eos', 'mean'])
def test_losses_and_gradients_do_not_depend_on_padding(
    make_vit_clip, bert_config, options, micro_batch, pooling
):
    found = []
    for inputs in (batch(LENGTHS), batch(LENGTHS, **options)):
        model = make_vit_clip(dropout=0.0, micro_batch=micro_batch).train()
        model.text_backbone.pooling = pooling
        losses = model(inputs, mode='loss')
        losses['loss'].backward()
        slopes = {name: p.grad for name, p in model.named_parameters()}
        found.append((model(inputs), losses, slopes))
    torch.testing.assert_close(*found, rtol=1e-4, atol=5e-6)


def test_one_text_a_study(make_vit_clip):
    model = make_vit_clip().eval()
    inputs = batch([(9,), (4,), (17,)], text_groups=2)
    expected = model(inputs)[1][:, 0]
    flat = {
        name: value[:, 0] if name in ('image', 'input_ids', 'attention_mask') else value
        for name, value in inputs.items()
    }
    torch.testing.assert_close(model(flat)[1], expected)
    plain = F.normalize(expected, dim=-1)
    torch.testing.assert_close(plain, expected)


def test_options_that_exclude_each_other():
    with pytest.raises(ValueError, match='pad_to gives every batch one length'):
        batch(LENGTHS, pad_to=40, text_groups=2)
    with pytest.raises(ValueError, match='pad_to gives every batch one length'):
        batch(LENGTHS, pad_to=40, pad_to_multiple=8)
