import numpy as np
import pytest

from mmcxr.preparing.audit.checks import check_subject, split_pairs
from mmcxr.preparing.audit.cross import cross_conflicts, cross_overlaps
from mmcxr.preparing.audit.findings import KINDS, Finding, failures
from mmcxr.preparing.audit.subject import with_copies


def told(findings):
    """{(kind, splits): (count, of)}."""
    return {(f.kind, *f.splits): (f.count, f.of) for f in findings}


def test_pairs_that_should_share_nothing():
    splits = ['train', 'train_1', 'train_10', 'val', 'test']
    assert split_pairs(splits) == [('test', 'val'), ('test', 'train'), ('val', 'train')]
    # Without the whole list its fractions stand for it, and share on purpose.
    pairs = split_pairs(['train_1', 'train_10', 'val'])
    assert pairs == [('val', 'train_1'), ('val', 'train_10')]
    assert split_pairs(['train', 'extra']) == [('train', 'extra')]


def test_images_patients_and_repeats(subject):
    found = check_subject(
        subject(
            train='00000001_000.png\n00000002_000.png\n00000002_000.png\n00000003_000.png\n',
            test='a/00000002_000.png\n00000002_007.png\n00000003_001.png\n00000009_000.png\n',
        )
    )
    assert told(found) == {
        ('images', 'test', 'train'): (1, 4),
        ('patients', 'test', 'train'): (2, 3),
        ('repeated', 'train'): (1, 4),
    }
    by_kind = {f.kind: f for f in found}
    assert by_kind['images'].names == ('00000002_000.png',)
    assert by_kind['patients'].names == ('00000002', '00000003')
    assert by_kind['repeated'].names == ('00000002_000.png (train.txt line 3)',)
    assert by_kind['images'].sentence() == (
        '1 of 4 (25 %) images of test are in train too'
    )


def test_same_as_naive_counts_on_random_lists(subject):
    rng = np.random.default_rng(0)
    texts, names = {}, {}
    for split, number in dict(train=200, val=60, test=70).items():
        pairs = rng.integers(0, 80, number), rng.integers(0, 4, number)
        names[split] = [f'{p:08d}_{i:03d}.png' for p, i in zip(*pairs, strict=True)]
        texts[split] = '\n'.join(names[split])
    found = told(check_subject(subject(**texts)))
    for one, other in (('test', 'val'), ('test', 'train'), ('val', 'train')):
        here, there = set(names[one]), set(names[other])
        assert found['images', one, other] == (len(here & there), len(here))
        here, there = ({name[:8] for name in part} for part in (here, there))
        assert found['patients', one, other] == (len(here & there), len(here))
    for split, listed in names.items():
        assert found['repeated', split] == (len(listed) - len(set(listed)), len(listed))


def test_fractions(subject):
    train = ''.join(f'{i}.png\n' for i in range(100, 200))
    ten = ''.join(f'{i}.png\n' for i in range(110, 120))
    found = told(
        check_subject(subject(train=train, train_10=ten, train_1='111.png\n7.png\n'))
    )
    assert found['nesting', 'train_1', 'train_10'] == (1, 2)
    assert found['nesting', 'train_1', 'train'] == (1, 2)
    assert ('nesting', 'train_10', 'train') not in found


def test_labels(subject):
    lines = [f'{i}.png {i % 2}' for i in range(100, 120)]
    found = check_subject(
        subject(
            labels=['Edema'],
            train='\n'.join([*lines, '101.png 0', '102.png 0', '103.png 11']),
            test='101.png 1\n102.png 1\n',
        )
    )
    by_kind = {(f.kind, f.splits[0]): f for f in found}
    cells = by_kind['cells', 'train']
    assert (cells.count, cells.of) == (1, 23)
    assert cells.names == ("103.png (train.txt line 23): Edema '11'",)
    conflicts = by_kind['conflicts', 'mine']
    assert conflicts.names == ('101.png (Edema: 1, 0)', '102.png (Edema: 0, 1)')
    assert conflicts.of == 2  # of images with several proper labels
    assert by_kind['empty classes', 'test'].names == ('Edema: no negative',)


def test_names_alike_and_suffixes(subject):
    found = told(
        check_subject(
            subject(train='n/CXR1.png\n1.png\n2.png\n', test='p/CXR1.png\n2.jpg\n')
        )
    )
    # 2.png and 2.jpg are two films, but too short a name to wonder about.
    assert found == {
        ('names', 'test', 'train'): (1, 2),
        ('unknown patients', 'mine'): (5, 5),
    }


def test_copies_and_their_patients(subject):
    one = subject(
        train='00000001_000.png\n00000002_000.png\n', test='00000003_000.png\nx.png\n'
    )
    found = check_subject(with_copies(one, ['a', 'b', 'a', 'b']))
    assert told(found) == {
        ('copies', 'test', 'train'): (2, 2),
        ('patients', 'test', 'train'): (1, 1),
        ('unknown patients', 'mine'): (1, 4),
    }
    # Two patients of one numbering with the same film.
    listed = 'image,patient\n{}.png,{}\n'
    one = subject(
        name='listed', train=listed.format('a', 7), test=listed.format('b', 8)
    )
    found = {f.kind: f for f in check_subject(with_copies(one, ['f', 'f']))}
    assert found['persons'].names == ('a.png and b.png',)
    assert found['copies'].count == found['patients'].count == 1


def test_across_lists(subject):
    one = subject(
        name='one', labels=['Edema'], train='00000001_000.png 1\n00000002_000.png 0\n'
    )
    other = subject(
        name='other',
        labels=['Edema'],
        test='b/00000001_000.jpg 0\n00000002_005.png 1\n00000003_000.png 1\n',
    )
    conflicts = list(cross_conflicts([one, other]))
    assert conflicts[0].names == ('00000001_000.png (Edema: 1 in one, 0 in other)',)
    assert (conflicts[0].count, conflicts[0].of) == (1, 1)
    found = list(cross_overlaps(other, one))
    assert [(f.kind, f.unit, f.count, f.of) for f in found] == [
        ('cross', 'images', 1, 3),
        ('cross', 'patients', 2, 3),
    ]
    assert found[0].splits == ('test', 'one train')
    assert found[1].sentence() == '2 of 3 (67 %) patients of test are in one train'
    assert {f.kind for f in cross_overlaps(one, one)} == {'shared'}


def test_classes_of_other_tasks_are_no_conflict(subject):
    one = subject(name='one', train='1.png Edema\n2.png Mass\n')
    other = subject(name='other', train='1.png Normal\n2.png Abnormal\n')
    third = subject(name='third', train='1.png Mass\n2.png Edema\n')
    assert not list(cross_conflicts([one, other]))
    assert next(cross_conflicts([one, third])).count == 2


def test_severities():
    findings = [
        Finding(kind, 's', ('a', 'b'), 1, 2, ('x',), 'images') for kind in KINDS
    ]
    assert {f.kind for f in failures(findings, [])} == {
        *('images', 'patients', 'copies', 'cross', 'repeated', 'nesting', 'cells'),
        *('conflicts', 'missing', 'unreadable', 'lists'),
    }
    assert not failures(findings[:4], ['images', 'patients', 'copies', 'cross'])
    assert all('{' not in f.sentence() for f in findings)
    with pytest.raises(KeyError):
        Finding('unknown', 's', ('a',), 1, 1, ()).sentence()
