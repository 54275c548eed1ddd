"""Losses of the cxrlearn systems against the formulas of their authors' code."""

import json

import pytest
import torch
from stand_in import golden_weights
from test_cxrlearn import compare
from torch.nn import functional as F

from mmcxr.models.losses import (
    joint_contrastive_loss,
    laterality_weights,
    queue_cross_entropy,
    queue_logits,
    same_laterality,
    weighted_clip_loss,
)


@pytest.fixture
def arr(shared_dir):
    weights = golden_weights(shared_dir)

    def make(rows, columns, seed, unit=True):
        array = weights.make_image(1, 1, rows, columns, seed=seed)[0, 0]
        return F.normalize(torch.from_numpy(array)) if unit else torch.from_numpy(array)

    return make


def s2mts2(arr):
    keys = arr(8, 16, 11).unflatten(0, (2, 4)).transpose(0, 1)
    losses = joint_contrastive_loss(
        arr(4, 16, 10), keys, arr(32, 16, 12).T, temperature=0.07, ratio=1.5
    )
    return dict(
        s2mts2_logits=losses['logits'],
        s2mts2_ce=losses['loss_contrastive'],
        s2mts2_reg=losses['loss_covariance'],
    )


def medaug(arr):
    patient, study = torch.arange(1, 5), torch.tensor([1, 1, 2, 1])
    laterality = torch.tensor([0, 1, 0, 1])
    entries = torch.arange(24)
    queue_patient, queue_study = entries % 6, 1 + (entries // 6) % 2
    queue_laterality = (entries // 3) % 2
    logits = queue_logits(arr(4, 16, 20), arr(4, 16, 21), arr(24, 16, 22).T, 0.2)
    kept = same_laterality(
        laterality, queue_laterality, study, queue_study, patient, queue_patient
    )
    weights = laterality_weights(laterality, queue_laterality, 0.9)
    masked = torch.cat([logits[:, :1], logits[:, 1:].masked_fill(~kept, -1e4)], dim=1)
    return dict(
        medaug_lateral_logits=masked,
        medaug_weights=torch.cat([torch.ones(4, 1), weights], dim=1),
        medaug_plain_loss=queue_cross_entropy(logits),
        medaug_lateral_loss=queue_cross_entropy(logits, kept=kept),
        medaug_weighted_loss=queue_cross_entropy(logits, weights=weights),
    )


def refers(arr):
    pairs = arr(4, 16, 30), arr(4, 16, 31)
    loss = weighted_clip_loss(*pairs, (10.0, 10.0), 0.75, detach_text=True)
    return dict(refers_loss=loss['loss'])


@pytest.mark.parametrize('system', [s2mts2, medaug, refers])
def test_losses(system, arr, shared_dir):
    folder = shared_dir / 'golden/cxrlearn/losses'
    manifest = json.loads((folder / 'manifest.json').read_text())
    compare(system(arr), folder, manifest, prefix=system.__name__)
