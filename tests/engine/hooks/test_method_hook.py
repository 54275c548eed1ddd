"""A method hears how far training is, and of each step of the optimizer."""

import pytest
from engine.tiny_run import tiny_run
from torch import nn

from mmcxr.engine.hooks import MethodHook
from mmcxr.models.algorithms.method import Progress


class Listener:
    """Puts what a method has onto a model, and notes what it is told."""

    def __init__(self, model):
        self.progress, self.updates, self.steps = [], [], 0
        model.progress = Progress()
        forward = model.forward

        def listening(*args, **kwargs):
            self.progress.append(model.progress)
            return forward(*args, **kwargs)

        model.forward = listening
        model.after_update = lambda: self.updates.append(len(self.progress))


@pytest.mark.parametrize('accumulated', [1, 2, 3])
def test_updates_and_progress(accumulated, tmp_path):
    runner = tiny_run(tmp_path, 3, f'accumulated-{accumulated}')
    runner.register_hook(MethodHook())
    runner.optim_wrapper['accumulative_counts'] = accumulated
    listener = Listener(runner.model)
    runner.train()
    total = runner.max_iters
    assert [p.iteration for p in listener.progress] == list(range(total))
    assert [p.fraction for p in listener.progress] == [i / total for i in range(total)]
    assert [p.epoch for p in listener.progress] == sorted(
        p.epoch for p in listener.progress
    )
    # The last accumulated gradients are used, however few.
    steps = [*range(accumulated, total + 1, accumulated)]
    assert listener.updates == (steps if steps[-1] == total else [*steps, total])


def test_other_models_are_left_alone(tmp_path):
    runner = tiny_run(tmp_path, 1, 'other')
    runner.register_hook(MethodHook())
    assert isinstance(runner.model, nn.Module)
    runner.train()
    assert not hasattr(runner.model, 'progress')
