"""Refuse a run whose checkpoint does not fill its model."""

from collections.abc import Sequence

from mmengine.hooks import Hook

from mmcxr.engine.checkpoint import load_strict
from mmcxr.registry import HOOKS


@HOOKS.register_module()
class StrictLoadingHook(Hook):
    """Make ``load_from``, ``--resume`` and testing account for every key.

    mmengine's runner logs keys that do not match and goes on with random weights.
    With this hook it stops, naming the keys and what the file probably is.

    Args:
        allow_missing: patterns of model entries the file may lack, for example
            ``['head.*']`` when fine-tuning starts from a pre-trained model.
        allow_unexpected: patterns of file entries to leave out.
    """

    priority = 'VERY_HIGH'  # before the EMA hook copies what was loaded

    def __init__(
        self, allow_missing: Sequence[str] = (), allow_unexpected: Sequence[str] = ()
    ):
        self.allow_missing = allow_missing
        self.allow_unexpected = allow_unexpected

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Load strictly first; what the runner then does changes nothing.

        Raises:
            CheckpointError: the checkpoint does not fit the model.
        """
        load_strict(runner.model, checkpoint, self.allow_missing, self.allow_unexpected)
