import numpy as np
import pandas as pd
import pytest

from mmcxr.datasets.tables import splits
from mmcxr.datasets.tables.splits import (
    CLEAN_SHARES,
    draw_clean,
    fraction_name,
    overlap,
    read_split,
    take_fraction,
    unit_hash,
)
from mmcxr.datasets.tables.table import TableError


def make_table(num_patients, images_each=3):
    patients = np.repeat([f'{i:05d}' for i in range(num_patients)], images_each)
    images = [f'{i}.png' for i in range(len(patients))]
    return pd.DataFrame(dict(image=images, patient_id=patients))


def write_list(root, lines, scheme='official', header='image,split'):
    (root / 'splits').mkdir(exist_ok=True)
    text = '\n'.join([header, *lines]) + '\n'
    (root / f'splits/{scheme}.csv').write_text(text)
    return root


TABLE = make_table(4, 2)  # 0.png .. 7.png of patients 0, 0, 1, 1, 2, 2, 3, 3


def test_read(tmp_path):
    lines = ['4.png,val', '0.png,train', '3.png,train', '1.png,train']
    scheme = read_split(write_list(tmp_path, lines), 'official', TABLE)
    assert {name: list(rows) for name, rows in scheme.rows.items()} == {
        'val': [4],
        'train': [0, 1, 3],
    }
    assert scheme.unlisted == 4 and scheme.unknown == () and scheme.missing() == {}
    assert scheme.of('val').tolist() == [4]
    with pytest.raises(TableError, match=r"no image in 'vall' .*'val'.*val \(1\)"):
        scheme.of('vall')


def test_unknown_images_are_counted_and_named(tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(splits, 'print_log', lambda text, *args: said.append(text))
    lines = [f'x{i}.png,train' for i in range(5)] + ['2.png,train']
    scheme = read_split(write_list(tmp_path, lines), 'official', TABLE)
    assert scheme.unknown == tuple(f'x{i}.png' for i in range(5))
    assert scheme.rows['train'].tolist() == [2] and scheme.unlisted == 7
    assert scheme.missing() == dict(train=dict(listed=6, missing=5))
    assert said[0].endswith('official.csv: 7 of 8 images are in no split')
    assert (
        '5 listed images are not in the table: x0.png, x1.png, x2.png, ...' in said[1]
    )


def test_a_split_of_which_nothing_is_there_is_refused(tmp_path):
    lines = ['0.png,train', 'x.png,test', 'y.png,test']
    scheme = read_split(write_list(tmp_path, lines), 'official', TABLE)
    assert scheme.missing() == dict(test=dict(listed=2, missing=2))
    with pytest.raises(TableError, match="none of the 2 images .* lists in 'test'"):
        scheme.of('test')


def test_a_list_of_another_dataset_is_refused(tmp_path):
    root = write_list(tmp_path, ['a/0.png,train', 'a/1.png,val'])
    with pytest.raises(TableError, match="none of its 2 images .*'0.png'.*'a/0.png'"):
        read_split(root, 'official', TABLE)


def test_unknown_scheme_names_the_nearest(tmp_path):
    write_list(tmp_path, ['0.png,train'])
    with pytest.raises(TableError, match="mean 'official'.*official, clean"):
        read_split(tmp_path, 'oficial', TABLE)


@pytest.mark.parametrize(
    ('lines', 'header', 'words'),
    [
        (['0.png,train'], 'image,splits', "no column 'split' .*'splits'"),
        (['0.png,'], 'image,split', 'row 1: the split is empty'),
        (['0.png,a', '0.png,b', '0.png,a'], 'image,split', "listed twice in 'a'"),
        (['0.png'], 'image,split', 'row 1 .* 1 cells'),
    ],
)
def test_bad_lists(tmp_path, lines, header, words):
    with pytest.raises(TableError, match=words):
        read_split(write_list(tmp_path, lines, header=header), 'official', TABLE)


def test_clean_is_disjoint_by_patient_and_in_its_shares(tmp_path):
    table = make_table(4000)
    scheme = read_split(tmp_path, 'clean', table)
    assert sorted(np.concatenate(list(scheme.rows.values()))) == list(range(12000))
    assert all(
        shared == dict(images=0, patients=0)
        for shared in overlap(table, scheme).values()
    )
    for split, share in CLEAN_SHARES.items():
        assert abs(len(scheme.rows[split]) / 12000 - share) < 0.03


def test_clean_depends_on_the_patient_alone(tmp_path):
    table = make_table(300)
    rows = draw_clean(table).rows
    half = table.sample(frac=0.5, random_state=1)
    for split, numbers in draw_clean(half).rows.items():
        assert set(half['image'].iloc[numbers]) <= set(table['image'].iloc[rows[split]])


def test_a_list_named_clean_wins(tmp_path):
    write_list(tmp_path, ['0.png,test'], scheme='clean')
    assert read_split(tmp_path, 'clean', TABLE).rows['test'].tolist() == [0]


def test_hash():
    keys = np.array([f'p{i}' for i in range(5000)])
    place = unit_hash(keys, 'a')
    assert 0 <= place.min() and place.max() < 1
    counts = np.histogram(place, 10, (0, 1))[0]
    assert abs(counts - 500).max() < 100
    assert abs(np.corrcoef(place, unit_hash(keys, 'b'))[0, 1]) < 0.05
    assert (unit_hash(keys[[7, 3, 7]], 'a') == place[[7, 3, 7]]).all()
    # Fixed for ever: published numbers depend on who is in 'clean'.
    assert unit_hash(np.array(['00001']), 'mmcxr clean') == pytest.approx(
        0.686706, 1e-5
    )


@pytest.mark.parametrize('seed', [0, 1, 2])
def test_fractions_are_nested_whole_patients_of_about_their_size(seed):
    table = make_table(700)
    rows = np.arange(300, 2100)
    smaller = set()
    for fraction in (0.001, 0.01, 0.1, 0.5, 1):
        chosen = take_fraction(table, rows, fraction, seed)
        assert (np.diff(chosen) > 0).all() and set(chosen) <= set(rows)
        assert smaller <= set(chosen)
        assert fraction * 1800 <= len(chosen) < fraction * 1800 + 3
        patients = table['patient_id'].iloc[chosen]
        assert patients.value_counts().eq(3).all()
        smaller = set(chosen)
    assert np.array_equal(chosen, rows)


@pytest.mark.parametrize('seed', range(12))
def test_any_table_has_nested_fractions(seed):
    """0.1, 1, 10 and 100 %; patients of few films or many, rare classes or none."""
    rng = np.random.default_rng(seed)
    sizes = rng.geometric(rng.uniform(0.05, 1), rng.integers(2, 300))
    patients = np.repeat([f'p{i}' for i in range(len(sizes))], sizes)
    patients = rng.permutation(patients)
    labels = rng.choice([1, 0, -1, np.nan], len(patients), p=[0.02, 0.9, 0.04, 0.04])
    table = pd.DataFrame(dict(patient_id=patients, Rare=labels))
    rows = np.flatnonzero(rng.random(len(patients)) < 0.8)
    rows = rows if len(rows) else np.arange(len(patients))
    for classes in ((), ('Rare',)):
        smaller = set()
        for fraction in (0.001, 0.01, 0.1, 1):
            chosen = set(take_fraction(table, rows, fraction, seed, classes).tolist())
            assert chosen and smaller <= chosen <= set(rows.tolist())
            assert len(chosen) >= fraction * len(rows)
            whole = table['patient_id'].iloc[sorted(chosen)]
            assert set(rows[table['patient_id'].iloc[rows].isin(whole)]) == chosen
            smaller = chosen
        assert smaller == set(rows.tolist())


def test_seeds_draw_other_fractions():
    table = make_table(300)
    rows = np.arange(900)
    first, second = (set(take_fraction(table, rows, 0.1, seed)) for seed in (0, 1))
    assert len(first & second) < 40


def test_rare_classes_keep_a_positive():
    table = make_table(500, 1)
    rng = np.random.default_rng(0)
    for name, count in dict(rare=1, scarce=3, common=100).items():
        table[name] = 0.0
        table.loc[rng.choice(500, count, replace=False), name] = 1.0
    table['none'] = np.nan
    classes = ('rare', 'scarce', 'common', 'none')
    rows = np.arange(500)
    smaller = set()
    for fraction in (0.01, 0.1, 1):
        chosen = take_fraction(table, rows, fraction, 3, classes)
        assert len(chosen) == fraction * 500 and smaller <= set(chosen)
        assert (table.iloc[chosen][['rare', 'scarce', 'common']] == 1).any().all()
        smaller = set(chosen)
    plain = set(take_fraction(table, rows, 0.1, 3))
    assert len(plain & set(take_fraction(table, rows, 0.1, 3, classes))) >= 47


@pytest.mark.parametrize('fraction', [0, -0.1, 1.01])
def test_fraction_out_of_range(fraction):
    with pytest.raises(ValueError, match='fraction must be in'):
        take_fraction(TABLE, np.arange(8), fraction, 0)


def test_fraction_names():
    names = [fraction_name('train', f) for f in (0.001, 0.01, 0.1, 0.07, 1)]
    assert names == ['train_0.1', 'train_1', 'train_10', 'train_7', 'train_100']


def test_overlap(tmp_path):
    lines = ['0.png,train', '2.png,train', '2.png,test', '3.png,test', '1.png,test']
    lines += ['4.png,val', '0.png,train_1', '7.png,train_lateral', '6.png,test']
    scheme = read_split(write_list(tmp_path, lines), 'official', TABLE)
    assert overlap(TABLE, scheme) == {
        'test': dict(images=1, patients=2),
        'val': dict(images=0, patients=0),
        'train_lateral': dict(images=0, patients=0),
    }
    assert overlap(TABLE, scheme, 'val')['test'] == dict(images=0, patients=0)
    assert overlap(TABLE, scheme, 'nothing') == {}


def published(folder, glob):
    """(image, split) of lists with one image at the start of each line."""
    lines = []
    for path in sorted(folder.glob(glob)):
        split = path.stem.removesuffix('_list')
        names = [line.split()[0] for line in path.read_text().splitlines()]
        lines += [f'{name},{split}' for name in dict.fromkeys(names)]
    return lines


@pytest.mark.parametrize(
    ('folder', 'glob', 'shared'),
    [
        ('benchx_splits/SIIM', '*.txt', dict(test=0, val=0)),
        ('mrm/DatasetsSplits/SIIM-ACR_Pneumothorax', '*.txt', dict(test=494, val=478)),
    ],
)
def test_published_lists(shared_dir, tmp_path, folder, glob, shared):
    lines = published(shared_dir / 'data' / folder, glob)
    images = sorted({line.split(',')[0] for line in lines})
    table = pd.DataFrame(dict(image=images, patient_id=images))
    scheme = read_split(write_list(tmp_path, lines), 'official', table)
    assert scheme.unlisted == 0 and not scheme.unknown
    counts = {split: n['images'] for split, n in overlap(table, scheme).items()}
    assert counts == shared
