"""What MRM restores and what its encoder outlines, for the report of ``make demo``."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from mmengine.config import Config
from torch import Tensor

from mmcxr.apis.inference import OUR_SCOPE
from mmcxr.apis.model import load_model
from mmcxr.apis.segment import segment
from mmcxr.datasets.collate import collate_studies
from mmcxr.datasets.films.film import read_film, read_mask
from mmcxr.evaluation.functional.dice import image_dice, pixel_counts
from mmcxr.registry import DATASETS, TOKENIZERS
from mmcxr.visualization.curves import plot_curves, read_scalars
from mmcxr.visualization.html_report import HTMLReport
from mmcxr.visualization.masks import draw_outlines

_DATA = Path('data/synthetic')
_SIZE = 256  # height of a picture in pixels


def masked_curves(report: HTMLReport) -> None:
    """Both losses of MRM, in training and on the validation patients."""
    log = sorted(Path('masked').glob('*/vis_data/scalars.json'))[-1]
    names = dict(
        loss_image='film',
        loss_report='report',
        **{'restoration/image': 'film, validation'},
        **{'restoration/report': 'report, validation'},
    )
    curves = read_scalars(log, list(names))
    report.heading('Pre-training MRM')
    report.paragraph(
        'Half of the patches and three words of four are hidden; the model '
        'restores the film at twice the resolution it has seen, and the words with '
        'the film in view.'
    )
    training, validation = (
        {names[n]: c for n, c in curves.items() if ('/' in n) is held_out}
        for held_out in (False, True)
    )
    report.gallery(
        [
            (plot_curves(training, 'loss'), 'Training losses'),
            (plot_curves(validation, 'loss', 'epoch'), 'On validation patients'),
        ],
        wide=True,
    )


def restorations(report: HTMLReport, config: Path, checkpoint: str) -> None:
    """Films as the encoder saw them, restored, and as they are; words likewise."""
    config = Config.fromfile(config)
    model = load_model(config, checkpoint)
    with OUR_SCOPE():
        dataset = DATASETS.build(config.val_dataloader.dataset)
        rows = np.linspace(0, len(dataset) - 1, 6).astype(int)
        batch = collate_studies([dataset[int(row)] for row in rows])
        inputs = model.data_preprocessor(batch)['inputs']
        words = TOKENIZERS.build(config.tokenizer).backend
    found = model.reconstruct(inputs)
    mean, std = (model.data_preprocessor.mean, model.data_preprocessor.std)

    def picture(films: Tensor) -> np.ndarray:
        grey = ((films * std + mean) * 255)[:, 0].clamp(0, 255)
        return grey.round().to(torch.uint8).numpy()

    report.heading('What MRM restores')
    report.paragraph(
        'Left the visible patches, in the middle the restored film (the mean and '
        'contrast of each hidden patch are taken from the film, as the model does not '
        'predict them), right the film itself. Validation patients.'
    )
    triples = zip(
        picture(found['seen']),
        picture(found['film']),
        picture(inputs['image']),
        strict=True,
    )
    texts = zip(
        inputs['input_ids'].flatten(0, 1),
        found['report_ids'],
        inputs['target_ids'].flatten(0, 1),
        strict=True,
    )
    report.gallery(
        [
            (np.hstack(triple), _restored_words(*text, words))
            for triple, text in zip(triples, texts, strict=True)
        ],
        wide=True,
    )


def _restored_words(masked: Tensor, restored: Tensor, target: Tensor, words) -> str:
    """The report with its hidden words, and how many were restored."""
    hidden = masked != target
    right = int((restored == target)[hidden].sum())
    given, answer = (
        words.decode(ids[target != 0].tolist(), skip_special_tokens=False)
        for ids in (masked, restored)
    )
    return (
        f'{right} of {int(hidden.sum())} hidden word pieces restored\n\n'
        f'Given: {given}\n\nRestored: {answer}'
    )


def segmentations(
    report: HTMLReport, films: pd.DataFrame, config: Path, checkpoint: str
) -> None:
    """True and predicted outlines of pneumothoraces, and two films without one."""
    model = load_model(config, checkpoint)
    rows = [*films[films['mask'] != ''].head(6).itertuples()]
    rows += [*films[films['mask'] == ''].head(2).itertuples()]
    found = segment(model, [_DATA / 'images' / row.image for row in rows])
    pictures = []
    for row, answer in zip(rows, found, strict=True):
        film = read_film(_DATA / 'images' / row.image)
        truth = np.zeros_like(film)
        if row.mask:
            truth = read_mask(_DATA / 'masks' / row.mask, film.shape)
        (dice,) = image_dice([pixel_counts(answer.mask, truth)])
        kind = 'pneumothorax' if row.mask else 'no pneumothorax'
        picture = draw_outlines(film, truth, answer.mask, _SIZE)
        pictures.append((picture, f'{kind}, Dice {dice:.2f}'))
    report.heading('Pneumothorax, outlined')
    report.paragraph(
        'Blue is the truth, orange the prediction of a segmentation model that began '
        "with MRM's encoder. The first films of held-out patients that have a mask, "
        'and two that have none, where an empty prediction counts 1.'
    )
    report.gallery(pictures)
