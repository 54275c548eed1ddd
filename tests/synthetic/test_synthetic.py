"""Synthetic films: what is drawn, what is said and what is written agree."""

import csv
import json
import re
import runpy
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from mmcxr.datasets.films.film import read_film, read_mask
from mmcxr.datasets.tables.splits import read_split
from mmcxr.datasets.tables.table import label_columns, read_table
from mmcxr.synthetic import CLASSES, write_synthetic_dataset
from mmcxr.synthetic import write as writing
from mmcxr.synthetic.plan import FINDINGS, plan_patient
from mmcxr.synthetic.report import write_report


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """20 patients on disk, 96 px."""
    return write_synthetic_dataset(
        tmp_path_factory.mktemp('films'), num_patients=20, size=96, seed=3
    )


@pytest.fixture(scope='module')
def rows(folder):
    with open(folder / 'table.csv', newline='') as file:
        return list(csv.DictReader(file))


def files_of(root):
    """Bytes of every image and mask."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob('*')
        if path.suffix in ('.jpg', '.png', '.dcm')
    }


def draw(index, study, view, size=96, seed=0):
    patient, _ = plan_patient(seed, index)
    return writing.draw_film(patient, study, view, size, np.random.default_rng(5))


def test_same_seed_same_files_and_more_patients_add(folder, rows, tmp_path):
    again = write_synthetic_dataset(tmp_path / 'a', 5, size=96, seed=3, workers=2)
    small, whole = files_of(again), files_of(folder)
    assert small == {name: whole[name] for name in small}
    with open(again / 'table.csv', newline='') as file:
        first = list(csv.DictReader(file))
    assert first == rows[: len(first)]
    other = write_synthetic_dataset(tmp_path / 'b', 5, size=96, seed=4)
    assert not set(files_of(other).values()) & set(small.values())


def test_num_films_takes_whole_patients(rows, tmp_path):
    seen = []
    out = write_synthetic_dataset(
        tmp_path, num_films=8, size=96, seed=3, progress=seen.append
    )
    table = read_table(out)
    last = table['patient_id'].iloc[-1]
    assert len(table) - (table['patient_id'] == last).sum() < 8 <= len(table)
    assert sum(seen) == len(table) and len(seen) == table['patient_id'].nunique()
    assert list(table['image']) == [row['image'] for row in rows[: len(table)]]


def test_table_reads_and_splits_are_disjoint_by_patient(folder):
    table = read_table(folder, check_files=-1)
    assert label_columns(table) == list(CLASSES)
    scheme = read_split(folder, 'official', table)
    assert sorted(np.concatenate(list(scheme.rows.values()))) == list(range(len(table)))
    patients = {s: set(table['patient_id'].iloc[r]) for s, r in scheme.rows.items()}
    assert {split: len(ids) for split, ids in patients.items()} == {
        'train': 14,
        'val': 2,
        'test': 4,
    }
    assert len(set.union(*patients.values())) == 20
    assert {writing.split_of(9, p) for p in range(3)} == {'train', 'val', 'test'}


def test_masks_and_boxes_show_what_was_drawn(folder, rows):
    for row in rows:
        patient, visits = plan_patient(3, int(row['patient_id'][1:]))
        drawn = visits[int(row['study_id'][1:]) % 10 - 1].drawn
        shape = read_film(folder / 'images' / row['image']).shape
        boxes = json.loads(row['boxes'])
        assert bool(row['mask']) == ('Pneumothorax' in drawn)
        assert {box[4] for box in boxes} == set(drawn) - {'Edema'}
        masks = {
            column: read_mask(folder / 'masks' / row[column], shape)
            for column in writing.MASKS
            if row[column]
        }
        assert all(mask.any() for mask in masks.values())
        assert not (masks['mask_lungs'] & masks['mask_heart']).any()
        for x, y, width, height, _ in boxes:
            assert x >= 0 and y >= 0 and width > 0 and height > 0
            assert x + width <= shape[1] and y + height <= shape[0]
        for column, name in (('mask', 'Pneumothorax'), ('mask_heart', 'Cardiomegaly')):
            if name in drawn:
                y, x = np.nonzero(masks[column])
                extent = [x.min(), y.min(), np.ptp(x) + 1, np.ptp(y) + 1, name]
                assert extent in boxes


def test_heart_ratio_and_apex(folder, rows):
    ratios = {True: [], False: []}
    for row in rows:
        if row['view'] == 'LATERAL':
            continue
        heart, lungs = (
            np.nonzero(read_mask(folder / 'masks' / row[column]).any(0))[0]
            for column in ('mask_heart', 'mask_lungs')
        )
        ratio = (np.ptp(heart) + 1) / (np.ptp(lungs) + 1)
        large = any(box[4] == 'Cardiomegaly' for box in json.loads(row['boxes']))
        ratios[large].append(ratio)
        # The apex points to the patient's left, which is the image's right.
        middle = 0.5 * (lungs.min() + lungs.max())
        assert heart.max() - middle > middle - heart.min()
    assert min(ratios[True]) > 0.55 > max(ratios[False])


@pytest.mark.parametrize('view', ['PA', 'AP', 'LATERAL'])
@pytest.mark.parametrize('name', FINDINGS)
def test_each_finding_changes_the_film_where_it_is(name, view):
    index, study, finding = next(
        (index, study, study.drawn[name])
        for index in range(200)
        for study in plan_patient(0, index)[1]
        if name in study.drawn and study.drawn[name].level
    )
    alone = draw(index, replace(study, findings=(finding,)), view)
    without = draw(index, replace(study, findings=()), view)
    change = alone.pixels - without.pixels
    region = np.zeros(change.shape, bool)
    for x, y, width, height, _ in alone.boxes:
        region[y : y + height, x : x + width] = True
    if name == 'Edema':
        region = alone.masks['lungs']
    if name == 'Pneumothorax':
        region = alone.masks['pneumothorax']
        assert change[region].mean() < -0.02
    else:
        assert change[region].mean() > 0.02
    assert np.abs(change[region]).mean() > 2 * np.abs(change[~region]).mean()


@pytest.mark.parametrize('name', ['Pleural Effusion', 'Pneumothorax', 'Consolidation'])
def test_left_is_on_the_right_of_a_frontal_film(name):
    index, study, finding = next(
        (index, study, study.drawn[name])
        for index in range(200)
        for study in plan_patient(0, index)[1]
        if name in study.drawn
    )
    for side in ('right', 'left'):
        film = draw(
            index, replace(study, findings=(replace(finding, side=side),)), 'PA'
        )
        (x, _, width, _, _) = film.boxes[0]
        assert (x + width / 2 > film.pixels.shape[1] / 2) == (side == 'left')


def test_names_and_headers_carry_no_label(tmp_path):
    import pydicom

    out = write_synthetic_dataset(tmp_path, 4, size=64, image_format='dicom', seed=3)
    words = 'card|heart|effus|pleur|pneumo|consolid|nodul|atelec|edema|finding|normal'
    for path in (out / 'images').rglob('*.dcm'):
        name = str(path.relative_to(out / 'images'))
        assert re.fullmatch(r'p\d{5}/s\d{6}_\d\.dcm', name)
        header = pydicom.dcmread(path)
        header.PixelData = b''
        assert not re.search(words, str(header).lower())


def test_pixels_do_not_know_the_wording(folder, tmp_path, monkeypatch):
    def reworded(study, rng):
        return write_report(study, np.random.default_rng([99, study.patient]))

    monkeypatch.setattr(writing, 'write_report', reworded)
    out = write_synthetic_dataset(tmp_path, num_patients=3, size=96, seed=3)
    old, new = files_of(folder), files_of(out)
    assert new == {name: old[name] for name in new}
    texts = [
        list(read_table(root)['findings'][: len(read_table(out))])
        for root in (folder, out)
    ]
    assert sum(a == b for a, b in zip(*texts, strict=True)) <= 1


def test_formats_hold_the_same_film(folder, rows, tmp_path):
    for image_format, suffix in (('png', '.png'), ('dicom', '.dcm')):
        out = tmp_path / image_format
        write_synthetic_dataset(out, 6, size=96, image_format=image_format, seed=3)
        photometric = set()
        for path in (out / 'images').rglob('*' + suffix):
            name = path.relative_to(out / 'images').with_suffix('.jpg')
            film = read_film(path).astype(int)
            jpg = read_film(folder / 'images' / name).astype(int)
            assert film.shape == jpg.shape and min(film.shape) == 96
            assert np.abs(film - jpg).mean() < 2.5
            if suffix == '.png':
                with Image.open(path) as image:
                    deep = np.asarray(image)
                assert deep.max() == 65535 and len(np.unique(deep)) > 1000
            else:
                photometric.add(path.read_bytes().count(b'MONOCHROME1'))
        assert photometric == ({0, 1} if suffix == '.dcm' else set())


def test_dicom_is_the_same_byte_for_byte(tmp_path):
    first, second = (
        write_synthetic_dataset(tmp_path / name, 2, size=64, image_format='dicom')
        for name in 'ab'
    )
    assert files_of(first) == files_of(second)


def test_sizes_are_not_all_square(rows, folder):
    shapes = {read_film(folder / 'images' / row['image']).shape for row in rows}
    assert shapes == {(96, 96), (115, 96), (96, 115)}


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(num_patients=1, image_format='bmp'), 'bmp'),
        (dict(num_patients=1, size=16), '32 pixels'),
        (dict(), 'either num_patients or num_films'),
        (dict(num_patients=1, num_films=1), 'either num_patients or num_films'),
        (dict(num_films=0), 'count from 1'),
    ],
)
def test_bad_arguments(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        write_synthetic_dataset(tmp_path, **arguments)


def test_a_table_is_not_overwritten(folder):
    with pytest.raises(FileExistsError, match='holds a table.csv'):
        write_synthetic_dataset(folder, num_patients=1)


def test_tool(repo_dir, tmp_path, monkeypatch, capsys):
    tool = str(repo_dir / 'tools/prepare_dataset.py')
    options = ['synthetic', '--num-patients', '2', '--size', '64', '--format', 'png']
    monkeypatch.setattr(sys, 'argv', [tool, *options, '--out', str(tmp_path)])
    with pytest.raises(SystemExit, match='0'):
        runpy.run_path(tool, run_name='__main__')
    assert read_table(tmp_path)['patient_id'].nunique() == 2
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(tool, run_name='__main__')
    assert stop.value.code == 2 and 'remove it' in capsys.readouterr().err
    monkeypatch.setattr(
        sys, 'argv', [tool, 'synthetic', '--num-films', '0', '--out', 'x']
    )
    with pytest.raises(SystemExit, match='2'):
        runpy.run_path(tool, run_name='__main__')
    assert 'count from 1' in capsys.readouterr().err
