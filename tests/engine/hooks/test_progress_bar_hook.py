"""The progress bar, drawn into a terminal that is a string."""

import io
import logging
import re
from types import SimpleNamespace

import pytest
from rich.console import Console

from mmcxr.engine.hooks import progress_bar_hook
from mmcxr.engine.hooks.progress_bar_hook import ProgressBarHook


@pytest.fixture
def terminal(monkeypatch):
    screen = io.StringIO()
    monkeypatch.setattr('sys.stdout', screen)
    monkeypatch.setattr(
        progress_bar_hook,
        'Console',
        lambda: Console(file=screen, force_terminal=True, width=100, color_system=None),
    )
    return screen


def runner_at(iteration=0, rank=0):
    losses = SimpleNamespace(current=lambda: 1.25)
    logger = logging.Logger('toy')
    return SimpleNamespace(
        rank=rank,
        iter=iteration,
        epoch=1,
        max_iters=8,
        max_epochs=2,
        val_dataloader=range(3),
        test_dataloader=range(5),
        logger=logger,
        message_hub=SimpleNamespace(log_scalars={'train/loss': losses}),
    )


def drawn(screen) -> str:
    return re.sub(r'\x1b\[[0-9;?]*[A-Za-z]', '', screen.getvalue())


def test_training_and_evaluation(terminal):
    runner, hook = runner_at(iteration=4), ProgressBarHook(refresh=0)
    handler = logging.StreamHandler(terminal)
    runner.logger.addHandler(handler)
    hook.before_train(runner)
    hook.after_train_iter(runner, 0)
    assert 'train 2/2  loss 1.2500' in drawn(terminal) and '5/8' in drawn(terminal)
    runner.logger.warning('a line of the log')
    hook.before_val_epoch(runner)
    for index in range(3):
        hook.after_val_iter(runner, index)
    assert '3/3' in drawn(terminal)
    hook.after_val_epoch(runner)
    hook.after_train(runner)
    hook.after_run(runner)
    assert 'a line of the log\n' in drawn(terminal)
    assert terminal.getvalue().rstrip().endswith('\x1b[?25h')  # the cursor is back
    assert handler.stream is terminal


def test_test_alone_closes_its_own_bar(terminal):
    runner, hook = runner_at(), ProgressBarHook(refresh=0)
    hook.before_test_epoch(runner)
    for index in range(5):
        hook.after_test_iter(runner, index)
    assert '5/5' in drawn(terminal)
    hook.after_test_epoch(runner)
    assert hook._progress is None


def test_draws_rarely(terminal):
    runner, hook = runner_at(), ProgressBarHook(refresh=1e9)
    hook._drawn = progress_bar_hook.time.monotonic()
    hook.before_train(runner)
    before = terminal.getvalue()
    for index in range(7):
        hook.after_train_iter(runner, index)
    assert terminal.getvalue() == before
    hook.close()
    assert '7/8' in drawn(terminal)


@pytest.mark.parametrize('where', ['pipe', 'other rank'])
def test_silent_without_a_watcher(terminal, monkeypatch, where):
    if where == 'pipe':
        monkeypatch.setattr(
            progress_bar_hook, 'Console', lambda: Console(file=io.StringIO())
        )
    runner = runner_at(rank=0 if where == 'pipe' else 1)
    hook = ProgressBarHook(refresh=0)
    hook.before_train(runner)
    hook.after_train_iter(runner, 0)
    hook.before_val_epoch(runner)
    hook.after_val_iter(runner, 0)
    hook.after_val_epoch(runner)
    hook.after_run(runner)
    assert terminal.getvalue() == ''
