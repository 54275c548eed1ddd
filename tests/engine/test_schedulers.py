"""The learning rates of a run, update by update."""

import math

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from torch import nn

from mmcxr.registry import PARAM_SCHEDULERS


def rates(epochs, epoch_length, **cfg):
    """Learning rates of all updates, built as the runner builds a scheduler."""
    optimizer = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=2.0)
    cfg = dict(
        type='mmcxr.WarmupCosineLR', end=epochs, convert_to_iter_based=True, **cfg
    )
    scheduler = PARAM_SCHEDULERS.build(
        cfg, default_args=dict(optimizer=optimizer, epoch_length=epoch_length)
    )
    found = []
    for _ in range(epochs * epoch_length):
        found.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        scheduler.step()
    return found


def test_released_schedule_of_cxr_clip():
    warmup, total = 7, 5 * 7
    found = rates(5, 7, warmup=1, first_at_zero=True)
    for step, rate in enumerate(found):
        x = (step - warmup) / (total - warmup)
        factor = step / warmup if step < warmup else math.cos(math.pi / 2 * x) ** 2
        assert rate == pytest.approx(2.0 * factor, abs=1e-12)


def test_default_starts_above_zero_and_meets_the_cosine():
    found = rates(5, 7, warmup=1)
    steps = [b - a for a, b in zip(found[:7], found[1:8], strict=True)]
    assert steps == pytest.approx([2.0 / 8] * 7)
    assert found[0] == pytest.approx(2.0 / 8) and max(found) == found[7] == 2.0
    assert found[7:] == pytest.approx(rates(5, 7, warmup=1, first_at_zero=True)[7:])


@pytest.mark.parametrize('epoch_length', [1, 2])
def test_one_update_an_epoch_still_reaches_the_full_rate(epoch_length):
    assert max(rates(4, epoch_length, warmup=1)) == 2.0


def test_warmup_rounds_up_to_whole_updates():
    found = rates(3, 5, warmup=0.3, first_at_zero=True)  # ceil(1.5) = 2
    assert found[:3] == pytest.approx([0.0, 1.0, 2.0])


def test_run_shorter_than_its_warmup():
    assert rates(2, 5, warmup=2)[-1] == pytest.approx(2.0 * 10 / 11)
    assert rates(1, 5, warmup=3) == rates(3, 5, warmup=3)[:5]
    with pytest.raises(ValueError, match='negative'):
        rates(2, 5, warmup=-1)


def test_rate_climbs_back_beyond_its_zero():
    """BenchX's schedule: period 2 (T - W), whatever the length of the run."""
    W, T = 7, 21
    found = rates(8, 7, warmup=1, zero_at=3, first_at_zero=True)
    for step, rate in enumerate(found):
        x = (step - W) / (T - W)
        factor = step / W if step < W else max(0, (1 + math.cos(math.pi * x)) / 2)
        assert rate == pytest.approx(2.0 * factor, abs=1e-12)
    assert found[T] == pytest.approx(0, abs=1e-12) and max(found[T:]) == 2.0
    assert rates(3, 7, warmup=1, zero_at=3) == rates(3, 7, warmup=1)
    with pytest.raises(ValueError, match='zero_at 1 is not after the warm-up of 1'):
        rates(2, 1, warmup=1, zero_at=1)


class Toy(nn.Module):
    """Something of everything that the schedules of CXR-CLIP treat apart."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(2, 2)
        self.norm = nn.LayerNorm(2)
        self.batch_norm = nn.BatchNorm2d(2)
        self.logit_scale = nn.Parameter(torch.tensor(2.6))


def test_decay_of_the_shipped_schedule(repo_dir):
    """Matrices are decayed; biases, norms and the temperature are not."""
    base = repo_dir / 'configs/_base_/schedules/adamw-5e-5_cosine-15e.py'
    init_default_scope('mmcxr')
    model, cfg = Toy(), Config.fromfile(base).optim_wrapper
    names = {id(p): n for n, p in model.named_parameters()}

    def decayed(cfg) -> set[str]:
        groups = build_optim_wrapper(model, cfg).optimizer.param_groups
        assert {group['lr'] for group in groups} == {5e-5}
        held = [g for g in groups if g['weight_decay'] == 1e-4]
        return {names[id(p)] for g in held for p in g['params']}

    assert decayed(cfg) == {'linear.weight'}
    # What configs named `released` set.
    assert decayed(dict(cfg, paramwise_cfg=None)) == set(names.values())
