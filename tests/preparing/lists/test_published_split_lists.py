"""The real lists of MRM, BenchX and KnoBo."""

import pytest

from mmcxr.datasets.tables.table_file import TableError
from mmcxr.preparing.lists.known_lists import KNOWN_LISTS, known_lists
from mmcxr.preparing.lists.label_faults import repair_labels

FOLDERS = dict(mrm='mrm', benchx='benchx_splits', knobo='knobo')
# Rows: MRM's specification section 7, BenchX's section 3.3 of the landscape, KnoBo's
# section 7; train, 1 %, 10 %, val, test.
SIZES = {
    'mrm chestx-ray14 mrm': '78468 785 7847 11219 22433',
    'mrm chexpert mrm': '- 2184 21841 5000 234',
    'mrm rsna mrm': '25184 251 2518 1500 3000',
    'mrm siim mrm': '7969 - 797 1898 1904',
    'mrm covid19 mrm-covid5': '356 - - 54 99',
    'mrm covid19 mrm-viral5': '297 - - 43 86',
    'benchx chestx-ray14 benchx': '78468 785 7847 11219 22433',
    'benchx vindr-cxr benchx': '12000 120 1200 3000 3000',
    'benchx covidx benchx': '67862 678 6786 8472 8481',
    'benchx siim benchx': '9303 93 930 1372 1372',
    'benchx rsna benchx': '18678 186 1867 4003 4003',
    'benchx object-cxr benchx': '8000 80 800 1000 1000',
    'benchx tbx11k benchx': '5879 58 587 1260 1260',
    'knobo pneumonia knobo': '5216 - - 16 624',
    'knobo covid-qu knobo': '16930 - - 2115 2114',
    'knobo chestx-ray14 knobo': '8066 - - 1140 2317',
    'knobo openi knobo': '884 - - 438 890',
    'knobo vindr-cxr knobo': '1400 - - 175 175',
    'knobo chestx-ray14 knobo-sex': '3000 - - 500 1000',
    'knobo chestx-ray14 knobo-pos': '3000 - - 300 300',
    'knobo chexpert knobo-race': '4000 - - 500 500',
    'knobo chexpert knobo-nih-chexpert': '5000 - - 1000 1000',
}


@pytest.mark.parametrize('which', SIZES)
def test_sizes(shared_dir, which):
    system, dataset, scheme = which.split()
    found = known_lists(system, dataset)
    published = next(one for one in found if one.scheme == scheme)
    lists = published.read(shared_dir / 'data' / FOLDERS[system])
    counts = lists.rows['split'].value_counts()
    splits = 'train train_1 train_10 val test'.split()
    expected = {
        split: int(number)
        for split, number in zip(splits, SIZES[which].split(), strict=True)
        if number != '-'
    }
    assert counts.to_dict() == expected


def test_labels(shared_dir):
    """Test positives as the specification counts them, columns under their names."""
    nih, chexpert, rsna, *_ = known_lists('mrm')
    root = shared_dir / 'data/mrm'
    lists = nih.read(root)
    test = lists.of('test')
    positives = [int((test[name] == '1').sum()) for name in lists.labels]
    assert positives == [
        *(2420, 582, 2754, 3938, 1133, 1335, 242),
        *(1089, 957, 413, 509, 362, 734, 42),
    ]
    lists = chexpert.read(root)
    test = lists.of('test')
    positives = [int((test[name] == '1').sum()) for name in lists.labels]
    assert positives == [80, 68, 33, 45, 67]
    lists = rsna.read(root)
    assert [
        int((lists.of(split)['Pneumonia'] == '1').sum())
        for split in ('train', 'val', 'test')
    ] == [5789, 223, 1094]


def test_the_typing_error_of_viral1(shared_dir):
    root = shared_dir / 'data/mrm'
    viral = [one for one in known_lists('mrm', 'covid19') if 'viral' in one.scheme]
    lists = [one.read(root) for one in viral]
    faults = [one.faulty() for one in lists]
    assert [len(fault) for fault in faults] == [1, 0, 0, 0, 0]
    assert faults[0][['image', 'file', 'line', 'cell']].values.tolist() == [
        ['gr1_lrg-a.jpg', 'isviral_test.txt', 1, '11']
    ]
    with pytest.raises(TableError, match="line 1: gr1_lrg-a.jpg has '11' for 'Viral"):
        repair_labels(lists[:1])
    accepted, _ = repair_labels(lists[:1], accept=True)
    assert not len(accepted[0].faulty())
    repaired, remarks = repair_labels(lists)
    assert len(remarks) == 1 and "read as '1' (as 4 other lines say)" in remarks[0]
    assert all(not len(one.faulty()) for one in repaired)
    row = repaired[0].rows.query('image == "gr1_lrg-a.jpg"').iloc[0]
    assert row['Viral Pneumonia'] == '1' and row['split'] == 'test'


def test_every_set_has_its_folder(shared_dir):
    for system, sets in KNOWN_LISTS.items():
        for one in sets:
            assert {'train', 'test'} & set(
                one.read(shared_dir / 'data' / FOLDERS[system]).splits
            )


def test_unknown_lists(tmp_path):
    with pytest.raises(TableError, match="no lists of 'padchest'.*chestx-ray14"):
        known_lists('mrm', 'padchest')
    with pytest.raises(TableError, match="'mgca' are known; .*mrm, benchx, knobo"):
        known_lists('mgca')
    with pytest.raises(TableError, match='no folder SIIM in it'):
        known_lists('benchx', 'siim')[0].read(tmp_path)
    for name in ('a/SIIM', 'b/SIIM'):
        (tmp_path / name).mkdir(parents=True)
    with pytest.raises(TableError, match='2 folders SIIM in it'):
        known_lists('benchx', 'siim')[0].read(tmp_path)
