"""Learning-rate schedules in closed form."""

import math

from mmengine.optim.scheduler.lr_scheduler import LRSchedulerMixin
from mmengine.optim.scheduler.param_scheduler import INF, _ParamScheduler

from mmcxr.registry import PARAM_SCHEDULERS


@PARAM_SCHEDULERS.register_module()
class WarmupCosineLR(LRSchedulerMixin, _ParamScheduler):
    """Linear warm-up, then half a cosine down to zero.

    Update ``i`` of ``T`` (counted from 0) with ``W`` warm-up updates has the factor
    ``(i + 1) / (W + 1)`` before ``W`` and ``cos^2(pi / 2 * (i - W) / (T - W))`` from
    there on. It is one scheduler and not a chain of mmengine's two because in a chain
    the cosine starts from whatever factor the warm-up reached, which for a warm-up
    of a single update is its first, close to zero.

    Args:
        optimizer: optimizer or optimizer wrapper.
        warmup: length of the warm-up, in epochs or updates as ``by_epoch`` says; a run
            shorter than that ends below the full rate.
        first_at_zero: warm up by ``i / W``, as the released code of CXR-CLIP does;
            the first update then changes nothing.
        zero_at: update at which the cosine has come down, where that is not the end:
            beyond it the rate climbs back and falls again, as in BenchX's code.
        begin: step at which the schedule starts.
        end: step ``T``; the runner fills in the length of the training.
        last_step: step to resume from without a saved state.
        by_epoch: step by epoch; with ``convert_to_iter_based`` in the config, lengths
            are given in epochs and the rate changes with every update.
        verbose: print every change.
    """

    def __init__(
        self,
        optimizer,
        warmup: float = 0,
        first_at_zero: bool = False,
        zero_at: float | None = None,
        begin: int = 0,
        end: int = INF,
        last_step: int = -1,
        by_epoch: bool = True,
        verbose: bool = False,
    ):
        if warmup < 0:
            raise ValueError(f'WarmupCosineLR: a warm-up of {warmup} is negative')
        if zero_at is not None and zero_at <= warmup:
            raise ValueError(
                f'WarmupCosineLR: zero_at {zero_at} is not after the warm-up of '
                f'{warmup}'
            )
        self.warmup = warmup
        self.first_at_zero = first_at_zero
        self.zero_at = zero_at
        self.length = end - begin
        super().__init__(
            optimizer,
            begin=begin,
            end=end,
            last_step=last_step,
            by_epoch=by_epoch,
            verbose=verbose,
        )

    @classmethod
    def build_iter_from_epoch(
        cls, optimizer, epoch_length: int, warmup: float = 0, first_at_zero=False,
        zero_at: float | None = None, begin: int = 0, end: int = INF,
        last_step: int = -1, by_epoch: bool = True, verbose: bool = False,
    ):  # fmt: skip
        """The same schedule by update, from lengths in epochs."""
        return cls(
            optimizer,
            math.ceil(warmup * epoch_length),
            first_at_zero,
            zero_at and math.ceil(zero_at * epoch_length),
            begin=int(begin * epoch_length),
            end=int(end * epoch_length),
            last_step=last_step,
            by_epoch=False,
            verbose=verbose,
        )

    def factor(self, step: int) -> float:
        """What the base learning rate is multiplied with at an update."""
        if step < self.warmup:
            shift = 0 if self.first_at_zero else 1
            return (step + shift) / (self.warmup + shift)
        length = self.length if self.zero_at is None else self.zero_at
        done = (step - self.warmup) / (length - self.warmup)
        if self.zero_at is None:
            done = min(done, 1.0)
        return math.cos(math.pi / 2 * done) ** 2

    def _get_value(self) -> list[float]:
        return [base * self.factor(self.last_step) for base in self.base_values]
