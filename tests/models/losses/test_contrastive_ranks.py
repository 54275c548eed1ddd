"""Contrastive losses of several processes equal those of one (gloo, CPU)."""

import numpy as np
import pytest
import torch
from ranks import run_ranks
from torch.nn import functional as F

from mmcxr.models.losses import contrastive
from mmcxr.models.losses.contrastive import (
    clip_loss,
    multi_view_clip_loss,
    multi_view_siglip_loss,
    siglip_loss,
)

N, V, T, D = 12, 2, 3, 7


def leaf_grads(loss, **leaves):
    loss.backward()
    grads = {f'grad_{name}': leaf.grad for name, leaf in leaves.items()}
    return dict(loss=loss.detach(), **grads)


def clip_rank(rank, world, image, text, scale):
    """Loss and gradients of this rank's rows, and the shapes of its logits."""
    shapes, original = [], F.cross_entropy
    contrastive.F.cross_entropy = lambda logits, *args, **options: (
        shapes.append(tuple(logits.shape)) or original(logits, *args, **options)
    )
    image, text = (x.chunk(world)[rank].clone() for x in (image, text))
    leaves = dict(image=image, text=text, scale=torch.tensor(scale))
    for leaf in leaves.values():
        leaf.requires_grad_()
    loss = clip_loss(leaves['image'], leaves['text'], leaves['scale'])
    contrastive.F.cross_entropy = original
    return dict(leaf_grads(loss, **leaves), shapes=shapes)


@pytest.fixture(scope='module')
def golden(shared_dir):
    with np.load(shared_dir / 'golden/open_clip/losses/outputs.npz') as stored:
        return {name: torch.from_numpy(stored[name]) for name in stored.files}


def close(actual, expected):
    torch.testing.assert_close(
        actual, expected.to(actual.dtype), rtol=1e-5, atol=2e-6, check_dtype=False
    )


SCALE = 14.285714  # of the fixture


def test_one_process_equals_open_clip(golden):
    result = clip_rank(0, 1, golden['in_image'], golden['in_text'], SCALE)
    for name in ('loss', 'grad_image', 'grad_text', 'grad_scale'):
        close(result[name], golden[f'clip_w1_{name}'])


@pytest.mark.dist
@pytest.mark.parametrize('world', [2, 3])
def test_ranks_equal_open_clip(golden, tmp_path, world):
    pairs = golden['in_image'], golden['in_text']
    ranks = run_ranks(clip_rank, world, tmp_path, *pairs, SCALE)
    for rank, result in enumerate(ranks):
        for name in ('loss', 'grad_image', 'grad_text', 'grad_scale'):
            stored = golden[f'clip_w{world}_local1_grad1_rank{rank}_{name}']
            close(result[name], stored)
        assert result['shapes'] == [(12 // world, 12)] * 2

    mean_loss = torch.stack([r['loss'] for r in ranks]).mean()
    close(mean_loss, golden['clip_w1_loss'])
    for name in ('grad_image', 'grad_text'):
        whole = torch.cat([r[name] for r in ranks]) / world
        close(whole, golden[f'clip_w1_{name}'])
    mean_scale = torch.stack([r['grad_scale'] for r in ranks]).mean()
    close(mean_scale, golden['clip_w1_grad_scale'])


def siglip_rank(rank, world, image, text):
    """Loss and gradients of this rank's rows."""
    image, text = (x.chunk(world)[rank].clone() for x in (image, text))
    leaves = dict(image=image, text=text)
    leaves.update(scale=torch.tensor(10.0), bias=torch.tensor(-10.0))
    for leaf in leaves.values():
        leaf.requires_grad_()
    return leaf_grads(siglip_loss(*leaves.values()), **leaves)


SIGLIP = ('loss', 'grad_image', 'grad_text', 'grad_scale', 'grad_bias')


@pytest.mark.parametrize('block', [None, 5])
def test_siglip_of_one_process_equals_open_clip(golden, block, rows_at_once):
    rows_at_once(block)
    result = siglip_rank(0, 1, golden['in_image'], golden['in_text'])
    for name in SIGLIP:
        close(result[name], golden[f'siglip_w1_{name}'])


@pytest.mark.dist
@pytest.mark.parametrize(('world', 'block'), [(2, None), (2, 4), (3, 3)])
def test_siglip_of_ranks_equals_open_clip(golden, tmp_path, world, block, rows_at_once):
    rows_at_once(block)
    pairs = golden['in_image'], golden['in_text']
    for rank, result in enumerate(run_ranks(siglip_rank, world, tmp_path, *pairs)):
        for name in SIGLIP:
            close(result[name], golden[f'siglip_w{world}_gather_rank{rank}_{name}'])


def study_rank(rank, world, films, reports, weight, sigmoid=False):
    """A small shared encoder under DistributedDataParallel."""
    model = torch.nn.Linear(D, D, bias=False).double()
    model.weight.data.copy_(weight)
    if world > 1:
        model = torch.nn.parallel.DistributedDataParallel(model)
    films, reports = (x.chunk(world)[rank] for x in (films, reports))
    both = torch.cat([films, reports], dim=1)
    embeds = F.normalize(model(both), dim=-1)
    studies = embeds[:, :V], embeds[:, V:]
    if sigmoid:
        losses = multi_view_siglip_loss(*studies, 5.0, -2.0, 0.7, 0.3)
    else:
        losses = multi_view_clip_loss(*studies, 5.0, 0.7, 0.3, 0.1)
    losses['loss'].backward()
    return dict(losses, grad=next(model.parameters()).grad)


@pytest.mark.dist
@pytest.mark.parametrize('block', [None, 5])
@pytest.mark.parametrize('sigmoid', [False, True])
def test_studies_under_data_parallel(tmp_path, sigmoid, block, rows_at_once):
    generator = torch.Generator().manual_seed(0)

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    data = normal(N, V, D), normal(N, T, D), normal(D, D)
    whole = study_rank(0, 1, *data, sigmoid)
    rows_at_once(block)
    ranks = run_ranks(study_rank, 2, tmp_path, *data, sigmoid)
    for name in set(whole) - {'grad'}:
        mean = torch.stack([r[name] for r in ranks]).mean()
        torch.testing.assert_close(mean, whole[name].detach())
    for result in ranks:
        torch.testing.assert_close(result['grad'], whole['grad'])
