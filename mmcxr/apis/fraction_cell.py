"""One training and the test of its best checkpoint, in a folder that remembers it."""

import json
import math
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
from mmcxr.evaluation.functional.comparison import differences
from mmcxr.evaluation.functional.results import plain, read_results, write_results

_TOOLS = Path(__file__).parents[1] / '.mim/tools'
# Of the machine or the output: another value makes no other experiment.
_FREE = ('num_workers', 'persistent_workers', 'prefetch_factor', 'pin_memory')
_FREE += ('log_level', 'visualizer', 'work_dir')


class CellError(RuntimeError):
    """A cell that cannot run, or did not."""


@dataclass(frozen=True)
class Cell:
    """What is run, and where.

    ``cell.json`` in the folder holds the config, seed and digests of the weights that
    the cell began with, and whether the training has ended.

    Args:
        percent: share of the training films.
        scheme: split scheme, where the grid has several; else empty.
        seed: of the run.
        gpus: processes.
        file: config file.
        cfg: the same with all options merged.
        options: the options, ``key=value``.
        folder: work folder of training and test.
        setting: of a grid: dotted keys and values, which ``options`` holds too.
        setting_text: the same in short.
    """

    percent: float
    scheme: str
    seed: int
    gpus: int
    file: Path
    cfg: Config
    options: tuple[str, ...]
    folder: Path
    setting: tuple[tuple[str, Any], ...] = ()
    setting_text: str = ''

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

    def open(self) -> bool:
        """Make the folder, or see that it is of this cell; whether it has trained.

        Raises:
            CellError: the folder holds something else.
        """
        if self._note.is_file():
            noted = self._noted()
            found = list(differences(noted['spec'], self._spec()))
            if found:
                shown = '; '.join(f'{path}: {a!r} | {b!r}' for path, a, b in found[:5])
                more = f'; and {len(found) - 5} more' if len(found) > 5 else ''
                raise CellError(
                    f'{self.folder} is of another experiment ({shown}{more}); remove '
                    'it, or give another work folder'
                )
            return noted['trained']
        if self.folder.is_dir() and any(self.folder.iterdir()):
            raise CellError(
                f'{self.folder} is not empty and no cell of a grid; remove it, or give '
                'another work folder'
            )
        self._write_note(trained=False)
        return False

    def finished(self) -> dict | None:
        """Contents of ``results.json`` of this cell, or None.

        Results of another config, fraction or checkpoint than the cell's are none.
        """
        file = self.folder / 'results.json'
        if not (file.is_file() and self._note.is_file()):
            return None
        try:
            noted, results = self._noted(), read_results(file)
        except (CellError, ValueError):
            return None
        if not noted['trained'] or noted['spec'] != self._spec():
            return None
        fractions = results['spec']['protocol']['train_fraction']
        digest = results['spec']['model']['checkpoint_sha256']
        checkpoint = self.checkpoint()  # may have been removed to save space
        if fractions != [self.cfg.train_dataloader.dataset.get('fraction', 1)]:
            return None
        if checkpoint and file_digest(checkpoint) != digest:
            return None
        return results

    def run(self, action: str, execute: Callable[[list[str], Path], int]) -> None:
        """Train, from the last checkpoint if there is one, or test.

        Args:
            action: ``'train'`` or ``'test'``.
            execute: see :func:`mmcxr.studies.fractions.run_fractions`.

        Raises:
            CellError: the command failed; the message holds what it said last.
        """
        if action == 'test' and self.checkpoint() is None:
            raise CellError(
                f'the training has ended, but its checkpoint is gone; remove '
                f'{self.folder} to train anew'
            )
        code = execute(self._command(action), self.log)
        if code:
            raise CellError(f'{action} ended with {code}: {_last_words(self.log)}')
        if action == 'train':
            self._write_note(trained=True)

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

    def _command(self, action: str) -> list[str]:
        arguments = ['--work-dir', str(self.folder)]
        if action == 'train':
            arguments += ['--resume', '--seed', str(self.seed)]
            weights = []
        else:
            weights = [str(self.checkpoint())]
        if self.options:
            arguments += ['--cfg-options', *self.options]
        if self.gpus == 1:
            script = [sys.executable, str(_TOOLS / f'{action}.py')]
            return [*script, str(self.file), *weights, *arguments]
        script = ['bash', str(_TOOLS / f'dist_{action}.sh')]
        return [*script, str(self.file), *weights, str(self.gpus), *arguments]

    @property
    def _note(self) -> Path:
        return self.folder / 'cell.json'

    def _noted(self) -> dict:
        try:
            noted = json.loads(self._note.read_text(encoding='utf-8'))
            return dict(spec=noted['spec'], trained=noted['trained'])
        except (KeyError, TypeError, ValueError) as error:
            raise CellError(f'{self._note} is damaged; remove {self.folder}') from error

    def _write_note(self, trained: bool) -> None:
        write_results(self._note, dict(spec=self._spec(), trained=trained))

    def _spec(self) -> dict:
        """Everything that a training depends on, but for the films themselves."""
        config = self.cfg.to_dict()
        files = {
            str(path): _digest(path, path.stat().st_mtime_ns)
            for path in _weights(config)
        }
        spec = dict(
            config=_fixed(config), seed=self.seed, processes=self.gpus, files=files
        )
        return plain(spec)


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
