"""What is known of the published lists; the checks are general, none knows them."""

import functools
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mmcxr.preparing.audit.checks import check_subject
from mmcxr.preparing.audit.cross import cross_overlaps
from mmcxr.preparing.audit.links import Links, read_links
from mmcxr.preparing.audit.subject import subject_of_lists
from mmcxr.preparing.lists.known_lists import known_lists

FOLDERS = dict(mrm='mrm', benchx='benchx_splits', knobo='knobo')


@functools.cache
def lists_of(shared, system, dataset, scheme):
    sets = known_lists(system, dataset)
    one = next(one for one in sets if one.scheme == scheme)
    return one.read(shared / 'data' / FOLDERS[system])


@functools.cache
def findings_of(shared, which):
    found = check_subject(subject_of_lists(lists_of(shared, *which.split()), Links()))
    return {(f.kind, *f.splits[:2]): (f.count, f.of) for f in found}


# The first column of each is from MRM's and KnoBo's specifications and section 0 of
# the landscape; sizes are those of the lists.
KNOWN = [
    ('mrm siim mrm', 'images test train', 494, 1904),
    ('mrm siim mrm', 'images val train', 478, 1898),
    ('mrm siim mrm', 'images test val', 124, 1904),
    ('mrm chexpert mrm', 'patients val train_10', 1837, 4560),
    ('mrm chestx-ray14 mrm', 'nesting train_1 train_10', 785 - 77, 785),
    ('mrm chexpert mrm', 'nesting train_1 train_10', 2184 - 213, 2184),
    ('mrm rsna mrm', 'nesting train_1 train_10', 251 - 26, 251),
    ('mrm covid19 mrm-viral1', 'cells test', 1, 85),
    ('knobo openi knobo', 'images test train', 31, 871),
    ('knobo openi knobo', 'images test val', 16, 871),
    ('knobo openi knobo', 'repeated train', 18, 884),
    ('knobo openi knobo', 'repeated val', 5, 438),
    ('knobo openi knobo', 'repeated test', 19, 890),
    ('knobo chestx-ray14 knobo', 'patients test train', 1014, 1779),
    ('knobo chestx-ray14 knobo-sex', 'patients test train', 185, 783),
    ('knobo chestx-ray14 knobo-age', 'patients test train', 158, 444),
    ('knobo chestx-ray14 knobo-pos', 'patients test train', 100, 288),
    ('knobo chexpert knobo-race', 'patients test train', 65, 487),
    ('knobo chexpert knobo-nih-chexpert', 'patients test train', 134, 920),
    ('benchx covidx benchx', 'repeated train', 317, 67862),
]


@pytest.mark.parametrize(('which', 'finding', 'count', 'of'), KNOWN)
def test_known(shared_dir, which, finding, count, of):
    assert findings_of(shared_dir, which)[tuple(finding.split())] == (count, of)


CLEAN = {
    # No leak by image, and none by patient where patients are known.
    'benchx siim benchx': {'unknown patients'},
    'benchx vindr-cxr benchx': {'unknown patients'},
    'benchx tbx11k benchx': {'unknown patients'},
    'benchx object-cxr benchx': {'unknown patients'},
    'mrm chestx-ray14 mrm': {'nesting'},
    'benchx chestx-ray14 benchx': {'nesting'},
    'knobo covid-qu knobo': {'unknown patients'},
}


@pytest.mark.parametrize('which', CLEAN)
def test_nothing_is_made_up(shared_dir, which):
    assert {kind for kind, *_ in findings_of(shared_dir, which)} == CLEAN[which]


def crosswalk(shared, path):
    """A made-up crosswalk in the form of RSNA's: the public one is not handed on."""
    rng = np.random.default_rng(0)
    rsna = lists_of(shared, 'benchx', 'rsna', 'benchx').rows['image'].unique()
    nih = lists_of(shared, 'mrm', 'chestx-ray14', 'mrm').rows['image'].unique()
    pairs = dict(zip(rsna, rng.choice(nih, len(rsna), replace=False), strict=True))
    records = [
        dict(
            img_id=target,
            subset_img_id=source,
            orig_labels=['Mass'],
            StudyInstanceUID=f'1.{n}',
        )
        for n, (source, target) in enumerate(pairs.items())
    ]
    pd.DataFrame(records).to_json(path, orient='records')
    return pairs


def test_patients_through_a_crosswalk(shared_dir, tmp_path):
    """RSNA's ids tell nothing; through the crosswalk they tell a patient of NIH."""
    pairs = crosswalk(shared_dir, tmp_path / 'mappings.json')
    links = read_links([tmp_path / 'mappings.json'])
    lists = lists_of(shared_dir, 'benchx', 'rsna', 'benchx')
    rsna = subject_of_lists(lists, links)
    assert rsna.known.all()
    found = {(f.kind, *f.splits): f for f in check_subject(rsna)}
    named = {s: [pairs[i] for i in lists.of(s)['image']] for s in ('train', 'test')}
    patients = {split: {name[:8] for name in names} for split, names in named.items()}
    shared = patients['test'] & patients['train']
    assert len(shared) > 500
    assert found['patients', 'test', 'train'].count == len(shared)
    assert set(found['patients', 'test', 'train'].names) == shared
    # ... and ChestX-ray14's film, which may be in the list of a pre-training set.
    nih = lists_of(shared_dir, 'mrm', 'chestx-ray14', 'mrm')
    found = list(cross_overlaps(rsna, subject_of_lists(nih, Links())))
    seen = {(f.unit, *f.splits): f.count for f in found if f.kind == 'cross'}
    trained = set(nih.of('train')['image'])
    train = 'mrm chestx-ray14 train'
    assert seen['images', 'test', train] == len(set(named['test']) & trained)
    trained = {name[:8] for name in trained}
    assert seen['patients', 'test', train] == len(patients['test'] & trained)


def test_the_real_crosswalk(shared_dir):
    """2,728 of BenchX's RSNA test images are of patients that train has too.

    Needs ``pneumonia-challenge-dataset-mappings_2018.json`` as RSNA published it;
    name it in MMCXR_RSNA_CROSSWALK.
    """
    path = Path(os.environ.get('MMCXR_RSNA_CROSSWALK', ''))
    if not path.is_file():
        pytest.skip('MMCXR_RSNA_CROSSWALK names no file')
    lists = lists_of(shared_dir, 'benchx', 'rsna', 'benchx')
    rsna = subject_of_lists(lists, read_links([path]))
    person = rsna.identities.person
    images = np.isin(person[rsna.rows['test']], person[rsna.rows['train']])
    assert (images.sum(), len(images)) == (2728, 4003)
