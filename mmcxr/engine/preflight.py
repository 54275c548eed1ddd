"""What a run needs outside its config, looked at before anything is built."""

from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path

from mmengine.config import Config

from mmcxr.engine.config_file import ConfigError, check_exists

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
    """Refuse a dataset whose ``data_root`` is not there.

    Args:
        cfg: merged config.
        loaders: the dataloaders that will be used.
    """
    for loader in loaders:
        for place, root in _data_roots((cfg.get(loader) or {}).get('dataset'), loader):
            if '://' not in root:
                try:
                    check_exists(root, 'data folder')
                except ConfigError as error:
                    raise ConfigError(f'{place}: {error}') from None


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


def _data_roots(node, place: str):
    """Yield (place, ``data_root``) of a dataset and those nested in it."""
    if isinstance(node, list | tuple):
        for index, child in enumerate(node):
            yield from _data_roots(child, f'{place}[{index}]')
    elif isinstance(node, Mapping):
        place = place if place.endswith(']') else f'{place}.dataset'
        if isinstance(node.get('data_root'), str):
            yield f'{place}.data_root', node['data_root']
        for key in ('dataset', 'datasets'):
            yield from _data_roots(
                node.get(key), f'{place}.{key}'.removesuffix('.dataset')
            )


def last_checkpoint(work_dir: str) -> str | None:
    """The checkpoint that ``--resume auto`` goes on from, or None."""
    note = Path(work_dir) / 'last_checkpoint'
    if not note.is_file():
        return None
    written = Path(note.read_text().strip())
    beside = note.with_name(written.name)  # the work dir may have been moved
    return str(beside if beside.exists() else written)
