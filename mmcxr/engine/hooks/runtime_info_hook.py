"""Keep losses on the device until they are logged."""

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import CheckpointHook, LoggerHook, RuntimeInfoHook

from mmcxr.registry import HOOKS


@HOOKS.register_module()
class DeferredRuntimeInfoHook(RuntimeInfoHook):
    """mmengine's runtime information without a wait for the device per iteration.

    ``RuntimeInfoHook`` turns each loss into a number right after each iteration, so
    the host waits for the device every time. Here losses are kept where they are and
    fetched together when the logger is due, at the end of an epoch and before a
    checkpoint; the message hub then holds the same numbers. With several processes
    they are means over all: what one process with the whole batch would log. The norm
    of clipped gradients, which the optimizer wrapper would read at once, goes the
    same way.
    """

    def __init__(self):
        super().__init__()
        self._pending: list[dict] = []
        self._norms: dict[str, torch.Tensor] = {}

    def before_train(self, runner) -> None:
        """Take the norms of clipped gradients from the optimizer wrapper."""
        super().before_train(runner)
        wrapper = runner.optim_wrapper
        if getattr(wrapper, 'clip_grad_kwargs', None):
            clip = wrapper.clip_func

            def clip_quietly(parameters, **options) -> None:
                # The wrapper reads, and waits for, what this returns.
                norm = clip(parameters, **options)
                if norm is not None:
                    self._norms[wrapper.grad_name] = norm

            wrapper.clip_func = clip_quietly

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        """Keep the losses; fetch them when they will be read."""
        self._pending.append(
            {
                name: value.detach().clone() if torch.is_tensor(value) else value
                for name, value in {**(outputs or {}), **self._norms}.items()
            }
        )
        self._norms = {}
        if self._is_due(runner, batch_idx):
            self.flush(runner)

    def flush(self, runner) -> None:
        """Move the kept losses into the message hub, in one transfer."""
        kept = [v for row in self._pending for v in row.values() if torch.is_tensor(v)]
        numbers = iter(())
        if kept:
            losses = torch.stack([_alike(value, kept[0]) for value in kept])
            all_reduce(losses, 'mean')
            numbers = iter(losses.tolist())
        for row in self._pending:
            for name, value in row.items():
                number = next(numbers) if torch.is_tensor(value) else value
                runner.message_hub.update_scalar(f'train/{name}', number)
        self._pending = []

    def _is_due(self, runner, batch_idx: int) -> bool:
        if self.is_last_train_iter(runner):
            return True
        if self.end_of_epoch(runner.train_dataloader, batch_idx):
            return True
        for hook in runner.hooks:
            if isinstance(hook, LoggerHook):
                if self.every_n_inner_iters(batch_idx, hook.interval):
                    return True
            elif isinstance(hook, CheckpointHook) and not hook.by_epoch:
                if self.every_n_train_iters(runner, hook.interval):
                    return True
        return False


def _alike(value: torch.Tensor, first: torch.Tensor) -> torch.Tensor:
    """A one-element tensor as a double scalar on the device of the first."""
    if hasattr(value, 'full_tensor'):  # of parameters that are spread over ranks
        value = value.full_tensor()
    return value.reshape(()).to(first.device, torch.float64)
