"""Tell a method how far training is, and when an optimizer step is done."""

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper

from mmcxr.registry import HOOKS


@HOOKS.register_module()
class MethodHook(Hook):
    """Tell a method how far training is, and when the optimizer has made a step.

    The ``fraction`` of ``progress`` counts iterations of the whole run.
    ``after_update()`` follows steps of the optimizer, not the iterations whose
    gradients only accumulate. Other models are left alone.
    """

    priority = 'HIGH'  # before checkpoints and other averages see the model

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Set ``progress``."""
        method = method_of(runner.model)
        if hasattr(method, 'progress'):
            total = max(runner.max_iters, 1)
            kind = type(method.progress)  # of models, which this room does not import
            method.progress = kind(runner.iter / total, runner.epoch, runner.iter)

    def after_train_iter(
        self, runner, batch_idx: int, data_batch=None, outputs=None
    ) -> None:
        """Call ``after_update()`` where the optimizer has made a step."""
        method = method_of(runner.model)
        if hasattr(method, 'after_update') and runner.optim_wrapper.should_update():
            method.after_update()


def method_of(model):
    """The model itself, whatever wraps it."""
    return method_of(model.module) if is_model_wrapper(model) else model
