"""What ``tools/train.py`` and ``tools/test.py`` call: from a config file to a run.

Both return an exit code. A mistake of the user's ends in one line on standard error
and exit code 2; with ``MMCXR_TRACEBACK=1`` in the environment it ends in a traceback
like any other error.
"""

import logging
import os
import re
import sys
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

from . import preflight
from .config_file import ConfigError, load_checked_config, run_name
from .distributed import end_processes, start_processes
from .hooks import ProgressBarHook
from .user_error import user_lines

# Said at each start by the libraries below us, once or per parameter; of no use.
NOISE = (
    'Fail to import ``MultiScaleDeformableAttention``',
    'Default ``avg_non_ignore`` is False',
    '"FileClient" will be deprecated',
    '"HardDiskBackend" is the alias of',
    'The prefix is not set in metric class',
    'paramwise_options -- ',
    'Detected call of `scheduler.step()` before',  # gradient accumulation
    "'pin_memory' argument is set as true but no accelerator",  # nor need of it
)

# Said by them of what is meant to be so: for the log file, not for the terminal.
FOR_THE_FILE = (
    'is skipped since its requires_grad=False',
    'Loads checkpoint by ',
    "'repeat' will be ignored",
)


def train(
    config: str,
    work_dir: str | None = None,
    resume: str | None = None,
    amp: bool = False,
    auto_scale_lr: bool = False,
    launcher: str = 'none',
    seed: int | None = None,
    cfg_options: Mapping | None = None,
    encoder: str | None = None,
) -> int:
    """Train as a config says; returns the exit code.

    Args:
        config: config file.
        work_dir: where logs and checkpoints go; by default that of the config, or
            else ``work_dirs/<its name>``, see :func:`.config_file.run_name`.
        resume: checkpoint to go on from, or ``'auto'`` for the last one in the work
            dir, where there is one.
        amp: compute in bfloat16 (``AutocastOptimWrapper``).
        auto_scale_lr: scale the learning rate by the real over the base batch size.
        launcher: ``'none'``, ``'pytorch'``, ``'slurm'`` or ``'mpi'``.
        seed: seed of all randomness, in place of the config's.
        cfg_options: dotted key -> value, merged into the config.
        encoder: ``NAME`` or ``NAME=FILE``, see :mod:`.encoder`.
    """

    def job() -> None:
        cfg = _prepared(config, work_dir, launcher, cfg_options, encoder)
        preflight.check_parts(cfg, 'train')
        preflight.check_data(cfg, ('train_dataloader', 'val_dataloader'))
        if seed is not None:
            cfg.randomness = dict(cfg.get('randomness') or {}, seed=seed)
        if amp:
            use_amp(cfg)
        if auto_scale_lr:
            use_auto_scale_lr(cfg)
        use_resume(cfg, resume)
        preflight.check_checkpoint(cfg.get('load_from'))
        _run(cfg, launcher, 'train')

    return _exit_code(job)


def test(
    config: str,
    checkpoint: str,
    work_dir: str | None = None,
    launcher: str = 'none',
    cfg_options: Mapping | None = None,
    encoder: str | None = None,
) -> int:
    """Evaluate a checkpoint, ours or a published one; returns the exit code.

    Args:
        config: config file.
        checkpoint: file that fills the model of the config, every parameter of it.
        work_dir: see :func:`train`.
        launcher: see :func:`train`.
        cfg_options: see :func:`train`.
        encoder: see :func:`train`.
    """

    def job() -> None:
        cfg = _prepared(config, work_dir, launcher, cfg_options, encoder)
        preflight.check_parts(cfg, 'test')
        preflight.check_data(cfg, ('test_dataloader',))
        preflight.check_checkpoint(checkpoint)
        cfg.load_from, cfg.resume = checkpoint, False
        _run(cfg, launcher, 'test')

    return _exit_code(job)


def use_amp(cfg: Config) -> None:
    """Switch the optimizer wrapper of a config to bfloat16 autocast."""
    wrapper = cfg.optim_wrapper
    name = wrapper.get('type', 'OptimWrapper')
    if name in ('AutocastOptimWrapper', 'mmcxr.AutocastOptimWrapper'):
        return
    if name != 'OptimWrapper':
        raise ConfigError(
            f"--amp replaces 'OptimWrapper', but optim_wrapper.type is '{name}'"
        )
    wrapper['type'] = 'mmcxr.AutocastOptimWrapper'


def use_auto_scale_lr(cfg: Config) -> None:
    """Switch on the scaling of the learning rate by the batch size."""
    scaling = cfg.get('auto_scale_lr')
    if not scaling or 'base_batch_size' not in scaling:
        raise ConfigError(
            '--auto-scale-lr: the config has no auto_scale_lr=dict(base_batch_size=...)'
        )
    scaling['enable'] = True


def drop_worker_options(cfg: Config) -> None:
    """Take from loaders without workers what only workers can do.

    ``--cfg-options train_dataloader.num_workers=0`` is how a pipeline is debugged;
    torch refuses it as long as the config asks for prefetching or lasting workers.
    """
    for key in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        loader = cfg.get(key)
        if loader and not loader.get('num_workers'):
            loader.pop('prefetch_factor', None)
            loader.pop('persistent_workers', None)


def set_shard_batches(cfg: Config) -> None:
    """Tell a :class:`ShardSampler` the batches and workers of its loader.

    What the config says of them stays: a run may keep the order of another one.
    """
    for key in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        loader = cfg.get(key) or {}
        sampler = loader.get('sampler') or {}
        if sampler.get('type') in ('ShardSampler', 'mmcxr.ShardSampler'):
            sampler.setdefault('batch_size', loader.get('batch_size', 1))
            sampler.setdefault('num_workers', loader.get('num_workers', 0))


def use_micro_batch(cfg: Config) -> None:
    """Let ``micro_batch=32`` stand for :class:`MicroBatchHook`."""
    size = cfg.get('micro_batch')
    if size is not None:
        hook = dict(type='mmcxr.MicroBatchHook', size=size)
        cfg.custom_hooks = [*(cfg.get('custom_hooks') or []), hook]


def use_recompute(cfg: Config) -> None:
    """Let ``activation_checkpointing=[...]`` stand for :class:`RecomputeHook`.

    mmengine's runner would leave parameters without gradient where the input of a
    module needs none, without an error.
    """
    modules = cfg.get('activation_checkpointing')
    cfg.activation_checkpointing = None
    if modules:
        hook = dict(type='mmcxr.RecomputeHook', modules=modules)
        cfg.custom_hooks = [*(cfg.get('custom_hooks') or []), hook]


def use_hook(cfg: Config, name: str) -> None:
    """Give a config the hook of ours of that name, unless it has one."""
    hooks = [
        *(cfg.get('default_hooks') or {}).values(),
        *(cfg.get('custom_hooks') or []),
    ]
    if not any(hook and str(hook.get('type')).endswith(name) for hook in hooks):
        hook = dict(type=f'mmcxr.{name}')
        cfg.custom_hooks = [*(cfg.get('custom_hooks') or []), hook]


def use_resume(cfg: Config, resume: str | None) -> None:
    """Say in a config where the run goes on from.

    With ``'auto'`` and no checkpoint yet, the run starts as without it, from
    ``load_from`` where the config has that: a job that is restarted by a scheduler
    may always be given ``--resume``.
    """
    if resume is None and not (cfg.get('resume') and cfg.get('load_from') is None):
        return
    if resume in (None, 'auto'):
        resume = preflight.last_checkpoint(cfg.work_dir)
        cfg.resume = resume is not None
        cfg.load_from = resume or cfg.get('load_from')
    else:
        cfg.resume, cfg.load_from = True, resume


def _prepared(
    config: str,
    work_dir: str | None,
    launcher: str,
    options: Mapping | None,
    encoder: str | None,
) -> Config:
    """The checked config with what both tools set in it."""
    _silence_warnings()
    MMLogger.get_current_instance()  # made here, it writes to the real output
    cfg = load_checked_config(config, options, encoder)
    preflight.check_trackers(cfg)
    cfg.launcher = launcher
    cfg.work_dir = work_dir or cfg.get('work_dir')
    if cfg.work_dir is None:
        cfg.work_dir = str(Path('work_dirs', run_name(config)))
    drop_worker_options(cfg)
    set_shard_batches(cfg)
    use_recompute(cfg)
    use_micro_batch(cfg)
    # Every checkpoint fills the whole model, and every method hears of its training.
    use_hook(cfg, 'StrictLoadingHook')
    use_hook(cfg, 'MethodHook')
    return cfg


def _run(cfg: Config, launcher: str, action: str) -> None:
    """Build the runner of a config, call its method, and clear up after it."""
    wrapper = (cfg.get('optim_wrapper') or {}).get('type')
    if wrapper != 'AmpOptimWrapper':  # which computes in float16 unless told otherwise
        # Evaluation under autocast (val_cfg.fp16) then computes as training does.
        torch.set_autocast_dtype('cuda', torch.bfloat16)
    notice = start_processes(cfg, launcher)
    runner = None
    try:
        if 'runner_type' in cfg:
            runner = RUNNERS.build(cfg)
        else:
            runner = Runner.from_cfg(cfg)
        runner.logger.addFilter(_is_worth_saying)
        for handler in runner.logger.handlers:
            if not isinstance(handler, logging.FileHandler):
                handler.addFilter(_is_for_the_terminal)
        if notice:
            runner.logger.warning(notice)
        getattr(runner, action)()
    finally:
        if runner is not None:
            _leave(runner)
    end_processes()


def _leave(runner: Runner) -> None:
    """Give the terminal back, end the data workers, and make mmengine forget the run.

    It keeps loggers and the rest under the name of the run, which holds the time to
    the second: a second run in this process could write into the log of the first.
    """
    for hook in runner.hooks:
        if isinstance(hook, ProgressBarHook):
            hook.close()
    for loop in (runner._train_loop, runner._val_loop, runner._test_loop):
        # Left to the collection of garbage, a loader loses the queues by which it
        # tells its workers to end, and waits five seconds for them.
        for holder, name in ((loop, 'dataloader_iterator'), (loop, 'dataloader')):
            held = getattr(holder, name, None)
            if getattr(held, '_iterator', None) is not None:
                held._iterator = None
    for handler in runner.logger.handlers:
        if isinstance(handler, logging.FileHandler):
            handler.close()
    kept = (runner.logger, runner.message_hub, runner.visualizer, runner.default_scope)
    for thing in kept:
        type(thing)._instance_dict.pop(runner.experiment_name, None)


def _exit_code(job: Callable[[], None]) -> int:
    """Run a job; 0, or 2 after telling the user what to correct."""
    try:
        job()
    except Exception as error:
        lines = user_lines(error)
        if lines is None:
            raise
        # Every rank finds the same mistake in a config; one tells it.
        if not (isinstance(error, ConfigError) and os.environ.get('RANK', '0') != '0'):
            for line in lines:
                print(f'error: {line}', file=sys.stderr)
        return 2
    return 0


def _silence_warnings() -> None:
    for text in NOISE:
        warnings.filterwarnings('ignore', message=re.escape(text))


def _is_for_the_terminal(record: logging.LogRecord) -> bool:
    return not any(text in record.getMessage() for text in FOR_THE_FILE)


def _is_worth_saying(record: logging.LogRecord) -> bool:
    return not any(text in record.getMessage() for text in NOISE)
