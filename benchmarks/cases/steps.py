"""A training step, ours and the published one, from the same weights and batch."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope

from mmcxr.engine.checkpoint import load_strict
from mmcxr.engine.hooks import CompileHook
from mmcxr.engine.hooks.micro_batch_hook import encode_in_pieces
from mmcxr.registry import MODELS

HERE = Path(__file__).parent.parent
CONFIGS = HERE.parent / 'configs'
LENGTHS = json.loads((HERE / 'report_lengths.json').read_text())


def report_ids(count, kind, vocab_size, longest, generator):
    """Random token ids of real lengths, [CLS] first; for CXR-CLIP also [SEP]."""
    lengths = np.minimum(generator.choice(LENGTHS[kind], count) + 2, longest)
    return [
        torch.from_numpy(generator.integers(5, vocab_size, length)).long()
        for length in lengths
    ]


class Steps:
    """The steps of one method; children say which models and batches.

    A variant is ``published``, or ``ours`` or another recipe of a child, perhaps with
    ``+`` and a way to run it: a key of ``hooks``, whose values are arguments of
    ``CompileHook``.
    """

    hooks = {}
    variants = ('published', 'ours')

    def __init__(self, smoke: bool = False):
        self.smoke = smoke
        self.generator = np.random.default_rng(0)
        init_default_scope('mmcxr')

    def steps(self, batch, device, variants):
        """{variant: step}, for those that the method has."""
        published, sample = self.published_model(), self.batch(batch)
        state = None
        if published is not None:
            state, _ = self.converter.convert({'model': published.state_dict()})
        made = {}
        for name in variants:
            recipe, _, way = name.partition('+')
            if recipe == 'published':
                if published is None:
                    raise ValueError(f'{type(self).__name__}: nothing published')
                data = [pinned(part, device) for part in self.published_batch(sample)]
                made[name] = PublishedStep(published.to(device), data, device)
                continue
            model = MODELS.build(self.model_config(recipe))
            if state is not None:
                load_strict(model, state)
            if recipe.startswith('micro'):
                encode_in_pieces(model, int(recipe.removeprefix('micro')))
            model = model.to(device).train()
            wrapper = build_optim_wrapper(model, self.optimizer_config(device))
            hooks = (
                [CompileHook(**options) for options in self.hooks[way]] if way else []
            )
            data = self.our_batch(sample, device, recipe)
            made[name] = OurStep(model, wrapper, data, hooks)
        return made

    def optimizer_config(self, device):
        """As the one-GPU configs have it."""
        config = dict(
            self.optim_wrapper,
            type='mmcxr.AutocastOptimWrapper',
            constructor='mmcxr.MergedGroupsConstructor',
        )
        config['optimizer'] = dict(config['optimizer'], fused=True)
        return config

    def check(self, steps):
        """The losses of all variants agree to half-precision accuracy.

        In eval mode, since batch statistics of one pass are not those of four; what is
        compiled is compared with what is not in training, which it is compiled for.
        """
        same = [name for name in steps if name in ('published', 'ours')]
        losses = {name: steps[name].loss() for name in same}
        first = max(losses.values(), default=0)
        if any(abs(loss - first) > 0.01 * abs(first) for loss in losses.values()):
            raise AssertionError(f'the losses differ: {losses}')
        for name in steps:
            recipe, _, way = name.partition('+')
            if way and recipe in steps:
                pair = [float(steps[n]()) for n in (recipe, name)]
                # In training, batch statistics carry each rounding further.
                if abs(pair[0] - pair[1]) > 0.02 * abs(pair[0]):
                    raise AssertionError(f'{name}, the loss differs: {pair}')

    def countable(self, steps):
        """Variants whose operations torch can count."""
        return {name: step for name, step in steps.items() if '+' not in name}


def pinned(part, device):
    """A tensor in pinned memory for a GPU; anything else as it is."""
    return part.pin_memory() if device == 'cuda' and torch.is_tensor(part) else part


class PublishedStep:
    """Autocast to float16 and a loss scale on a GPU, float32 on a CPU; one sync."""

    def __init__(self, model, data, device):
        without_dropout(model)
        self.model, self.data, self.device = model, data, device
        self.optimizer = model.optimizer()
        self.half = device == 'cuda'
        self.scaler = torch.amp.GradScaler(device, enabled=self.half)

    def forward(self):
        batch = [t.to(self.device, non_blocking=True) for t in self.data]
        with torch.autocast(self.device, torch.float16, enabled=self.half):
            losses = self.model(*batch)
        return sum(losses) if isinstance(losses, tuple) else losses

    @torch.no_grad()
    def loss(self):
        return in_eval(self.model, lambda: float(self.forward()))

    def __call__(self):
        loss = self.forward()
        loss.item()
        self.optimizer.zero_grad()
        self.scaler.scale(loss).backward()
        self.scaler.step(self.optimizer)
        self.scaler.update()


class OurStep:
    """One ``train_step`` of mmengine's loop."""

    def __init__(self, model, wrapper, data, hooks=()):
        without_dropout(model)
        self.model, self.wrapper, self.data = model, wrapper, data
        self.hooks = hooks
        runner = SimpleNamespace(model=model, optim_wrapper=wrapper)
        for hook in hooks:
            hook.before_train(runner)

    @torch.no_grad()
    def loss(self):
        def forward():
            with self.wrapper.optim_context(self.model):
                data = self.model.data_preprocessor(self.data)
                losses = self.model(**data, mode='loss')
            return float(self.model.parse_losses(losses)[0])

        return in_eval(self.model, forward)

    def __call__(self):
        for hook in self.hooks:
            hook.before_train_iter(None, 0)
        return self.model.train_step(self.data, self.wrapper)['loss']


def in_eval(model, forward):
    """What ``forward`` gives with the model in eval mode."""
    model.eval()
    found = forward()
    model.train()
    return found


def without_dropout(model):
    """Equal losses need equal networks; the time of dropout is left out of both."""
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
