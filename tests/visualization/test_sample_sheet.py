import numpy as np
import pytest
import torch
from mmengine.structures import BaseDataElement

from mmcxr.visualization import sample_sheet
from mmcxr.visualization.sample_sheet import FILM_HEIGHT, draw_sample


def packed(inputs, **facts):
    label = facts.pop('gt_label', None)
    sample = BaseDataElement(metainfo=facts)
    if label is not None:
        sample.set_field(torch.tensor(label), 'gt_label')
    return dict(inputs=inputs, data_samples=sample)


@pytest.fixture
def written(monkeypatch):
    lines = []
    write = sample_sheet._write
    monkeypatch.setattr(
        sample_sheet, '_write', lambda text: lines.extend(text) or write(text)
    )
    return lines


def test_what_is_written(written):
    sample = packed(
        torch.zeros(1, 4, 4, dtype=torch.uint8),
        image=['a.png', 'b.png'],
        view='PA',
        texts=['one ' * 40, 'two'],
        gt_label=[1.0, 0, -1, float('nan'), 1],
    )
    draw_sample(sample, dict(classes='ABCDE'))
    assert written[:5] == [
        'image: a.png, b.png',
        'view: PA',
        'present: A, E',
        'uncertain: C',
        'absent: B',
    ]
    assert written[5].startswith('text 1: one') and max(map(len, written)) <= 110
    assert written[-1] == 'text 2: two'


def test_labels_without_names(written):
    draw_sample(packed(torch.zeros(1, 4, 4), gt_label=[3]), {})
    assert written == ['label: 3']


@pytest.mark.parametrize('shape', [(1, 8, 6), (3, 8, 6), (2, 1, 8, 6)])
@pytest.mark.parametrize('dtype', [torch.uint8, torch.float32])
def test_films(shape, dtype):
    films = torch.arange(np.prod(shape)).reshape(shape).to(dtype)
    picture = draw_sample(packed(dict(image=films), image='x'), {})
    assert picture.dtype == np.uint8 and picture.shape[2] == 3
    assert picture.shape[0] > FILM_HEIGHT
    assert picture.shape[1] == FILM_HEIGHT * 6 // 8 * (2 if len(shape) == 4 else 1)
    row = picture[:FILM_HEIGHT].astype(int)
    assert row[0, 0].sum() < row[-1, FILM_HEIGHT * 6 // 8 - 1].sum()


def test_nothing_to_write():
    assert draw_sample(packed(torch.ones(1, 5, 5)), {}).shape[0] >= FILM_HEIGHT
