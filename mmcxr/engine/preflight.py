"""What a run needs outside its config, looked at before anything is built."""

import re
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path

from mmengine.config import Config

from .config_file import ConfigError, check_exists
from .config_options import nodes
from .config_types import resolve

# Packages behind mmengine's trackers, which `pip install mmcxr[tracking]` brings.
TRACKERS = dict(
    TensorboardVisBackend='tensorboard',
    WandbVisBackend='wandb',
    MLflowVisBackend='mlflow',
)


def check_parts(cfg: Config, mode: str) -> None:
    """Refuse a config without the three parts that a train or test loop needs.

    Args:
        cfg: merged config.
        mode: ``'train'`` or ``'test'``.
    """
    third = 'optim_wrapper' if mode == 'train' else 'test_evaluator'
    for key in (f'{mode}_dataloader', f'{mode}_cfg', third):
        if cfg.get(key) is None:
            raise ConfigError(f'{key}: the config has none, so it cannot {mode}')


def check_data(cfg: Config, loaders: Iterable[str]) -> None:
    """Refuse a dataset whose ``data_root`` is not there, and say what makes it.

    Args:
        cfg: merged config.
        loaders: the dataloaders that will be used.
    """
    for loader in loaders:
        for path, dataset in nodes(cfg.get(loader) or {}, (loader,)):
            inside = all(k in ('dataset', 'datasets') or k.isdigit() for k in path[1:])
            root = dataset.get('data_root') if isinstance(dataset, Mapping) else None
            if not inside or not isinstance(root, str) or '://' in root:
                continue
            try:
                check_exists(root, 'data folder', folder=True)
            except ConfigError as error:
                place = re.sub(r'\.(\d+)', r'[\1]', '.'.join(path))
                hint = _conversion(dataset, cfg.get('default_scope') or 'mmcxr')
                raise ConfigError(f'{place}.data_root: {error}{hint}') from None


def check_trackers(cfg: Config) -> None:
    """Refuse a tracker whose package is not installed."""
    backends = (cfg.get('visualizer') or {}).get('vis_backends') or []
    for backend in [backends] if isinstance(backends, Mapping) else backends:
        package = TRACKERS.get(str(backend.get('type')).rpartition('.')[2])
        if package and find_spec(package) is None:
            raise ConfigError(
                f'visualizer.vis_backends: {backend["type"]} needs {package}, which is '
                "not installed; pip install 'mmcxr[tracking]'"
            )


def check_checkpoint(path: str | None) -> None:
    """Refuse a checkpoint path that is not there; addresses are left to the reader."""
    if path is not None and '://' not in path:
        check_exists(path, 'checkpoint')


def _conversion(dataset: Mapping, scope: str) -> str:
    """The end of a message: the command that makes a dataset, if its class has it."""
    kind = resolve(str(dataset.get('type')), 'DATASETS', scope)
    facts = {**getattr(kind, 'METAINFO', {}), **(dataset.get('metainfo') or {})}
    command = facts.get('convert', '').format(data_root=dataset['data_root'])
    return f' (make it with: {command})' if command else ''


def last_checkpoint(work_dir: str) -> str | None:
    """The checkpoint that ``--resume auto`` goes on from, or None."""
    note = Path(work_dir) / 'last_checkpoint'
    if not note.is_file():
        return None
    written = Path(note.read_text().strip())
    beside = note.with_name(written.name)  # the work dir may have been moved
    return str(beside if beside.exists() else written)
