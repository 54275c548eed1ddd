from itertools import islice

import numpy as np
import pytest
from mmengine.runner.loops import _InfiniteDataloaderIterator
from torch.utils.data import DataLoader, Dataset

from mmcxr.datasets.samplers import epoch_sampler
from mmcxr.datasets.samplers.positive_sampler import PositiveSampler
from mmcxr.registry import DATA_SAMPLERS


class Films(Dataset):
    """Says which (epoch, index) was asked for; every fourth film is positive."""

    def __init__(self, size=29, positive=None):
        self.positive = np.arange(size) % 4 == 0 if positive is None else positive
        self.seed = None

    def __len__(self):
        return len(self.positive)

    def __getitem__(self, number):
        return divmod(number, len(self))

    def find_positives(self):
        return self.positive


@pytest.fixture
def ranked(monkeypatch):
    def make(rank=0, world=1, dataset=None, **kwargs):
        monkeypatch.setattr(epoch_sampler, 'get_dist_info', lambda: (rank, world))
        return PositiveSampler(dataset or Films(), **{'seed': 5, **kwargs})

    return make


def epochs_of(sampler, epochs):
    for epoch in epochs:
        sampler.set_epoch(epoch)
        yield list(sampler)


def test_an_epoch_is_all_positives_and_some_negatives(ranked):
    sampler = ranked()
    assert len(sampler) == 8 + round(0.4 * 8) == 11
    seen, orders = [], []
    for epoch, numbers in enumerate(epochs_of(sampler, range(6))):
        assert all(number // 29 == epoch for number in numbers)
        indices = [number % 29 for number in numbers]
        positives = [i for i in indices if i % 4 == 0]
        negatives = [i for i in indices if i % 4]
        assert sorted(positives) == list(range(0, 29, 4))
        assert len(set(negatives)) == len(negatives) == 3
        seen.append(frozenset(negatives))
        orders.append(indices)
        assert indices not in (sorted(indices), positives + negatives)
    assert len(set(seen)) > 3 and orders[0] != orders[1]
    assert next(epochs_of(sampler, [2])) == [29 * 2 + i for i in orders[2]]


def test_every_negative_is_drawn_alike(ranked):
    sampler = ranked()
    drawn = [n % 29 for numbers in epochs_of(sampler, range(700)) for n in numbers]
    counts = np.bincount(drawn, minlength=29)
    assert (counts[::4] == 700).all()
    negatives = np.delete(counts, np.s_[::4])
    assert negatives.sum() == 2100 and abs(negatives - 100).max() < 45  # 4.8 sigma


def test_seed_rules_the_draw(ranked):
    assert list(ranked()) == list(ranked()) != list(ranked(seed=6))


@pytest.mark.parametrize(('ratio', 'number'), [(0, 0), (0.05, 0), (1.5, 12), (9, 21)])
def test_number_of_negatives(ranked, ratio, number):
    sampler = ranked(negatives_per_positive=ratio)
    assert len(list(sampler)) == len(sampler) == 8 + number


@pytest.mark.parametrize('world', [2, 3])
@pytest.mark.parametrize('infinite', [False, True])
def test_ranks_see_the_batches_of_one_process(ranked, world, infinite):
    batch, steps = 2, 1 if not infinite else 9

    def steps_of(sampler, size):
        stream = iter(sampler)
        return [set(islice(stream, size)) for _ in range(steps)]

    single = steps_of(ranked(infinite=infinite), batch * world)
    parts = [
        steps_of(ranked(rank, world, infinite=infinite), batch) for rank in range(world)
    ]
    assert [set().union(*step) for step in zip(*parts, strict=True)] == single


@pytest.mark.parametrize('world', [1, 2, 4])
def test_infinite_goes_through_whole_epochs(ranked, world):
    parts = [
        list(islice(ranked(rank, world, infinite=True), 40)) for rank in range(world)
    ]
    merged = [number for turn in zip(*parts, strict=True) for number in turn]
    for epoch, order in enumerate(epochs_of(ranked(), range(3))):
        assert merged[epoch * 11 : (epoch + 1) * 11] == order


@pytest.mark.parametrize('skipped', [0, 1, 6, 11, 40])
@pytest.mark.parametrize(('rank', 'world'), [(0, 1), (1, 2), (2, 3)])
def test_skip_goes_where_the_killed_run_was(ranked, rank, world, skipped):
    whole = list(islice(ranked(rank, world, infinite=True), skipped + 10))
    sampler = ranked(rank, world, infinite=True)
    sampler.set_epoch(0)
    sampler.skip(skipped)
    assert list(islice(sampler, 10)) == whole[skipped:]


@pytest.mark.parametrize('infinite', [True, False])
def test_mmengine_resumes_iterations(infinite, monkeypatch):
    monkeypatch.setattr('time.sleep', lambda seconds: None)

    def batches(skip, num):
        data = Films()
        config = dict(type='PositiveSampler', infinite=infinite)
        sampler = DATA_SAMPLERS.build(config, default_args=dict(dataset=data, seed=3))
        stream = _InfiniteDataloaderIterator(
            DataLoader(data, 3, sampler=sampler, collate_fn=list)
        )
        stream.skip_iter(skip)
        return [next(stream) for _ in range(num)]

    whole = batches(0, 9)
    assert batches(5, 4) == whole[5:]
    assert {epoch for batch in whole for epoch, _ in batch} == {0, 1, 2}


def test_bad_datasets_are_refused(ranked):
    Silent = type('Silent', (), dict(seed=0, __len__=lambda self: 3))
    with pytest.raises(TypeError, match='Silent does not tell which .* EpochSampler'):
        ranked(dataset=Silent())
    with pytest.raises(ValueError, match='none of the 5 samples is positive'):
        ranked(dataset=Films(positive=np.zeros(5, bool)))
    with pytest.raises(ValueError, match='is -1, below 0'):
        ranked(negatives_per_positive=-1)
    with pytest.raises(TypeError, match='does not decode epochs'):
        PositiveSampler([1, 2])
