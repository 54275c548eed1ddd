import numpy as np
import pytest

from mmcxr.datasets.classification import ClassificationDataset
from mmcxr.datasets.concat import MixedDataset
from mmcxr.datasets.samplers.epoch_sampler import EpochSampler
from mmcxr.registry import DATASETS


def draw(results):
    """A pipeline that tells the sample and a random number."""
    return results['dataset'], results['image'], float(np.random.rand())


@pytest.fixture
def mixed(make_dataset, many_films):
    first = ClassificationDataset(make_dataset(), pipeline=[draw])
    second = ClassificationDataset(many_films, pipeline=[draw])
    return MixedDataset([first, second])


def test_members_follow_one_another(mixed):
    assert len(mixed) == 5 + 24
    names = [(dataset, image) for dataset, image, _ in mixed]
    assert [dataset for dataset, _ in names] == ['tiny'] * 5 + ['many'] * 24
    assert names[4:7] == [('tiny', 'p1/f.png'), ('many', '0.png'), ('many', '1.png')]


def test_epochs_reach_the_members(mixed):
    for member, start in zip(mixed.datasets, (0, 5), strict=True):
        for epoch in (0, 3):
            for index in (0, 4):
                number = epoch * len(mixed) + start + index
                assert mixed[number] == member[epoch * len(member) + index]
    draws = {mixed[epoch * len(mixed) + 7][2] for epoch in range(5)}
    assert len(draws) == 5


def test_members_do_not_share_draws(mixed):
    sampler = EpochSampler(mixed, seed=11)
    assert mixed.seed == 11
    assert mixed[0][2] != mixed[5][2]  # both are sample 0 of their member
    seen = [mixed[number] for number in sampler]
    assert len({sample[:2] for sample in seen}) == 29
    before = mixed[0]
    mixed.seed = 12
    assert mixed[0] != before


def test_facts(mixed):
    facts = mixed.metainfo
    assert facts['dataset'] == 'tiny+many'
    assert [member['dataset'] for member in facts['members']] == ['tiny', 'many']


def test_from_configs(many_films):
    part = dict(type='ImageTextDataset', data_root=str(many_films))
    parts = [dict(part, split_scheme='official', split=s) for s in ('train', 'val')]
    dataset = DATASETS.build(dict(type='MixedDataset', datasets=parts))
    assert len(dataset) == 24


def test_nothing_and_strangers_are_refused():
    with pytest.raises(ValueError, match='nothing to mix'):
        MixedDataset([])
    with pytest.raises(TypeError, match='list does not decode epochs'):
        MixedDataset([[1, 2]])
