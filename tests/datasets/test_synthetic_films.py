"""The datasets of the synthetic films read what is drawn, without leaks."""

import numpy as np
import pytest

from mmcxr.datasets.tables.table import read_table
from mmcxr.registry import DATASETS
from mmcxr.synthetic.plan import CLASSES

FILM = [dict(type='LoadFilm')]


@pytest.fixture(scope='module')
def table(synthetic_dir):
    return read_table(synthetic_dir, check_files=-1)


def test_the_classes_are_those_that_are_drawn():
    assert DATASETS.get('SyntheticFilms').METAINFO['classes'] == CLASSES


def build(kind, root, split, **more):
    config = dict(type=kind, data_root=str(root), split_scheme='official', split=split)
    return DATASETS.build({**config, **more})


def test_pairs(synthetic_dir, table):
    parts = [
        build('SyntheticPairs', synthetic_dir, s) for s in ('train', 'val', 'test')
    ]
    studies = table[['patient_id', 'study_id']].drop_duplicates()
    assert sum(map(len, parts)) == len(studies)
    for part in parts:
        info = part.get_data_info(0)
        assert info['sections'] and info['labels'] and info['dataset'] == 'synthetic'
        assert len(info['gt_label']) == len(CLASSES)
    assert [p.metainfo['overlap'] for p in parts[1:]] == [
        dict(scheme='official', against='train', images=0, patients=0)
    ] * 2


def test_films(synthetic_dir, table):
    dataset = build('SyntheticFilms', synthetic_dir, 'train', views=('PA', 'AP'))
    assert dataset.metainfo['left_out']['view'] > 0
    assert {dataset.get_data_info(i)['view'] for i in range(len(dataset))} == {
        'PA',
        'AP',
    }


def test_masks(synthetic_dir, table):
    pipeline = [*FILM, dict(type='LoadFilmMask')]
    dataset = build(
        'SyntheticPneumothoraxSeg', synthetic_dir, 'train', pipeline=pipeline
    )
    assert dataset.metainfo['left_out'] == {}
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    with_mask = [i for i, info in enumerate(infos) if info['seg_map_path']]
    without = [i for i, info in enumerate(infos) if not info['seg_map_path']]
    assert with_mask and without
    assert dataset[with_mask[0]]['gt_seg_map'].max() == 1
    assert not np.any(dataset[without[0]]['gt_seg_map'])
