"""The report of ``make demo``, from the files its runs have written."""

import csv
import gzip
import random
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from mmengine.config import Config

from mmcxr.apis.inference import embed_films, embed_texts, similarity_maps
from mmcxr.apis.model import load_model
from mmcxr.datasets.films.film import read_film
from mmcxr.datasets.tables.splits import read_split
from mmcxr.datasets.tables.table import read_table
from mmcxr.visualization.curves import plot_curves, plot_roc, read_scalars
from mmcxr.visualization.html_report import HTMLReport
from mmcxr.visualization.similarity import overlay_similarity

from .demo_pictures import masked_curves, restorations, segmentations

DATA = Path('data/synthetic')


def write_report(
    path: Path, results: dict[str, dict], models: dict[str, tuple[Path, str]]
) -> None:
    """Write the HTML report of a demo, standing in its folder.

    Args:
        path: of the report.
        results: name of an evaluation -> its ``results.json``.
        models: 'zero_shot' (with its prompts), 'masked' and 'segmentation' -> config
            and checkpoint.
    """
    table = read_table(DATA)
    held_out = table.iloc[read_split(DATA, 'official', table).of('test')]
    model = load_model(*models['zero_shot'])
    prompts = Config.fromfile(models['zero_shot'][0]).prompts
    report = HTMLReport('mmcxr demo: CXR-CLIP and MRM on synthetic films')
    report.paragraph(
        'The films are drawn, not taken: these numbers show that the toolbox works '
        'and that the models learn, and say nothing of real chest radiographs. All '
        'are measured on patients the models have not seen; intervals are 95 %, from '
        'resampled patients.'
    )
    report.table(['measure', 'value', '95 % interval', 'baseline'], summary(results))
    _films(report, held_out)
    _clip_curves(report)
    _roc(report)
    _retrieval(report, held_out, model)
    _maps(report, held_out, model, prompts)
    masked_curves(report)
    restorations(report, *models['masked'])
    segmentations(report, held_out, *models['segmentation'])
    report.save(path)


def summary(results: dict[str, dict]) -> list[list[str]]:
    """Rows (measure, value, interval, baseline) of the overall numbers."""
    wanted = (
        ('zero_shot', 'classification/auroc', 'zero-shot, macro AUROC'),
        ('linear_probe', 'classification/auroc', 'linear probe, macro AUROC'),
        ('retrieval', 'retrieval/i2t_recall_at_1', 'film to report, recall at 1'),
        ('retrieval', 'retrieval/i2t_recall_at_10', 'film to report, recall at 10'),
        ('retrieval', 'retrieval/t2i_recall_at_10', 'report to film, recall at 10'),
        ('retrieval', 'retrieval/i2t_median_rank', 'film to report, median rank'),
        ('fine_tuning', 'classification/auroc', 'MRM fine-tuned, macro AUROC'),
        (
            'segmentation',
            'segmentation/dice_positive',
            'pneumothorax, Dice of films with one',
        ),
        (
            'segmentation',
            'segmentation/dice_foreground',
            'pneumothorax, Dice of all',
        ),
        (
            'segmentation',
            'segmentation/detection_auroc_max',
            'pneumothorax or none, AUROC',
        ),
    )
    rows = []
    for run, name, label in wanted:
        entry = results[run]['metrics'][name]
        low, high = entry['ci95']
        chance = results[run]['baselines'].get(name, {}).get('value')
        rows.append([
            label, _number(entry['value']), f'{_number(low)} to {_number(high)}',
            '' if chance is None else _number(chance),
        ])  # fmt: skip
    return rows


def _number(value: float) -> str:
    return f'{value:.3f}' if abs(value) < 2 else f'{value:.1f}'


def _report_text(row) -> str:
    texts = (('Findings', row.findings), ('Impression', row.impression))
    return '\n'.join(f'{name}: {text}' for name, text in texts if text)


def _film(row) -> np.ndarray:
    return read_film(DATA / 'images' / row.image)


def _films(report: HTMLReport, films: pd.DataFrame) -> None:
    report.heading('Films and their reports')
    chosen = films.drop_duplicates('patient_id').head(8).itertuples()
    report.gallery([(_film(row), f'{row.view}\n{_report_text(row)}') for row in chosen])


def _clip_curves(report: HTMLReport) -> None:
    logs = sorted(Path('pretrain').glob('*/vis_data/scalars.json'))
    names = ['loss', 'i2t', 'icl', 'tcl', 'contrastive/total', 'classification/auroc']
    curves = read_scalars(logs[-1], names)
    training = {n: curves[n] for n in names[:4] if n in curves}
    report.heading('Pre-training CXR-CLIP')
    report.gallery(
        [
            (plot_curves(training, 'loss'), 'Training loss and three of its parts'),
            (
                plot_curves({'loss': curves['contrastive/total']}, 'loss', 'epoch'),
                'Validation loss, by which the best checkpoint is chosen',
            ),
            (
                plot_curves(
                    {'AUROC': curves['classification/auroc']}, 'AUROC', 'epoch'
                ),
                'Zero-shot macro AUROC on the validation patients',
            ),
        ],
        wide=True,
    )


def _read_scores(path: Path) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Classes, labels (N, C) and scores (N, C) of a ``scores.csv.gz``."""
    with gzip.open(path, 'rt', encoding='utf-8', newline='') as file:
        rows = list(csv.DictReader(file))
    classes = [
        key.removeprefix('score_') for key in rows[0] if key.startswith('score_')
    ]
    labels, scores = (
        np.array(
            [[float(row[f'{kind}_{c}'] or 'nan') for c in classes] for row in rows]
        )
        for kind in ('label', 'score')
    )
    return classes, labels, scores


def _roc(report: HTMLReport) -> None:
    report.heading('Receiver operating characteristic, held-out patients')
    pictures = []
    captions = dict(
        zero_shot='CXR-CLIP, zero-shot',
        linear_probe='CXR-CLIP, linear probe',
        fine_tuning='MRM, fine-tuned',
    )
    for run, caption in captions.items():
        classes, labels, scores = _read_scores(Path(run, 'scores.csv.gz'))
        pictures.append((plot_roc(labels, scores, classes), f'{caption}, with AUROC'))
    report.gallery(pictures, wide=True)


def _retrieval(report: HTMLReport, films: pd.DataFrame, model) -> None:
    report.heading('Film to report')
    studies = films.drop_duplicates('study_id').reset_index(drop=True)
    texts = [max(r.findings, r.impression, key=len) for r in studies.itertuples()]
    queries = random.Random(0).sample(range(len(studies)), 6)
    paths = [DATA / 'images' / studies.image[query] for query in queries]
    similarity = embed_films(model, paths) @ embed_texts(model, texts).T  # (6, T)
    report.paragraph(
        f'The nearest of {len(texts)} held-out reports, and where the own one ranks.'
    )
    pictures = []
    for query, row in zip(queries, similarity, strict=True):
        own = texts[query]
        rank = 1 + int(sum(row[i] > row[query] for i in range(len(row))))
        best = texts[int(row.argmax())]
        caption = f'Nearest: {best}\n\nOwn (rank {rank}): {own}'
        pictures.append((_film(studies.loc[query]), caption))
    report.gallery(pictures)


def _maps(report: HTMLReport, films: pd.DataFrame, model, prompts: dict) -> None:
    report.heading('Where the film resembles the text')
    report.paragraph(
        'Cosine similarity of each place of the last feature map (3 x 3) with prompts '
        'that affirm a finding, less that with prompts that deny it; bright is more. '
        'The frame is where the finding was drawn. An explanation, not a segmentation.'
    )
    frontal = films[films.view != 'LATERAL']
    pictures = []
    for finding in ('Pleural Effusion', 'Pneumothorax', 'Consolidation', 'Nodule'):
        said = prompts[finding]
        for row in frontal[frontal[finding] == 1].head(2).itertuples():
            path = DATA / 'images' / row.image
            maps = similarity_maps(model, path, [*said['pos'], *said['neg']])
            number = len(said['pos'])
            contrast = maps[:number].mean(axis=0) - maps[number:].mean(axis=0)
            picture = overlay_similarity(read_film(path), contrast)
            pictures.append((_framed(picture, row.boxes, finding), finding))
    report.gallery(pictures)


def _framed(picture: np.ndarray, boxes: list, finding: str) -> np.ndarray:
    for x, y, width, height, label in boxes:
        if label == finding:
            corners = (int(x), int(y)), (int(x + width), int(y + height))
            cv2.rectangle(picture, *corners, (90, 220, 255), 1)
    return picture
