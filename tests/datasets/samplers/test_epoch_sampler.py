from itertools import islice

import pytest
from mmengine.dataset import InfiniteSampler
from mmengine.runner.loops import _InfiniteDataloaderIterator
from torch.utils.data import DataLoader, Dataset

from mmcxr.datasets.samplers import epoch_sampler
from mmcxr.datasets.samplers.epoch_sampler import EpochSampler
from mmcxr.registry import DATA_SAMPLERS


class Numbers(Dataset):
    """Says which (epoch, index) was asked for."""

    def __init__(self, size=13):
        self.size = size
        self.seed = None

    def __len__(self):
        return self.size

    def __getitem__(self, number):
        return divmod(number, self.size)


@pytest.fixture
def ranked(monkeypatch):
    def make(rank=0, world=1, size=13, **kwargs):
        monkeypatch.setattr(epoch_sampler, 'get_dist_info', lambda: (rank, world))
        return EpochSampler(Numbers(size), **{'seed': 5, **kwargs})

    return make


def epochs_of(sampler, epochs):
    for epoch in epochs:
        sampler.set_epoch(epoch)
        yield list(sampler)


def test_each_epoch_is_another_permutation(ranked):
    sampler = ranked()
    first, second, again = epochs_of(sampler, [0, 1, 0])
    assert sorted(first) == list(range(13)) and first == again
    assert sorted(second) == list(range(13, 26))
    assert [n - 13 for n in second] != first
    assert len(sampler) == 13


def test_seed_rules_the_order_and_reaches_the_dataset(ranked):
    sampler = ranked(seed=9)
    assert sampler.dataset.seed == 9
    assert list(sampler) == list(ranked(seed=9)) != list(ranked(seed=10))
    assert isinstance(ranked(seed=None).dataset.seed, int)


def test_unshuffled_evaluation_is_plain(ranked):
    assert list(ranked(shuffle=False)) == list(range(13))


def test_without_seed_attribute_it_is_refused():
    with pytest.raises(TypeError, match='list does not decode epochs .*DefaultSampler'):
        EpochSampler([1, 2, 3])


@pytest.mark.parametrize('round_up', [True, False])
@pytest.mark.parametrize('world', [2, 3, 20])
def test_ranks_divide_the_epoch(ranked, world, round_up):
    parts = [
        (len(s := ranked(rank, world, round_up=round_up)), *epochs_of(s, [4]))
        for rank in range(world)
    ]
    whole = next(epochs_of(ranked(), [4]))
    assert all(size == len(part) for size, part in parts)
    parts = [part for _, part in parts]
    if round_up:
        assert len({len(part) for part in parts}) == 1
    else:
        assert sum(len(part) for part in parts) == 13
    merged = [part[k] for k in range(len(parts[0])) for part in parts if k < len(part)]
    assert merged[:13] == whole and merged[13:] == whole[: len(merged) - 13]


@pytest.mark.parametrize('infinite', [False, True])
@pytest.mark.parametrize('world', [2, 3])
def test_ranks_see_the_batches_of_one_process(ranked, world, infinite):
    """World w with batch b: the same samples at each step as one of batch w * b."""
    batch, steps = 3, 2 if not infinite else 9

    def steps_of(sampler, size):
        stream = iter(sampler)
        return [set(islice(stream, size)) for _ in range(steps)]

    single = steps_of(ranked(size=31, infinite=infinite), batch * world)
    parts = [
        steps_of(ranked(rank, world, 31, infinite=infinite), batch)
        for rank in range(world)
    ]
    assert [set().union(*step) for step in zip(*parts, strict=True)] == single


@pytest.mark.parametrize(('size', 'world'), [(13, 1), (13, 2), (13, 3), (3, 5)])
def test_infinite_goes_through_whole_epochs(ranked, size, world):
    parts = []
    for rank in range(world):
        sampler = ranked(rank, world, size, infinite=True)
        parts.append(list(islice(sampler, 4 * size)))
    merged = [number for turn in zip(*parts, strict=True) for number in turn]
    one = ranked(size=size)
    for epoch, order in enumerate(epochs_of(one, range(4 * world))):
        assert merged[epoch * size : (epoch + 1) * size] == order


@pytest.mark.parametrize('skipped', [0, 1, 6, 7, 13, 40])
@pytest.mark.parametrize(('rank', 'world'), [(0, 1), (0, 2), (1, 2), (2, 3)])
def test_skip_goes_where_the_killed_run_was(ranked, rank, world, skipped):
    whole = list(islice(ranked(rank, world, infinite=True), skipped + 10))
    sampler = ranked(rank, world, infinite=True)
    sampler.set_epoch(0)  # mmengine's hook does before it skips
    sampler.skip(skipped)
    assert list(islice(sampler, 10)) == whole[skipped:]
    with pytest.raises(ValueError, match='cannot skip'):
        sampler.skip(-1)


@pytest.mark.parametrize('workers', [0, 1])
@pytest.mark.parametrize(
    'config',
    [
        dict(type='EpochSampler', infinite=True),
        dict(type='EpochSampler', infinite=True, shuffle=False),
        dict(type='EpochSampler'),
    ],
)
def test_mmengine_resumes_iterations(config, workers, monkeypatch):
    """With infinite=True through skip, else by stepping: the same batches."""
    monkeypatch.setattr('time.sleep', lambda seconds: None)

    def batches(skip, num):
        data = Numbers(7)
        sampler = DATA_SAMPLERS.build(config, default_args=dict(dataset=data, seed=3))
        loader = DataLoader(
            data, 3, sampler=sampler, collate_fn=list, num_workers=workers
        )
        stream = _InfiniteDataloaderIterator(loader)
        stream.skip_iter(skip)
        return [next(stream) for _ in range(num)]

    whole = batches(0, 8)
    assert batches(5, 3) == whole[5:]
    assert len({pair for batch in whole[:7] for pair in batch}) >= 14


def test_skip_has_the_name_and_meaning_that_mmengine_calls(ranked):
    ours, theirs = ranked(infinite=True), InfiniteSampler(Numbers(), seed=1)
    assert hasattr(ours, 'skip') and hasattr(theirs, 'skip')
    assert not hasattr(ranked(), 'skip')
    whole = list(islice(InfiniteSampler(Numbers(), seed=1), 9))
    theirs.skip(4)
    assert list(islice(theirs, 5)) == whole[4:]
