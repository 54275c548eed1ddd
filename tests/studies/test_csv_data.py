"""A person's CSV files as a dataset: labels, patients, splits, films that fail."""

import cv2
import numpy as np
import pandas as pd
import pytest

from mmcxr.datasets.tables.table import TableError
from mmcxr.preparing.lists.csv_form import CSVColumns
from mmcxr.registry import DATASETS
from mmcxr.studies.csv_data import prepare_csv
from mmcxr.studies.draws import Draw
from mmcxr.studies.patient_folds import fold_numbers

COLUMNS = CSVColumns('Path', ['Edema', 'Pneumonia'], 'Patient')
SPLITS = (('train', 24), ('val', 9), ('test', 12))


@pytest.fixture
def files(tmp_path):
    """CSV files of 45 films; label and grey value of a film follow from its number."""
    folder, found, film = tmp_path / 'films', {}, 0
    folder.mkdir()
    for split, number in SPLITS:
        rows = []
        for _ in range(number):
            path = folder / f'{film:03d}.png'
            picture = np.full((20, 24), film + 1, np.uint8)
            picture[:5] = 200
            cv2.imwrite(str(path), picture)
            labels = film % 2, int(film % 5 == 0)
            rows.append((str(path), f'p{film // 2}', *labels))
            film += 1
        table = pd.DataFrame(rows, columns=['Path', 'Patient', 'Edema', 'Pneumonia'])
        found[split] = tmp_path / f'{split}.csv'
        table.to_csv(found[split], index=False)
    return found


def edit(path, row, column, value):
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    table.loc[row, column] = value
    table.to_csv(path, index=False)


def samples(data, split):
    """{film: labels} of a split, and the film as the pipeline reads it."""
    config = data.dataset(split) | dict(
        pipeline=[dict(type='mmcxr.LoadFilm'), dict(type='mmcxr.PackFilm')]
    )
    dataset = DATASETS.build(dict(config, type='mmcxr.ClassificationDataset'))
    found = {}
    for sample in dataset:
        name = sample['data_samples'].image
        label = sample['data_samples'].gt_label.tolist()
        found[name] = (label, int(sample['inputs']['image'][0, -1, -1]))
    return found


def test_every_film_has_its_own_label(files, tmp_path):
    data = prepare_csv(files, COLUMNS, tmp_path / 'data')
    found = {split: samples(data, split) for split, _ in SPLITS}
    assert {s: len(f) for s, f in found.items()} == dict(SPLITS)
    for films in found.values():
        for name, (label, grey) in films.items():
            number = int(name[:3])
            assert grey == number + 1
            assert label == [number % 2, number % 5 == 0]
    assert not data.left_out and data.classes == ('Edema', 'Pneumonia')


def test_unreadable_films_shift_no_label(files, tmp_path):
    whole = prepare_csv(files, COLUMNS, tmp_path / 'whole')
    before = {split: samples(whole, split) for split, _ in SPLITS}
    broken = [0, 3, 4, 10, 17, 23, 24, 30, 33, 40]  # in every split, first and last too
    for place, number in enumerate(broken):
        film = tmp_path / f'films/{number:03d}.png'
        if place % 3 == 0:
            film.unlink()
        elif place % 3 == 1:
            film.write_bytes(film.read_bytes()[:-30])
        else:
            film.write_text('no film')
    data = prepare_csv(files, COLUMNS, tmp_path / 'data')
    names = {f'{number:03d}.png' for number in broken}
    for split, films in before.items():
        expected = {k: v for k, v in films.items() if k not in names}
        assert samples(data, split) == expected
    assert {film['image'] for film in data.left_out} == names
    assert all(film['reason'] for film in data.left_out)
    assert len(data.unreadable_lines()) == 10
    assert 'left out of train: 000.png: no such file' in data.unreadable_lines()


@pytest.mark.parametrize('workers', [0, 2])
def test_a_film_is_read_once(files, tmp_path, monkeypatch, workers):
    prepare_csv(files, COLUMNS, tmp_path / 'data', workers=workers)
    asked = []
    monkeypatch.setattr(
        'mmcxr.studies.csv_films._fault', lambda path: asked.append(path) or ''
    )
    prepare_csv(files, COLUMNS, tmp_path / 'data')
    assert asked == []
    cv2.imwrite(str(tmp_path / 'films/007.png'), np.eye(30, dtype=np.uint8))
    prepare_csv(files, COLUMNS, tmp_path / 'data')
    assert [path[-7:] for path in asked] == ['007.png']


def test_uncertain_and_missing_cells(files, tmp_path):
    edit(files['train'], 1, 'Edema', '-1')
    edit(files['train'], 2, 'Edema', '')
    edit(files['train'], 3, 'Edema', 'NaN')
    films = samples(prepare_csv(files, COLUMNS, tmp_path / 'data'), 'train')
    edema = [films[f'{number:03d}.png'][0][0] for number in (1, 2, 3, 5)]
    assert edema[0] == -1 and np.isnan(edema[1:3]).all() and edema[3] == 1


@pytest.mark.parametrize('kind', ['words', 'numbers'])
def test_one_column_of_classes(files, tmp_path, kind):
    values = dict(words=['normal', 'TB', 'covid'], numbers=[0, 1, 10])[kind]
    for path in files.values():
        table = pd.read_csv(path)
        numbers = table['Path'].str[-7:-4].astype(int)
        table['Label'] = [values[number % 3] for number in numbers]
        table.loc[table.index[-1], 'Label'] = np.nan  # pandas then writes 0.0, 1.0
        table.to_csv(path, index=False)
    data = prepare_csv(files, CSVColumns('Path', ['Label']), tmp_path / 'data')
    assert data.exclusive
    assert data.classes == tuple(f'Label {v}' for v in sorted(values))
    films = samples(data, 'train')
    assert len(films) == 23  # one has no label
    for name, (label, _) in films.items():
        wanted = values[int(name[:3]) % 3]
        assert label == [wanted == value for value in sorted(values)]


def test_without_validation_a_fold_of_patients(files, tmp_path):
    del files['val']
    data = prepare_csv(files, COLUMNS, tmp_path / 'data')
    fit, val = samples(data, 'fit'), samples(data, 'val')
    assert {*fit} | {*val} == {*samples(data, 'train')} and 4 <= len(val) <= 6
    persons = [{int(name[:3]) // 2 for name in split} for split in (fit, val)]
    assert not persons[0] & persons[1]
    assert any('no validation file' in remark for remark in data.remarks)


def test_what_splits_share_is_said(files, tmp_path):
    rows = pd.read_csv(files['train']).iloc[:3]
    both = pd.concat([pd.read_csv(files['test']), rows, rows])
    both.to_csv(files['test'], index=False)
    data = prepare_csv(files, COLUMNS, tmp_path / 'data')
    said = ' / '.join(data.remarks)
    assert 'test shares 3 films and 2 patients with train' in said
    assert '3 rows repeat a film' in said
    assert 'no patient column' not in said
    alone = prepare_csv(files, CSVColumns('Path', ['Edema']), tmp_path / 'other')
    assert 'no patient column' in alone.remarks[0]


def change(column, value):
    return lambda files: edit(files['val'], 4, column, value)


def one_valued(value):
    def apply(files):
        table = pd.read_csv(files['train'])
        table['Edema'] = value
        table.to_csv(files['train'], index=False)

    return apply


@pytest.mark.parametrize(
    ('spoil', 'message'),
    [
        (change('Edema', 'maybe'), r"val.csv: row 5, column 'Edema': 'maybe' is none"),
        (change('Path', ''), r"val.csv: row 5, column 'Path': is empty"),
        (one_valued(0), "'Edema' has no positive"),
        (one_valued(1), "'Edema' has no negative"),
        (one_valued(-1), "'Edema' has no known label"),
        (lambda f: edit(f['val'], 0, 'Path', pd.read_csv(f['train'])['Path'][0]),
         r'val.csv: row 1: .*000.png. has other labels or another patient than in'),
        (lambda f: f['val'].unlink(), 'val.csv: cannot be read'),
    ],
)  # fmt: skip
def test_bad_files_are_refused(files, tmp_path, spoil, message):
    spoil(files)
    with pytest.raises(TableError, match=message):
        prepare_csv(files, COLUMNS, tmp_path / 'data')


@pytest.mark.parametrize(
    ('columns', 'message'),
    [
        (CSVColumns('path', ['Edema']), r"no column 'path' \(did you mean 'Path'"),
        (CSVColumns('Path', ['Oedema']), "no column 'Oedema'"),
        (CSVColumns('Path', ['Edema'], 'Person'), "no column 'Person'"),
        (CSVColumns('Path', ['Edema', 'Edema']), 'named twice'),
        (CSVColumns('Path', ['split']), "a class cannot be called 'split'"),
    ],
)
def test_bad_columns_are_refused(files, tmp_path, columns, message):
    for path in files.values():
        pd.read_csv(path).assign(split=1).to_csv(path, index=False)
    with pytest.raises(TableError, match=message):
        prepare_csv(files, columns, tmp_path / 'data')


def test_relative_paths(files, tmp_path):
    for path in files.values():
        text = path.read_text().replace(str(tmp_path / 'films') + '/', '')
        path.write_text(text)
    columns = CSVColumns('Path', ['Edema'])
    root = tmp_path / 'films'
    data = prepare_csv(files, columns, tmp_path / 'data', image_root=root)
    assert len(samples(data, 'test')) == 12
    with pytest.raises(TableError, match='none of the 45 films can be read'):
        prepare_csv(files, CSVColumns('Path', ['Edema']), tmp_path / 'none')


def test_folds_hold_whole_patients():
    patients = [f'p{number // 3}' for number in range(100)]
    folds = fold_numbers(patients)
    assert sorted(set(folds)) == [0, 1, 2, 3, 4]
    assert all(len(set(folds[i : i + 3])) == 1 for i in range(0, 99, 3))
    assert np.bincount(folds).min() >= 15


class Films:
    """As much of features as a draw reads."""

    def __init__(self, number=300, classes=3):
        random = np.random.default_rng(3)
        self.labels = (random.random((number, classes)) < 0.2).astype(np.float32)
        self.patient_ids = [f'p{n}' for n in random.integers(0, 120, number)]
        self.facts = dict(classes='abc')


def test_draws_are_nested_and_by_patient():
    films, former = Films(), {seed: set() for seed in (0, 1)}
    patients = np.array(films.patient_ids)
    for fraction in (0.05, 0.2, 0.6, 1.0):
        for seed in (0, 1):
            rows = Draw(fraction, seed=seed).rows(films, False, 'ignore')
            assert former[seed] <= {*rows} and len(rows) >= fraction * 300 - 1e-9
            inside = np.isin(patients, patients[rows])
            assert np.array_equal(np.flatnonzero(inside), rows)
            assert (films.labels[rows] == 1).any(0).all()
            former[seed] = {*rows}
    first, second = (Draw(0.2, seed=s).rows(films, False, 'ignore') for s in (0, 1))
    assert not np.array_equal(first, second)


def test_few_of_each_class():
    films, former = Films(), set()
    for shots in (1, 2, 5, 9):
        rows = Draw(shots=shots, seed=4).rows(films, False, 'ignore')
        assert former <= {*rows} and len(rows) <= 6 * shots
        assert ((films.labels[rows] == 1).sum(0) >= shots).all()
        assert ((films.labels[rows] == 0).sum(0) >= shots).all()
        former = {*rows}
    films.labels = np.eye(4, dtype=np.float32)[np.arange(300) % 4]
    films.facts = dict(classes='abcd')
    rows = Draw(shots=3).rows(films, True, 'ignore')
    assert films.labels[rows].sum(0).tolist() == [3, 3, 3, 3]
    for column in films.labels[rows].T:
        persons = [films.patient_ids[row] for row in rows[column == 1]]
        assert len(set(persons)) == 3


def test_fewer_patients_than_are_asked_for():
    with pytest.raises(ValueError, match="training patients with 'a', fewer than the"):
        Draw(shots=100).rows(Films(), False, 'ignore')


@pytest.mark.parametrize(
    'options', [dict(fraction=0), dict(fraction=2), dict(shots=-1)]
)
def test_impossible_draws(options):
    with pytest.raises(ValueError, match='label fraction|few-shot'):
        Draw(**options)
