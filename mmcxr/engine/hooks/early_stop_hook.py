"""Early stopping whose state is saved, so that a resumed run continues it."""

from mmengine.hooks import EarlyStoppingHook

from mmcxr.registry import HOOKS

_KEY = 'early_stopping'


@HOOKS.register_module()
class EarlyStopHook(EarlyStoppingHook):
    """mmengine's ``EarlyStoppingHook``, whose count is saved with the run.

    mmengine's begins to count anew when a run is resumed, so that the run ends later
    than one that nobody stopped. Arguments are the same; ``patience=10`` ends training
    at the tenth validation in a row below the best by ``min_delta``. A validation that
    no checkpoint followed is forgotten with the rest of what followed it.
    """

    priority = 'LOW'  # before checkpoints are saved, which hold the count

    def before_train(self, runner) -> None:
        """Take the count of the run that is resumed; end it if it had ended."""
        state = runner.message_hub.runtime_info.get(_KEY)
        if state is None:
            return
        self.best_score, self.wait_count = state['best'], state['waited']
        runner.train_loop.stop_training = state['stopped']

    def after_val_epoch(self, runner, metrics=None) -> None:
        """Count, decide, and keep the count where checkpoints are made."""
        super().after_val_epoch(runner, metrics)
        state = dict(
            best=self.best_score,
            waited=self.wait_count,
            stopped=runner.train_loop.stop_training,
        )
        runner.message_hub.update_info(_KEY, state)
