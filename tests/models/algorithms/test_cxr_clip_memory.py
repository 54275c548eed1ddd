"""Micro-batches: the loss and all gradients of the whole batch, in less memory."""

from types import SimpleNamespace

import pytest
import torch
from ranks import run_ranks
from torch.nn.parallel import DistributedDataParallel

from mmcxr import recompute
from mmcxr.engine.hooks import MicroBatchHook

STUDIES = 8


def losses_and_slopes(model, inputs, seed=5):
    """Losses, and the gradient of every parameter."""
    model = model.train()
    model.zero_grad()
    torch.manual_seed(seed)
    losses = model(inputs, mode='loss')
    losses['loss'].backward()
    losses = {name: value.detach() for name, value in losses.items()}
    model = getattr(model, 'module', model)
    return losses, {name: p.grad.clone() for name, p in model.named_parameters()}


def close(found, expected):
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=2e-6)


SWITCHES = [
    dict(),
    dict(pair_loss='sigmoid', temperature=0.1),
    dict(label_smoothing=0.1),
    dict(separate_passes=True),
]


@pytest.mark.parametrize('options', SWITCHES, ids=str)
def test_four_micro_batches_equal_one_batch(
    make_vit_clip, make_inputs, options, rows_at_once
):
    inputs = make_inputs(studies=STUDIES, views=2, texts=3)
    whole = make_vit_clip(dropout=0.0, **options)
    parts = make_vit_clip(dropout=0.0, micro_batch=2, **options)
    expected = losses_and_slopes(whole, inputs)
    rows_at_once(3)
    found = losses_and_slopes(parts, inputs)
    close(found, expected)
    assert expected[1]['logit_scale'] != 0
    assert ('logit_bias' in expected[1]) == ('pair_loss' in options)


def test_micro_batches_that_do_not_divide_the_batch(make_vit_clip, make_inputs):
    inputs = make_inputs(studies=5, views=1, texts=1)
    inputs = {name: value[:, 0] for name, value in inputs.items()}
    models = make_vit_clip(dropout=0.0, micro_batch=3), make_vit_clip(dropout=0.0)
    close(*(losses_and_slopes(model, inputs) for model in models))


def test_bfloat16_is_the_same_in_both_passes(make_vit_clip, make_inputs):
    inputs = make_inputs(studies=STUDIES)
    with torch.autocast('cpu', torch.bfloat16):
        whole = losses_and_slopes(make_vit_clip(dropout=0.0), inputs)
    model = make_vit_clip(dropout=0.0, micro_batch=2).train()
    with torch.autocast('cpu', torch.bfloat16):
        loss = model(inputs, mode='loss')['loss']
    loss.backward()  # outside of autocast, as the training loop does
    slopes = {name: p.grad for name, p in model.named_parameters()}
    norm = torch.cat([g.flatten() for g in whole[1].values()]).norm()
    for name, slope in slopes.items():
        assert (slope - whole[1][name]).norm() < 0.02 * norm, name


def test_dropout_is_the_same_in_both_passes(make_clip, make_inputs, monkeypatch):
    """Also batch statistics, which are counted once."""
    inputs = make_inputs(studies=STUDIES)
    model = make_clip(dropout=0.3, micro_batch=3)
    found = losses_and_slopes(model, inputs)
    other = make_clip(dropout=0.3, micro_batch=3)
    with monkeypatch.context() as patch:
        patch.setattr(recompute, 'recomputed', lambda encode, *x, modules: encode(*x))
        expected = losses_and_slopes(other, inputs)
        another = losses_and_slopes(other, inputs, seed=6)
    close(found, expected)
    assert not torch.isclose(another[0]['loss'], found[0]['loss'])
    assert model.image_backbone.bn1.num_batches_tracked == 3
    losses_and_slopes(other, inputs)  # as the other model below: seeds 5, 6, 5
    losses_and_slopes(model, inputs, seed=6)
    losses_and_slopes(model, inputs)
    close(model.state_dict(), other.state_dict())


def kept_bytes(model, inputs):
    """What the forward pass keeps for the backward pass beside what it was given."""
    kept = {}
    given = [*model.parameters(), *inputs.values()]
    given = {tensor.untyped_storage().data_ptr() for tensor in given}

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in given:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        model.train()(inputs, mode='loss')
    return sum(kept.values())


def test_activations_are_not_kept(make_vit_clip, make_inputs):
    inputs = make_inputs(studies=STUDIES)
    whole = kept_bytes(make_vit_clip(), inputs)
    parts = kept_bytes(make_vit_clip(micro_batch=2), inputs)
    assert parts < 0.2 * whole


def rank_slopes(rank, world, model, inputs):
    """What a rank computes of its part under DistributedDataParallel."""
    part = {name: value.chunk(world)[rank] for name, value in inputs.items()}
    return losses_and_slopes(DistributedDataParallel(model), part)


@pytest.mark.dist
@pytest.mark.parametrize('options', SWITCHES[:3], ids=str)
def test_two_ranks_of_micro_batches_equal_one_batch(
    make_vit_clip, make_inputs, tmp_path, options, rows_at_once
):
    inputs = make_inputs(studies=STUDIES)
    whole = losses_and_slopes(make_vit_clip(dropout=0.0, **options), inputs)
    parts = make_vit_clip(dropout=0.0, micro_batch=1, **options)
    rows_at_once(3)
    ranks = run_ranks(rank_slopes, 2, tmp_path, parts, inputs)
    for _, slopes in ranks:
        close(slopes, whole[1])
    mean = {name: (ranks[0][0][name] + ranks[1][0][name]) / 2 for name in whole[0]}
    close(mean, whole[0])


def test_options_that_do_not_exist(make_vit_clip):
    with pytest.raises(ValueError, match='pair_loss'):
        make_vit_clip(pair_loss='softmax')
    with pytest.raises(ValueError, match='micro_batch is 0'):
        MicroBatchHook(0)
    with pytest.raises(ValueError, match='label_smoothing'):
        make_vit_clip(pair_loss='sigmoid', label_smoothing=0.1)


def test_a_method_that_encodes_no_studies_says_so(make_mrm):
    runner = SimpleNamespace(model=make_mrm())
    with pytest.raises(ValueError, match='MRM does not encode study by study'):
        MicroBatchHook(2).before_train(runner)
