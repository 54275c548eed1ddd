"""GLoRIA's rule for splits, on real tables; figures of the landscape, section 0."""

import io
import zipfile

import numpy as np
import pytest
from downloads import list_source, real_table, write_text

from mmcxr.preparing.lists.gloria_splits import gloria_splits
from mmcxr.preparing.readers import rsna, siim


@pytest.mark.parametrize('number', [4, 5, 37, 26_684])
def test_same_as_shuffling_twice(number):
    """Test, then training: the first of a permutation by the legacy generator."""
    drawn = np.random.RandomState(0).permutation(number)
    held = int(np.ceil(number * 0.3))
    again = np.random.RandomState(0).permutation(held)
    val = drawn[:held][again[: int(np.ceil(held / 2))]]
    expected = np.full(number, 'test', object)
    expected[drawn[held:]], expected[val] = 'train', 'val'
    splits = gloria_splits([str(i) for i in range(number)])
    assert splits == [(str(i), split) for i, split in enumerate(expected)]


def test_too_few_rows():
    assert gloria_splits(['a', 'b', 'c']) == []


def images_of(splits):
    found = {name: set() for name in ('train', 'val', 'test')}
    for image, split in splits:
        found[split].add(image)
    return found


def test_the_real_table_of_rsna(tmp_path):
    data = real_table('kaggle_stage_2_train_labels.csv.zip')
    table = zipfile.ZipFile(io.BytesIO(data)).read('stage_2_train_labels.csv')
    (tmp_path / 'stage_2_train_labels.csv').write_bytes(table)
    listing, _ = list_source(rsna.CONVERTER, tmp_path)
    parts = images_of(listing.splits['gloria'])
    sizes = {name: len(part) for name, part in parts.items()}
    assert sizes == dict(train=18_678, val=4_003, test=4_003)
    assert len(set().union(*parts.values())) == 26_684


@pytest.mark.parametrize(
    ('stage', 'positive', 'shared'), [('stage 1', 454, 169), ('stage 2', 476, 154)]
)
def test_the_real_table_of_siim_leaks(tmp_path, shared_dir, stage, positive, shared):
    lines = real_table('siim-pneumothorax-train-rle.csv.gz').decode().splitlines()
    if stage == 'stage 1':
        lists = shared_dir / 'data/mrm/DatasetsSplits/SIIM-ACR_Pneumothorax'
        known = {n for path in lists.glob('*.txt') for n in path.read_text().split()}
        lines = lines[:1] + [x for x in lines[1:] if x.split(',')[0] in known]
    write_text(tmp_path / 'train-rle.csv', '\n'.join(lines))
    listing, _ = list_source(siim.CONVERTER, tmp_path)
    assert listing.release == stage
    ill = {f.image for f in listing.films if f.cells['Pneumothorax'] == 1}
    parts = images_of(listing.splits['gloria'])
    assert len(parts['test'] & ill) == positive
    assert len(parts['test'] & parts['train'] & ill) == shared
    assert not parts['test'] & parts['train'] - ill
