"""Look at what a config feeds the model."""

import re
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from mmengine.registry import init_default_scope
from PIL import Image
from rich.progress import track

from mmcxr.engine.config_file import ConfigError, load_checked_config
from mmcxr.registry import DATASETS
from mmcxr.torchvision_schema import ensure_torchvision
from mmcxr.visualization.sample_sheet import draw_sample


def browse_dataset(
    config: str | Path,
    out: str | Path,
    phase: str = 'train',
    num: int = 10,
    epoch: int = 0,
    seed: int = 0,
    cfg_options: Mapping | None = None,
) -> list[Path]:
    """Draw samples of a config's dataset as they leave the pipeline.

    Args:
        config: config file.
        out: folder for the PNG files.
        phase: ``train``, ``val`` or ``test``.
        num: how many, evenly spread over the dataset; 0 is all.
        epoch: whose augmentations to show.
        seed: of the run.
        cfg_options: dotted key -> value, merged into the config.

    Returns:
        The files.

    Raises:
        ConfigError: a config that cannot be read or built, or has no such dataloader.
        TableError: the dataset cannot be used.
    """
    cfg = load_checked_config(config, cfg_options)
    loader = cfg.get(f'{phase}_dataloader')
    if not loader:
        raise ConfigError(f'{config}: has no {phase}_dataloader')
    ensure_torchvision()
    init_default_scope(cfg.get('default_scope') or 'mmcxr')
    dataset = DATASETS.build(loader.dataset)
    dataset.seed = seed
    size = len(dataset)
    rows = np.unique(np.linspace(0, size - 1, min(num or size, size)).astype(int))
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    files = []
    quiet = not sys.stderr.isatty()
    for row in track(rows.tolist(), 'drawing', disable=quiet, transient=True):
        packed = dataset[epoch * size + row]
        files.append(out / f'{row:06d}_{picture_name(packed["data_samples"])}.png')
        Image.fromarray(draw_sample(packed, dataset.metainfo)).save(files[-1])
    return files


def picture_name(sample) -> str:
    """A file name that tells the sample, without its suffix."""
    name = sample.get('study_id') or Path(sample.get('img_path', 'sample')).stem
    return re.sub(r'[^\w.-]+', '_', str(name))
