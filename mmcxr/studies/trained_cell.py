"""One training and the test of its best checkpoint, by the commands one types."""

import json
import math
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmcxr.engine.checkpoint_file import file_digest
from mmcxr.engine.config_file import ConfigError
from mmcxr.engine.preflight import last_checkpoint

from .cell import Cell, CellError

# Runs a command, appends what it says to a file and returns the exit code.
Execute = Callable[[list[str], Path], int]
_TOOLS = Path(__file__).parents[1] / '.mim/tools'
# Of the machine or the output: another value makes no other experiment.
_FREE = ('num_workers', 'persistent_workers', 'prefetch_factor', 'pin_memory')
_FREE += ('log_level', 'visualizer', 'work_dir')


@dataclass(frozen=True)
class TrainedCell(Cell):
    """A config at a fraction of the films, a fold, a setting and a seed.

    Args:
        folder: work folder of training and test.
        percent: share of the training films.
        scheme: split scheme, where the grid has several; else empty.
        seed: of the run.
        gpus: processes.
        file: config file.
        cfg: the same with all options merged.
        options: the options, ``key=value``.
        setting: of a grid: dotted keys and values, which ``options`` holds too.
        setting_text: the same in short.
        execute: runs the commands.
    """

    folder: Path
    percent: float
    scheme: str
    seed: int
    gpus: int
    file: Path
    cfg: Config
    options: tuple[str, ...]
    setting: dict[str, Any]
    setting_text: str
    execute: Execute

    @property
    def share(self) -> str:
        """Share of the films, and scheme."""
        return ', '.join(filter(None, [f'{self.percent:g} %', self.scheme]))

    @property
    def name(self) -> str:
        """Share, scheme, seed and setting."""
        parts = [self.share, f'seed {self.seed}', self.setting_text]
        return ', '.join(filter(None, parts))

    def criterion(self) -> tuple[str, str]:
        """What its best checkpoint is the best in, and 'greater' or 'less'.

        Raises:
            ConfigError: the config keeps no best checkpoint, or does not say which.
        """
        hook = self.cfg.default_hooks.checkpoint
        metric, rule = hook.get('save_best'), hook.get('rule')
        if not isinstance(metric, str) or metric == 'auto' or rule is None:
            raise ConfigError(
                f'{self.file}: a grid is decided by what is best in validation; set '
                'default_hooks.checkpoint.save_best to one metric, and its rule'
            )
        return metric, rule

    def validated(self) -> float | None:
        """The best value of the criterion in validation so far, or None."""
        metric, rule = self.criterion()
        values = [
            row[metric]
            for log in sorted(self.folder.glob('*/vis_data/scalars.json'))
            for row in map(json.loads, log.read_text(encoding='utf-8').splitlines())
            if metric in row and math.isfinite(row[metric])
        ]
        return (max if rule == 'greater' else min)(values, default=None)

    def try_out(self, say: Callable[[str], None]) -> bool:
        """Train without a test, and say so by True."""
        with self.locked():
            self._train(say)
        return True

    def measure(self, say: Callable[[str], None]) -> None:
        """Train, and test the best checkpoint."""
        self._train(say)
        say('testing')
        if self.checkpoint() is None:
            raise CellError(
                f'the training has ended, but its checkpoint is gone; remove '
                f'{self.folder} to train anew'
            )
        self._run('test')

    def accepts(self, results: dict) -> bool:
        """Those of its fraction and, unless that was removed, of its checkpoint."""
        spec, checkpoint = results['spec'], self.checkpoint()
        fractions = [self.cfg.train_dataloader.dataset.get('fraction', 1)]
        return spec['protocol']['train_fraction'] == fractions and (
            checkpoint is None
            or file_digest(checkpoint) == spec['model']['checkpoint_sha256']
        )

    @property
    def log(self) -> Path:
        """File of what the commands say."""
        return self.folder / 'output.txt'

    def checkpoint(self) -> Path | None:
        """The newest best checkpoint, the last where none is kept as best, or None."""
        best = sorted(self.folder.glob('best_*.pth'), key=lambda p: p.stat().st_mtime)
        last = last_checkpoint(str(self.folder))
        chosen = best[-1] if best else last and Path(last)
        return chosen if chosen and chosen.is_file() else None

    def command(self, action: str) -> list[str]:
        """Of ``train`` or ``test``, as one types it."""
        arguments, weights = ['--work-dir', str(self.folder)], []
        if action == 'train':
            arguments += ['--resume', '--seed', str(self.seed)]
        else:
            weights = [str(self.checkpoint())]
        if self.options:
            arguments += ['--cfg-options', *self.options]
        if self.gpus == 1:
            script = [sys.executable, str(_TOOLS / f'{action}.py')]
            return [*script, str(self.file), *weights, *arguments]
        script = ['bash', str(_TOOLS / f'dist_{action}.sh')]
        return [*script, str(self.file), *weights, str(self.gpus), *arguments]

    def find_spec(self) -> dict:
        """Everything that a training depends on, but for the films themselves."""
        config = self.cfg.to_dict()
        files = {
            str(path): _digest(path, path.stat().st_mtime_ns)
            for path in _weights(config)
        }
        return dict(
            config=_fixed(config), seed=self.seed, processes=self.gpus, files=files
        )

    def _train(self, say: Callable[[str], None]) -> None:
        """Go on from the last checkpoint if there is one."""
        self.check_folder()
        state = self.state()
        if state in ('trained', 'done'):
            say('trained before')
            return
        if state == 'new':
            self.note(trained=False)
        verb = 'goes on' if last_checkpoint(str(self.folder)) else 'begins'
        say(f'training {verb}; see {self.log}')
        self._run('train')
        self.note(trained=True)

    def _run(self, action: str) -> None:
        code = self.execute(self.command(action), self.log)
        if code:
            raise CellError(f'{action} ended with {code}: {_last_words(self.log)}')


def run_command(command: list[str], log: Path) -> int:
    """Run a command with this Python and this package; its output goes to a file."""
    package = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, [package, os.environ.get('PYTHONPATH')]))
    environment = dict(os.environ, PYTHONPATH=path, PYTHON=sys.executable)
    with log.open('a', encoding='utf-8') as output:
        output.write(f'$ {shlex.join(command)}\n')
        output.flush()
        return subprocess.run(
            command,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            close_fds=False,  # the lock of the cell is the command's too
        ).returncode


def _fixed(value):
    if isinstance(value, dict):
        return {k: _fixed(item) for k, item in value.items() if k not in _FREE}
    if isinstance(value, list | tuple):
        return [_fixed(item) for item in value]
    return value


def _weights(value) -> Iterator[Path]:
    """Files of weights that a config names and that are there."""
    items = value.values() if isinstance(value, dict) else value
    if isinstance(value, dict):
        for key in ('checkpoint', 'load_from'):
            if isinstance(value.get(key), str) and Path(value[key]).is_file():
                yield Path(value[key])
    for item in items:
        if isinstance(item, dict | list | tuple):
            yield from _weights(item)


@cache
def _digest(path: Path, changed: int) -> str:
    return file_digest(path)


def _last_words(log: Path) -> str:
    """The last error that a log tells, or its last line."""
    lines = log.read_text(encoding='utf-8', errors='replace').splitlines()
    lines = [line.strip() for line in lines if line.strip()]
    told = [line for line in lines if line.startswith('error: ')]
    return (told or lines or ['nothing was said'])[-1].removeprefix('error: ')
