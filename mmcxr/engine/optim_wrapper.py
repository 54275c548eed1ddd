"""Training under autocast, on the CPU and on a GPU alike."""

import logging
from contextlib import contextmanager

import torch
from mmengine.logging import print_log
from mmengine.optim import OptimWrapper
from mmengine.runner.amp import autocast
from torch import nn

from mmcxr.registry import OPTIM_WRAPPERS


def has_bfloat16(device: str) -> bool:
    """Whether a device of that type computes in bfloat16 by itself."""
    return device != 'cpu' or torch.ops.mkldnn._is_mkldnn_bf16_supported()


@OPTIM_WRAPPERS.register_module()
class AutocastOptimWrapper(OptimWrapper):
    """An optimizer whose forward passes run in bfloat16.

    bfloat16 has the range of float32, so the loss is not scaled and there is no
    scaler state to save; parameters, gradients and the update stay float32.
    mmengine's ``AmpOptimWrapper`` scales the loss and refuses to run on a CPU.

    A CPU without instructions for bfloat16 emulates it, several times slower than
    float32: there it computes in float32, and the log says so.

    Args:
        optimizer: optimizer to wrap.
        accumulative_counts: iterations whose gradients make one update.
        clip_grad: arguments of ``clip_grad_norm_``.
    """

    def __init__(
        self,
        optimizer: torch.optim.Optimizer,
        accumulative_counts: int = 1,
        clip_grad: dict | None = None,
    ):
        super().__init__(optimizer, accumulative_counts, clip_grad)
        devices = {p.device.type for g in optimizer.param_groups for p in g['params']}
        self.enabled = all(map(has_bfloat16, devices))
        if not self.enabled:
            print_log(
                'this CPU has no instructions for bfloat16: computed in float32',
                'current',
                logging.INFO,
            )

    @contextmanager
    def optim_context(self, model: nn.Module):
        """Autocast, and no gradient exchange before the last accumulated step."""
        with (
            super().optim_context(model),
            autocast(enabled=self.enabled, dtype=torch.bfloat16),
        ):
            yield
