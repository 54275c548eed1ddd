"""Texts joined into rows, and padded to a multiple: the same numbers."""

import pytest
import torch
from torch.nn import functional as F

from mmcxr.datasets.collate import collate_studies
from mmcxr.models.backbones.text_rows import padded_texts, tokens_of_rows
from mmcxr.registry import MODELS


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
        dict(join_texts=True),
        dict(join_texts=True, pad_to_multiple=16, count_multiple=5),
        dict(join_texts=True, pad_to=40),
    ],
    ids=str,
)
@pytest.mark.parametrize('micro_batch', [None, 2])
@pytest.mark.parametrize('pooling', ['eos', 'bos', 'mean', 'max'])
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
    inputs = batch([(9,), (4,), (17,)], join_texts=True)
    expected = model(inputs)[1][:, 0]
    flat = {
        name: value if name == 'text_rows' else value[:, 0]
        for name, value in inputs.items()
    }
    torch.testing.assert_close(model(flat)[1], expected)
    plain = F.normalize(expected, dim=-1)
    torch.testing.assert_close(plain, expected)


def test_options_that_exclude_each_other():
    with pytest.raises(ValueError, match='pad_to gives every batch one length'):
        batch(LENGTHS, pad_to=40, pad_to_multiple=8)


def test_gradients_through_rows_reach_every_token(bert_config):
    """Against each text encoded alone, without padding, in double precision."""
    torch.manual_seed(0)
    encoder = MODELS.build(dict(bert_config, pooling='mean')).double().eval()
    inputs = batch(LENGTHS, join_texts=True, count_multiple=3)
    ids, mask = (inputs[name].flatten(0, 1) for name in ('input_ids', 'attention_mask'))
    rows = inputs['text_rows']
    found = []
    for joined in (True, False):
        encoder.zero_grad()
        if joined:
            hidden = encoder.encode_rows(*tokens_of_rows(ids, rows))
            pooled = encoder.pool(padded_texts(hidden, rows, len(ids)), mask)
        else:
            alone = [ids[i : i + 1, : mask[i].sum()] for i in range(len(ids))]
            pooled = torch.cat([encoder(text, torch.ones_like(text)) for text in alone])
        pooled.sin().sum().backward()
        slopes = {name: p.grad.clone() for name, p in encoder.named_parameters()}
        found.append((pooled, slopes))
    torch.testing.assert_close(*found, rtol=1e-9, atol=1e-11)


def test_dropout_and_recomputed_rows(make_vit_clip):
    """Pieces of rows are made again with the same dropout."""
    inputs = batch(LENGTHS, join_texts=True)
    found = []
    for seed in (3, 3, 4):
        model = make_vit_clip(dropout=0.3, micro_batch=2).train()
        torch.manual_seed(seed)
        model(inputs, mode='loss')['loss'].backward()
        weight = model.text_backbone.bert.encoder.layer[0].output.dense.weight
        found.append(weight.grad)
    assert torch.equal(found[0], found[1]) and not torch.equal(found[0], found[2])


def test_encoders_that_take_no_rows_say_so(make_vit_clip):
    text = dict(vocab_size=61, hidden_size=32, num_hidden_layers=1)
    text.update(intermediate_size=48, num_attention_heads=2, eos_token_id=60)
    model = make_vit_clip(
        text_backbone=dict(type='CLIPTextEncoder', config=text, out_channels=32)
    )
    with pytest.raises(ValueError, match='CLIPTextEncoder encodes each text by itself'):
        model(batch(LENGTHS, join_texts=True))
