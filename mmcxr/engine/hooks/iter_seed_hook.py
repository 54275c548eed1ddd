"""Seed the model's random generators at each iteration."""

import random

import numpy as np
import torch
from mmengine.hooks import Hook

from mmcxr.registry import HOOKS


def seed_generators(seed: int, iteration: int, rank: int) -> None:
    """Seed python, numpy and torch (all devices) for one iteration of one rank.

    Args:
        seed: seed of the run.
        iteration: number of the iteration, from 0.
        rank: rank of the process, so that no two drop the same units.
    """
    words = np.random.SeedSequence((seed, iteration, rank)).generate_state(3)
    random.seed(int(words[0]))
    np.random.seed(words[1])
    torch.manual_seed(int(words[2]))


@HOOKS.register_module()
class IterSeedHook(Hook):
    """Seeds dropout, drop path and mixing before each training iteration.

    What a model draws then depends on (seed, iteration, rank) alone. Checkpoints hold
    no generator state, and without this a resumed run would drop other units than
    the uninterrupted one. The randomness of samples is seeded by the datasets.
    """

    priority = 'VERY_HIGH'

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Seed all generators of this process."""
        seed_generators(runner.seed, runner.iter, runner.rank)
