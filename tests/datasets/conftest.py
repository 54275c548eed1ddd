"""A tiny dataset on disk, for tests of what reads tables."""

import csv
import gc
from pathlib import Path

import cv2
import numpy as np
import pytest

COLUMNS = ('image', 'patient_id', 'study_id', 'view', 'findings', 'impression') + (
    'findings_augmented',
    'impression_augmented',
    'mask',
    'Edema',
    'Mass',
)
# Two patients, four studies, six films; study s3 has nothing to say.
ROWS = (
    ('p0/a.png', '007', 's1', 'PA', 'Edema is seen.', 'Edema.', 'Edema visible.', '')
    + ('a.png', '1', '0'),
    ('p0/b.png', '007', 's1', 'LATERAL', 'Edema is seen.', 'Edema.')
    + ('Edema visible.', '', '', '0', '-1'),
    ('p0/c.png', '007', 's2', 'AP', '', 'No mass.', '', '', '', '', '0'),
    ('p1/d.png', '008', 's1', 'AP', ' ', '', '', '', '', '-1', ''),
    ('p1/e.png', '008', 's3', 'PA', '', '', '', '', '', '', ''),
    ('p1/f.png', '008', 's1', '', '', '', '', '', 'f.png', '', '1'),
)
SPLITS = [(row[0], 'train' if row[0] < 'p1' else 'test') for row in ROWS]


def write_csv(path: Path, header, rows) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open('w', newline='') as file:
        csv.writer(file).writerows([header, *rows])


def write_png(path: Path, size: int, seed: int, top: int = 255) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, top + 1, (size, size + 4))
    cv2.imwrite(str(path), pixels.astype(np.uint8))


@pytest.fixture(scope='session', autouse=True)
def cheap_collection():
    """mmengine collects garbage for each dataset: 0.2 s, mostly spent on modules."""
    import mmcxr.datasets  # noqa: F401

    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def make_dataset(tmp_path):
    """Write a dataset and return its folder; rows are tuples in COLUMNS' order."""

    def make(
        rows=ROWS, columns=COLUMNS, splits=SPLITS, name='tiny', size=20, reports=()
    ) -> Path:
        root = tmp_path / name
        if reports:
            rows = [(*row, text) for row, text in zip(rows, reports, strict=True)]
            columns = (*columns, 'report')
        write_csv(root / 'table.csv', columns, rows)
        write_csv(root / 'splits/official.csv', ('image', 'split'), splits)
        for number, row in enumerate(rows):
            write_png(root / 'images' / row[0], size, number)
            mask = dict(zip(columns, row, strict=True)).get('mask')
            if mask:
                write_png(root / 'masks' / mask, size, number, top=1)
        return root

    return make


@pytest.fixture
def many_films(make_dataset):
    """24 films of 8 patients with one label; image 'i.png' has seed i."""
    rows = [
        (f'{i}.png', f'p{i // 3}', f's{i}', 'PA', f'Film {i}.', i % 2)
        for i in range(24)
    ]
    columns = ('image', 'patient_id', 'study_id', 'view', 'findings', 'Edema')
    splits = [(row[0], 'train' if row[1] < 'p6' else 'val') for row in rows]
    return make_dataset(rows, columns, splits, name='many')
