"""What holds for every method: the contract of ``mmcxr.models.algorithms.method``."""
# ruff: noqa: F811  (fixtures of another folder)

import inspect

import numpy as np
import pytest
import torch
from models.conftest import (
    BERT,
    MASKED_VIT,
    PIXEL_DECODER,
    VIT,
    VOCAB,
    WIDTH,
    make_inputs,  # noqa: F401
    make_records,  # noqa: F401
)
from ranks import run_ranks
from torch.nn.parallel import DistributedDataParallel

from mmcxr.engine.hooks.micro_batch_hook import encode_in_pieces
from mmcxr.models.algorithms.method import Encoded, EncoderSpec, Method
from mmcxr.models.necks.pooling import pool_features
from mmcxr.registry import MODELS

TEXT = dict(
    type='BertEncoder',
    config=dict(BERT, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0),
)
PAIR = dict(
    image_backbone=VIT,
    text_backbone=TEXT,
    image_channels=24,
    text_channels=WIDTH,
    embed_dims=16,
)
SMALL = {
    'CXRCLIP': PAIR,
    'ConVIRT': PAIR,
    'GLoRIA': dict(
        image_backbone=dict(
            type='mmpretrain.ResNet',
            depth=18,
            base_channels=8,
            out_indices=(2, 3),
            norm_eval=True,  # batch statistics belong to one process
        ),
        text_backbone=TEXT,
        image_channels=64,
        region_channels=32,
        embed_dims=WIDTH,
        encoder_size=64,
        num_layers=1,
    ),
    'REFERS': dict(
        image_backbone=dict(VIT, out_type='raw'),
        text_backbone=dict(TEXT, pooling='pooler'),
        view_fusion=dict(type='ViewFusion', channels=24),
        report_decoder=dict(
            type='ReportDecoder',
            in_channels=24,
            embed_dims=32,
            num_heads=2,
            feedforward_channels=40,
            vocab_size=VOCAB,
            max_length=12,
            drop_rate=0.0,
        ),
        image_channels=24,
        text_channels=WIDTH,
    ),
    'MRM': dict(
        backbone=MASKED_VIT,
        image_decoder=PIXEL_DECODER,
        report_model=dict(type='ReportModel', config=TEXT['config']),
    ),
    'MoCo': dict(
        backbone=VIT,
        projection=dict(type='TwoLayerProjection', in_channels=24, out_channels=16),
        queue_length=24,
        momentum=0.9,
    ),
    'FilmClassifier': dict(
        backbone=VIT,
        head=dict(type='MultiLabelHead', num_classes=3, in_channels=24),
    ),
    'FilmEncoder': dict(backbone=VIT),
}
TRAINED = [name for name in SMALL if name != 'FilmEncoder']
PIECEWISE = ['CXRCLIP', 'ConVIRT', 'GLoRIA', 'REFERS']
PAIRS = 6


class Words:
    """A tokenizer whose ids over 50 continue a word."""

    def is_piece(self):
        return np.arange(VOCAB) > 50


def make(name, seed=0):
    torch.manual_seed(seed)
    model = MODELS.build(dict(SMALL[name], type=name))
    model.init_weights()
    model.tokenizer = Words()
    return model.train()


def batch(name, make_inputs, make_records):
    """Inputs and data samples that the method is trained on."""
    from mmengine.structures import BaseDataElement

    views = dict(REFERS=3, MoCo=2).get(name, 1)
    inputs = make_inputs(studies=PAIRS, views=views, texts=1)
    if name == 'MRM':
        inputs = make_records(pairs=PAIRS)
    if name.startswith('Film'):
        inputs = dict(image=inputs['image'][:, 0])
    if name == 'REFERS':
        words = torch.randint(1, VOCAB, (PAIRS, 8), generator=torch.manual_seed(2))
        inputs['word_ids'] = words
    labels = (torch.arange(PAIRS)[:, None] >> torch.arange(3)) & 1
    samples = [BaseDataElement(gt_label=label.float()) for label in labels]
    return inputs, samples


def total(losses):
    return sum(value for name, value in losses.items() if 'loss' in name)


def take_steps(model, inputs, samples, number, wrapped=None):
    """Plain steps of SGD, after each of which the method may follow; the losses."""
    optimizer = torch.optim.SGD(
        [p for p in model.parameters() if p.requires_grad], 0.02
    )
    found = []
    for _ in range(number):
        loss = total((wrapped or model)(inputs, samples, mode='loss'))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        model.after_update()
        found.append(loss.item())
    return found


def test_every_method_is_here():
    registered = {
        name
        for name, kind in MODELS.module_dict.items()
        if isinstance(kind, type)
        and issubclass(kind, Method)
        and kind.__module__.startswith('mmcxr.')
    }
    assert registered == set(SMALL)
    kinds = {name: MODELS.module_dict[name] for name in registered}
    assert {n for n, k in kinds.items() if hasattr(k, 'piecewise')} == set(PIECEWISE)


@pytest.mark.parametrize('name', SMALL)
def test_the_contract(name, make_inputs, make_records):
    """One forward for all; a small model encodes, predicts and tells of its encoder."""
    model = make(name).eval()
    assert type(model).forward is Method.forward
    inputs, samples = batch(name, make_inputs, make_records)
    encoded = model.encode(inputs)
    assert isinstance(encoded, Encoded)
    predicted = model(inputs, samples, mode='predict')
    assert [id(sample) for sample in predicted] == [id(sample) for sample in samples]
    with pytest.raises(ValueError, match='it must be loss, tensor or predict'):
        model(inputs, mode='train')
    assert list(inspect.signature(type(model).loss).parameters)[1:3] == [
        'encoded',
        'inputs',
    ]


@pytest.mark.parametrize('name', SMALL)
def test_encoder_spec_builds_the_encoder_that_is_probed(name):
    model = make(name).eval()
    spec = type(model).encoder_spec(dict(SMALL[name], type=name))
    assert isinstance(spec, EncoderSpec)
    backbone = MODELS.build({**spec.backbone, 'init_cfg': None})
    backbone.eval()  # of some it returns nothing
    weights = {
        key.removeprefix(spec.prefix): value
        for key, value in model.state_dict().items()
        if key.startswith(spec.prefix)
    }
    left = [pattern.rstrip('*') for pattern in spec.left_out]
    weights = {k: v for k, v in weights.items() if not k.startswith(tuple(left))}
    backbone.load_state_dict(weights)
    size = (48, 80) if name == 'MRM' else (64, 64)
    films = torch.randn(2, 3, *size)
    expected = model.extract_feat(films)
    found = pool_features(backbone(films), spec.pooling)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize('name', TRAINED)
def test_loss_is_finite_and_falls(name, make_inputs, make_records):
    model = make(name)
    found = take_steps(model, *batch(name, make_inputs, make_records), 12)
    assert np.isfinite(found).all()
    # Keys of the queue replace random ones meanwhile: later losses of MoCo are harder.
    start = found[5] if name == 'MoCo' else found[0]
    assert min(found[-3:]) < start


@pytest.mark.parametrize('name', PIECEWISE)
def test_micro_batches_equal_the_whole_batch(name, make_inputs, make_records):
    inputs, samples = batch(name, make_inputs, make_records)
    found = []
    for size in (None, 4):
        model, seen = make(name), []
        model.image_backbone.register_forward_pre_hook(
            lambda _, films, seen=seen: seen.append(len(films[0]))
        )
        if size is not None:
            encode_in_pieces(model, size)
        loss = total(model(inputs, samples, mode='loss'))
        forward = list(seen)
        loss.backward()
        slopes = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
        found.append((loss.detach(), slopes))
    torch.testing.assert_close(*found, rtol=1e-4, atol=2e-5)
    views = dict(REFERS=3).get(name, 1)
    assert forward == [4 * views, 2 * views]  # six studies, four at a time


@pytest.mark.parametrize('name', TRAINED)
def test_a_state_dict_resumes_bit_for_bit(name, make_inputs, make_records):
    data = batch(name, make_inputs, make_records)
    model, other = make(name), make(name, seed=1)
    take_steps(model, *data, 2)
    other.load_state_dict(model.state_dict())
    assert take_steps(other, *data, 2) == take_steps(model, *data, 2)
    for key, value in model.state_dict().items():
        assert torch.equal(value, other.state_dict()[key]), key


def rank_steps(rank, world, name, inputs, samples):
    torch.manual_seed(0)
    model = make(name)
    part = {key: value.chunk(world)[rank] for key, value in inputs.items()}
    rows = len(samples) // world
    wrapped = DistributedDataParallel(model, find_unused_parameters=True)
    own = samples[rank * rows : (rank + 1) * rows]
    losses = take_steps(model, part, own, 2, wrapped)
    state = {k: v for k, v in model.state_dict().items() if v.is_floating_point()}
    return torch.tensor(losses), state


@pytest.mark.dist
@pytest.mark.parametrize('name', TRAINED)
def test_two_ranks_equal_one_process(name, make_inputs, make_records, tmp_path):
    inputs, samples = batch(name, make_inputs, make_records)
    model = make(name)
    expected = torch.tensor(take_steps(model, inputs, samples, 2))
    ranks = run_ranks(rank_steps, 2, tmp_path, name, inputs, samples)
    mean = torch.stack([losses for losses, _ in ranks]).mean(0)
    torch.testing.assert_close(mean, expected, rtol=1e-4, atol=1e-5)
    state = model.state_dict()
    for _, found in ranks:
        for key, value in found.items():
            torch.testing.assert_close(value, state[key], rtol=1e-3, atol=1e-5)
