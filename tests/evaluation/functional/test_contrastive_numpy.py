"""The validation loss against torch's cross entropy, closed forms, released values."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from mmcxr.evaluation.functional.contrastive import (
    batched_contrastive_loss,
    contrastive_loss,
)


def unit(*shape, seed=0):
    embeds = np.random.default_rng(seed).normal(size=shape)
    return embeds / np.linalg.norm(embeds, axis=-1, keepdims=True)


def by_torch(images, texts, scale, image_weight=1.0, text_weight=0.5):
    images, texts = torch.from_numpy(images), torch.from_numpy(texts)

    def cross_entropy(a, b):
        return F.cross_entropy(scale * a @ b.T, torch.arange(len(a)))

    i1, i2 = images.unbind(1)
    t1, t2 = texts.unbind(1)
    pairs = [(i, t) for i in (i1, i2) for t in (t1, t2)]
    i2t = sum(cross_entropy(i, t) for i, t in pairs) / 4
    t2i = sum(cross_entropy(t, i) for i, t in pairs) / 4
    icl = (cross_entropy(i1, i2) + cross_entropy(i2, i1)) / 2
    tcl = (cross_entropy(t2, t1) + cross_entropy(t1, t2)) / 2
    clip = (i2t + t2i) / 2
    total = clip + image_weight * icl + text_weight * tcl
    return dict(total=total, clip=clip, icl=icl, tcl=tcl)


def test_two_views_and_texts_equal_torch():
    images, texts = unit(5, 2, 11), unit(5, 2, 11, seed=1)
    expected = by_torch(images, texts, 14.3, 0.7, 0.2)
    found = contrastive_loss(images, texts, 14.3, 0.7, 0.2)
    for name, value in expected.items():
        assert found[name] == pytest.approx(value.item())


def test_large_scales_do_not_overflow():
    images, texts = unit(5, 2, 11), unit(5, 2, 11, seed=1)
    expected = by_torch(images, texts, 1e4)['total'].item()
    assert contrastive_loss(images, texts, 1e4)['total'] == pytest.approx(expected)


def test_equal_embeddings_give_log_of_the_batch():
    same = np.ones((7, 2, 3)) / np.sqrt(3)
    found = contrastive_loss(same, same, 20.0)
    for part in ('clip', 'icl', 'tcl'):
        assert found[part] == pytest.approx(np.log(7))
    assert found['total'] == pytest.approx(2.5 * np.log(7))


def test_swapping_modalities_swaps_parts():
    images, texts = unit(5, 2, 11), unit(5, 3, 11, seed=1)
    one, other = contrastive_loss(images, texts, 9), contrastive_loss(texts, images, 9)
    assert one['clip'] == pytest.approx(other['clip'])
    assert (one['icl'], one['tcl']) == pytest.approx((other['tcl'], other['icl']))


def test_order_of_studies_does_not_matter_within_a_batch():
    images, texts = unit(5, 2, 11), unit(5, 2, 11, seed=1)
    order = np.array([3, 0, 4, 2, 1])
    one = contrastive_loss(images, texts, 9)
    assert contrastive_loss(images[order], texts[order], 9) == pytest.approx(one)


def test_one_view_and_text_have_no_inner_part():
    found = contrastive_loss(unit(5, 1, 11), unit(5, 1, 11, seed=1), 9)
    assert found['icl'] == found['tcl'] == 0
    assert found['total'] == found['clip']


def test_batches_are_consecutive_and_the_last_counts_the_same():
    images, texts = unit(8, 2, 11), unit(8, 2, 11, seed=1)
    found = batched_contrastive_loss(images, texts, 9, batch_size=3)
    pieces = [slice(0, 3), slice(3, 6), slice(6, 8)]
    losses = [contrastive_loss(images[p], texts[p], 9) for p in pieces]
    for part in ('total', 'clip', 'icl', 'tcl'):
        assert found[part] == pytest.approx(np.mean([loss[part] for loss in losses]))
    assert found['chance'] == pytest.approx(2.5 * np.mean(np.log([3, 3, 2])))


def test_released_values(shared_dir):
    folder = shared_dir / 'golden' / 'cxr_clip' / 'r50_m'
    stored = np.load(folder / 'outputs.npz')
    images = np.stack(
        [stored['loss_image_embeddings'], stored['loss_image_view_embeddings']], 1
    )
    texts = np.stack(
        [stored['loss_text_embeddings'], stored['loss_text_embeddings2']], 1
    )
    scale = float(stored['logit_scale'])
    found = contrastive_loss(images, texts, scale)
    expected = {
        'total': 'loss_total',
        'icl': 'loss_icl',
        'tcl': 'loss_tcl',
    }
    for part, name in expected.items():
        assert found[part] == pytest.approx(float(stored[name]), abs=1e-5)
    clip = contrastive_loss(images, texts, scale, 0, 0)['total']
    assert clip == pytest.approx(float(stored['loss_total_clip_config']), abs=1e-5)
