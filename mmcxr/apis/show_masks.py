"""Look at what a segmentation model finds: true and predicted outlines over films."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from PIL import Image
from rich.progress import track

from mmcxr.engine.checkpoint import load_strict, open_checkpoint
from mmcxr.engine.config_file import ConfigError, load_checked_config
from mmcxr.evaluation.functional.dice import image_dice, pixel_counts
from mmcxr.evaluation.metrics.base import to_array
from mmcxr.registry import DATASETS, MODELS
from mmcxr.visualization.masks import contact_sheet, draw_masks, draw_outlines

from .browse import picture_name
from .loaded_model import LoadedModel
from .model import check_device

_SHEET_HEIGHT = 288  # pixels of a film on the contact sheet


class MaskedFilm(NamedTuple):
    """A film with its true and predicted mask.

    Args:
        name: of the film.
        film: (H, W) uint8.
        truth: (H, W) uint8 of 0 and 1.
        prediction: likewise.
        dice: of the two, 1 where both are empty.
        facts: the same and the sizes, in words.
    """

    name: str
    film: np.ndarray
    truth: np.ndarray
    prediction: np.ndarray
    dice: float
    facts: str


def show_masks(
    config: str | Path,
    checkpoint: str | Path,
    out: str | Path,
    num: int = 16,
    phase: str = 'test',
    device: str = 'cpu',
    cfg_options: Mapping | None = None,
) -> list[Path]:
    """Draw predictions of a segmentation model beside the truth.

    Writes a picture for each film, and ``contact_sheet.png`` of all, the worst first.

    Args:
        config: config file.
        checkpoint: file that fills its model.
        out: folder for the PNG files.
        num: films, evenly spread over the split; half of them with a finding as far
            as there are such. 0 is all.
        phase: ``val`` or ``test``.
        device: where the model runs.
        cfg_options: dotted key -> value, merged into the config.

    Returns:
        The files, the contact sheet last.

    Raises:
        ConfigError: a config that cannot be read or built, or has no such dataloader.
        CheckpointError: the checkpoint does not fill the model.
        TableError: the dataset cannot be used.
    """
    check_device(device)
    cfg = load_checked_config(config, cfg_options)
    loader = cfg.get(f'{phase}_dataloader')
    if not loader:
        raise ConfigError(f'{config}: has no {phase}_dataloader')
    init_default_scope(cfg.get('default_scope') or 'mmcxr')
    dataset = DATASETS.build(loader.dataset)
    model = MODELS.build(cfg.model)
    load_strict(model, open_checkpoint(checkpoint), name=str(checkpoint))
    model.to(device).eval()
    rows = choose_rows(dataset.find_positives(), num)
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    files, seen = [], []
    quiet = not sys.stderr.isatty()
    for row in track(rows, 'drawing', disable=quiet, transient=True):
        shown = masked_film(model, dataset, row)
        picture = draw_masks(
            shown.film, shown.truth, shown.prediction, shown.name, shown.facts
        )
        stem = picture_name(dict(img_path=shown.name))
        files.append(_save(picture, out / f'{row:06d}_{stem}.png'))
        small = draw_outlines(shown.film, shown.truth, shown.prediction, _SHEET_HEIGHT)
        seen.append((shown.dice, f'{shown.dice:.3f}  {shown.name}', small))
    seen.sort(key=lambda film: film[0])
    _, captions, pictures = zip(*seen, strict=True)
    files.append(_save(contact_sheet(pictures, captions), out / 'contact_sheet.png'))
    return files


@torch.no_grad()
def masked_film(model: LoadedModel, dataset, row: int) -> MaskedFilm:
    """Segment one film of a dataset.

    Args:
        model: in eval mode.
        dataset: whose pipeline's first step reads the film, and whose masks keep the
            size of the film.
        row: its number.
    """
    film = dataset.pipeline.transforms[0](dataset.get_data_info(row))['img']
    (sample,) = model.test_step(pseudo_collate([dataset[row]]))
    truth, prediction = (
        to_array(field.data[0], np.uint8)
        for field in (sample.gt_sem_seg, sample.pred_sem_seg)
    )
    counts = pixel_counts(prediction, truth)
    dice = float(image_dice(counts[None])[0])
    _, predicted, actual, _ = counts.tolist()
    sizes = [f'{n:,} pixels' if n else 'nothing' for n in (actual, predicted)]
    facts = f'Dice {dice:.3f}   true {sizes[0]}, predicted {sizes[1]}'
    name = str(sample.get('image') or Path(sample.img_path).name)
    return MaskedFilm(name, film, truth == 1, prediction == 1, dice, facts)


def choose_rows(positive: Sequence[bool], num: int) -> list[int]:
    """Rows evenly spread, half of them positive as far as there are such.

    Args:
        positive: whether a row has a finding.
        num: how many; 0 is all.

    Returns:
        Ascending row numbers.
    """
    groups = [np.flatnonzero(np.equal(positive, wanted)) for wanted in (True, False)]
    num = min(num or len(positive), len(positive))
    first = min(len(groups[0]), max((num + 1) // 2, num - len(groups[1])))
    chosen = [
        group[np.linspace(0, len(group) - 1, count).round().astype(int)]
        for group, count in zip(groups, (first, num - first), strict=True)
    ]
    return sorted(np.concatenate(chosen).tolist())


def _save(picture: np.ndarray, path: Path) -> Path:
    Image.fromarray(picture).save(path)
    return path
