"""A progress bar, where the output is a terminal."""

import sys
import time

from mmengine.hooks import Hook
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from mmcxr.registry import HOOKS


@HOOKS.register_module()
class ProgressBarHook(Hook):
    """Draws training and evaluation as bars under the log lines.

    Only rank 0 draws, and only into a terminal: in a file or a pipe the log stays as
    it is. The loss shown is the last one in the message hub, so that the bar never
    waits for the device. It is drawn from the loop itself and not from a thread,
    which data workers forked in the middle of a drawing would not survive.

    Args:
        refresh: seconds between two drawings at least.
    """

    priority = 'VERY_LOW'

    def __init__(self, refresh: float = 0.2):
        self.refresh = refresh
        self._progress: Progress | None = None
        self._bars: dict = {}  # mode -> task of the progress
        self._streams: list = []  # (log handler, stream it had)
        self._drawn = 0.0

    def before_train(self, runner) -> None:
        """Show the whole training, from the iteration at which it resumes."""
        self._show(runner, 'train', runner.max_iters, runner.iter)

    def before_val_epoch(self, runner) -> None:
        """Show one evaluation."""
        self._show(runner, 'val', len(runner.val_dataloader))

    def before_test_epoch(self, runner) -> None:
        """Show the test."""
        self._show(runner, 'test', len(runner.test_dataloader))

    def _after_iter(
        self, runner, batch_idx, data_batch=None, outputs=None, mode='train'
    ) -> None:
        if mode not in self._bars:
            return
        text = mode
        if mode == 'train' and runner.max_epochs > 1:
            text += f' {runner.epoch + 1}/{runner.max_epochs}'
        loss = runner.message_hub.log_scalars.get('train/loss')
        if mode == 'train' and loss is not None:
            text += f'  loss {loss.current():.4f}'
        self._progress.update(self._bars[mode], advance=1, description=text)
        if time.monotonic() - self._drawn >= self.refresh:
            self._drawn = time.monotonic()
            self._progress.refresh()

    def _after_epoch(self, runner, mode: str = 'train') -> None:
        if mode in self._bars and mode != 'train':
            self._hide(mode)

    def after_train(self, runner) -> None:
        """Leave the finished bar on the terminal."""
        self.close()

    def after_run(self, runner) -> None:
        """Give the terminal back."""
        self.close()

    def close(self) -> None:
        """Draw a last time and give the terminal back; harmless when repeated."""
        if self._progress is not None:
            self._progress.stop()
        for handler, stream in self._streams:
            handler.setStream(stream)
        self._progress, self._bars, self._streams = None, {}, []

    def _show(self, runner, mode: str, total: int, done: int = 0) -> None:
        if self._progress is None:
            console = Console()
            if runner.rank != 0 or not console.is_terminal:
                return
            terminal = sys.stdout
            self._progress = _bars(console)
            self._progress.start()  # puts a proxy that prints above the bar there
            for handler in runner.logger.handlers:
                if getattr(handler, 'stream', None) is terminal:
                    self._streams.append((handler, terminal))
                    handler.setStream(sys.stdout)
        self._bars[mode] = self._progress.add_task(mode, total=total, completed=done)

    def _hide(self, mode: str) -> None:
        self._progress.remove_task(self._bars.pop(mode))
        if not self._bars:
            self.close()


def _bars(console: Console) -> Progress:
    return Progress(
        TextColumn('{task.description}'),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        auto_refresh=False,
    )
