import numpy as np
import pandas as pd
import pytest

from mmcxr.datasets.classification import ClassificationDataset
from mmcxr.datasets.tables.identities import join_identities, read_identities
from mmcxr.datasets.tables.splits import draw_clean, overlap, read_split, shared_counts
from mmcxr.datasets.tables.table import read_table
from mmcxr.datasets.tables.table_file import TableError


def table_of(patients):
    images = [f'{i}.png' for i in range(len(patients))]
    return pd.DataFrame(dict(image=images, patient_id=patients))


def sets_of(numbers):
    return {frozenset(np.flatnonzero(numbers == n).tolist()) for n in numbers}


def test_the_table_alone():
    found = join_identities(pd.Series(['b', 'a', 'b', 'c']))
    assert sets_of(found.person) == {frozenset([0, 2]), frozenset([1]), frozenset([3])}
    assert len(set(found.film)) == 4 and not found.searched
    assert found.name.tolist() == ['b', 'a', 'b', 'c']


def test_patients_films_and_other_patients_join_in_chains():
    found = join_identities(
        pd.Series(['a', 'a', 'b', 'c', 'd', 'e']),
        film=pd.Series(['', 'x', 'x', '', '', '']),  # a and b share a film
        patient=pd.Series(['', '', '', '007', '007', '']),  # c and d are one person
    )
    assert sets_of(found.person) == {frozenset(s) for s in ([0, 1, 2], [3, 4], [5])}
    assert sets_of(found.film) == {frozenset(s) for s in ([0], [1, 2], [3], [4], [5])}
    assert found.name.tolist() == ['a', 'a', 'a', '007', '007', 'e']
    assert found.searched


def test_same_as_naive_joining():
    rng = np.random.default_rng(3)
    for _ in range(30):
        columns = [
            pd.Series(rng.choice([*'abcdefgh', '', '', ''], 23)) for _ in range(2)
        ]
        ids = pd.Series(rng.choice(list('pqrstuvwxyz0123456'), 23))
        found = join_identities(ids, *columns)
        label = np.arange(23)
        for _ in range(23):
            for column in map(list, (ids, *columns)):
                for i in range(23):
                    for j in range(23):
                        if column[i] == column[j] != '':
                            label[i] = label[j] = min(label[i], label[j])
        assert sets_of(found.person) == sets_of(label)


def test_counts_of_images_patients_and_copies():
    table = table_of(['a', 'a', 'b', 'c', 'd'])
    film = pd.Series(['', '', 'f', 'f', ''])
    found = join_identities(table['patient_id'], film)
    counts = shared_counts(np.array([1, 2, 4]), np.array([0, 3, 4]), found)
    assert counts == dict(images=1, patients=3, copies=1)
    plain = join_identities(table['patient_id'])
    counts = shared_counts(np.array([1, 2, 4]), np.array([0, 3, 4]), plain)
    assert counts == dict(images=1, patients=2)


def test_file(tmp_path):
    table = table_of(['a', 'b', 'c', 'd'])
    lines = 'image,film,patient\n2.png,f,\n0.png,f,007\ngone.png,f,\n'
    (tmp_path / 'identities.csv').write_text(lines)
    found = read_identities(tmp_path, table)
    assert found.searched and found.name.tolist() == ['007', 'b', '007', 'd']
    (tmp_path / 'identities.csv').write_text('image,patient\n3.png,nih/007\n')
    found = read_identities(tmp_path, table)
    assert not found.searched and found.name.tolist() == ['a', 'b', 'c', '007']
    (tmp_path / 'identities.csv').write_text('image,films\n0.png,f\n')
    with pytest.raises(TableError, match='columns image, films; expected image, and'):
        read_identities(tmp_path, table)
    (tmp_path / 'identities.csv').write_text('image,film,patient\n0.png,,\n0.png,f,\n')
    with pytest.raises(TableError, match="'0.png' is there twice"):
        read_identities(tmp_path, table)


def test_clean_keeps_copies_and_persons_together(tmp_path):
    rng = np.random.default_rng(0)
    table = table_of([f'{i // 2:05d}' for i in range(4000)])
    film, patient = np.full(4000, '', object), np.full(4000, '', object)
    for number in range(300):
        film[rng.choice(4000, 2, replace=False)] = f'f{number}'
        patient[rng.choice(4000, 2, replace=False)] = f'{number + 90000}'
    cells = pd.DataFrame(dict(image=table['image'], film=film, patient=patient))
    cells.to_csv(tmp_path / 'identities.csv', index=False)
    scheme = read_split(tmp_path, 'clean', table)
    identities = read_identities(tmp_path, table)
    nothing = dict(images=0, patients=0, copies=0)
    for against in ('train', 'val'):
        shared = overlap(table, scheme, against, identities)
        assert all(counts == nothing for counts in shared.values())
    plain = overlap(table, draw_clean(table), identities=identities)
    assert plain['test']['copies'] > 20
    # A patient known from another dataset goes where that dataset has him.
    other = draw_clean(table_of(list(patient[patient != ''])))
    where = {
        name: split
        for split, rows in other.rows.items()
        for name in patient[patient != ''][rows]
    }
    for split, rows in scheme.rows.items():
        for row in rows:
            if patient[row] and identities.name[row] == patient[row]:
                assert where[patient[row]] == split


def test_evaluation_names_copies_in_train(make_dataset):
    root = make_dataset()
    table = read_table(root)
    scheme = read_split(root, 'official', table)
    first, last = (table['image'].iloc[scheme.of(s)[0]] for s in ('train', 'test'))
    (root / 'identities.csv').write_text(f'image,film,patient\n{first},f,\n{last},f,\n')
    facts = ClassificationDataset(root, 'official', 'test').metainfo
    assert facts['overlap'] == dict(
        scheme='official', against='train', images=0, patients=1, copies=1
    )
