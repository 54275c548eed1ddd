"""Fully sharded data parallelism (FSDP2) by config."""

import os
from collections.abc import Callable, Sequence

from mmengine._strategy import DDPStrategy, SingleDeviceStrategy
from mmengine.device import get_device
from mmengine.dist import is_distributed, is_main_process
from torch import nn

from mmcxr.registry import STRATEGIES

from .sharding import distribute_like, distribute_weights, gather_full, shard


@STRATEGIES.register_module()
class FullyShardedStrategy(DDPStrategy):
    """Parameters, gradients and optimizer state spread over all processes.

    Takes the place of mmengine's ``FSDPStrategy``, which stands on the first version
    of FSDP and needs a GPU; this one runs on CPUs too. Written as::

        runner_type = 'FlexibleRunner'
        strategy = dict(
            type='mmcxr.FullyShardedStrategy', modules=['backbone.layers.*'])

    (The runner builds it before it knows the default scope.)

    Checkpoints are whole and named as those of a single process, which may go on
    with them, and the other way round. Every process must evaluate as many batches:
    give the samplers of evaluation ``round_up=True``. Averaged weights
    (``EMAHook``) are not supported; torch says so. A run of one process is not sharded.

    Args:
        modules: parts that are gathered one by one, see :func:`shard`.
        sync_bn: see mmengine's ``DDPStrategy``.
        work_dir: likewise, and what follows; set by the runner.
        experiment_name: likewise.
        env_kwargs: likewise.
        log_kwargs: likewise.
        auto_scale_lr: likewise.
    """

    def __init__(
        self,
        modules: Sequence[str],
        sync_bn: str | None = None,
        work_dir: str = 'work_dirs',
        experiment_name: str | None = None,
        env_kwargs: dict | None = None,
        log_kwargs: dict | None = None,
        auto_scale_lr: dict | None = None,
    ):
        super().__init__(
            sync_bn=sync_bn,
            work_dir=work_dir,
            experiment_name=experiment_name,
            env_kwargs=env_kwargs,
            log_kwargs=log_kwargs,
            auto_scale_lr=auto_scale_lr,
        )
        self.modules = [modules] if isinstance(modules, str) else list(modules)

    def _wrap_model(self, model: nn.Module) -> nn.Module:
        model = self.convert_model(model.to(get_device()))
        self.scalars = shard(model, self.modules) if is_distributed() else []
        return model

    def model_state_dict(self) -> dict:
        """Whole weights, on the CPU; all processes must ask for them."""
        state = {
            name: gather_full(value) for name, value in self.model.state_dict().items()
        }
        return {
            name: value.reshape(()) if name in self.scalars else value
            for name, value in state.items()
        }

    def optim_state_dict(self) -> dict:
        """The optimizer's state, whole, as an optimizer of one process has it."""
        saved = self.optim_wrapper.state_dict()
        names = {id(p): name for name, p in self.model.named_parameters()}
        state = {}
        for number, parameter in self._numbered(saved):
            entry = {
                k: gather_full(v) for k, v in saved['state'].get(number, {}).items()
            }
            if names[id(parameter)] in self.scalars:
                entry = {k: value.reshape(()) for k, value in entry.items()}
            state[number] = entry
        return dict(saved, state={k: entry for k, entry in state.items() if entry})

    def load_model_state_dict(
        self, state_dict: dict, *, strict: bool = False, revise_keys: Sequence = ()
    ) -> None:
        """Spread whole weights over the processes.

        Args:
            state_dict: whole weights.
            strict: refuse keys that do not match.
            revise_keys: unused.
        """
        weights = distribute_weights(self.model, state_dict)
        self.model.load_state_dict(weights, strict=strict)

    def load_optim_state_dict(self, state_dict: dict) -> None:
        """Spread a whole state of the optimizer over the processes."""
        state = dict(state_dict['state'])
        for number, parameter in self._numbered(state_dict):
            state[number] = {
                name: distribute_like(value, parameter) if name != 'step' else value
                for name, value in state.get(number, {}).items()
            }
        self.optim_wrapper.load_state_dict(
            dict(state_dict, state={k: entry for k, entry in state.items() if entry})
        )

    def save_checkpoint(
        self,
        filename: str,
        *,
        save_optimizer: bool = True,
        save_param_scheduler: bool = True,
        extra_ckpt: dict | None = None,
        callback: Callable | None = None,
    ) -> None:
        """Gather on all processes, write on the main one; see mmengine."""
        SingleDeviceStrategy.save_checkpoint(
            self,
            filename if is_main_process() else os.devnull,
            save_optimizer=save_optimizer,
            save_param_scheduler=save_param_scheduler,
            extra_ckpt=extra_ckpt,
            callback=callback,
        )

    def _numbered(self, saved: dict) -> list:
        """Pairs of a number in a state dict of the optimizer and its parameter."""
        groups = self.optim_wrapper.param_groups
        numbers = [n for group in saved['param_groups'] for n in group['params']]
        parameters = [p for group in groups for p in group['params']]
        return list(zip(numbers, parameters, strict=True))
