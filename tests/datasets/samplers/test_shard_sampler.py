"""Files are read from front to back, each sample once, by one worker of one rank."""

from collections import Counter
from itertools import islice

import numpy as np
import pytest
import torch
from mmengine.runner.loops import _InfiniteDataloaderIterator
from torch.utils.data import DataLoader, Dataset, get_worker_info

from mmcxr.datasets.samplers import epoch_sampler
from mmcxr.datasets.samplers.shard_sampler import ShardSampler, shards_of

SIZES = (11, 7, 13, 5, 9, 14, 8)  # samples of the files of a pack, 67 in all
NUM = sum(SIZES)


class Films(Dataset):
    """Samples that lie in files, strewn over the indices."""

    def __init__(self):
        place = np.random.default_rng(0).permutation(NUM)
        files = np.repeat(np.arange(len(SIZES)), SIZES)
        offsets = np.concatenate([100 * np.arange(size) for size in SIZES])
        self.places = np.stack([files, offsets], axis=1)[place]
        self.seed = None

    def __len__(self):
        return NUM

    def __getitem__(self, number):
        worker = get_worker_info()
        return number, None if worker is None else worker.id

    def film_places(self, pack):
        assert pack == 'p'
        return self.places


@pytest.fixture
def ranked(monkeypatch):
    def make(rank=0, world=1, **kwargs):
        monkeypatch.setattr(epoch_sampler, 'get_dist_info', lambda: (rank, world))
        options = dict(seed=5, batch_size=4, num_workers=2, window=1)
        return ShardSampler(Films(), 'p', **{**options, **kwargs})

    return make


def numbers_of(sampler, epoch=0):
    sampler.set_epoch(epoch)
    return list(sampler)


def places_of(numbers):
    """(file, offset) of each sample."""
    places = Films().places
    return [tuple(places[number % NUM].tolist()) for number in numbers]


def files_in_turn(places):
    """Files in the order in which they are read, each entry a reading."""
    files = [file for file, _ in places]
    return [f for before, f in zip([None, *files], files, strict=False) if f != before]


def pieces_of(numbers, batch, workers):
    """What each worker reads, in its order."""
    batches = [numbers[i : i + batch] for i in range(0, len(numbers), batch)]
    return [sum(batches[worker::workers], []) for worker in range(workers)]


def test_samples_of_a_file_in_its_order():
    places = np.array([[1, 5], [0, 9], [1, 2], [0, 3], [4, 0]])
    shards = shards_of(torch.from_numpy(places))
    assert [shard.tolist() for shard in shards] == [[3, 1], [2, 0], [4]]


@pytest.mark.parametrize(('batch', 'workers'), [(4, 2), (3, 5), (1, 1), (16, 4)])
@pytest.mark.parametrize('world', [1, 2, 3])
def test_workers_read_files_from_front_to_back(ranked, world, batch, workers):
    options = dict(batch_size=batch, num_workers=workers)
    read, sizes, seen = Counter(), [], []
    for rank in range(world):
        numbers = numbers_of(ranked(rank, world, **options), 3)
        seen += numbers
        if NUM % world:  # what makes ranks equal is read again by the last
            numbers = numbers[: len(numbers) - (rank >= NUM % world)]
        for piece in pieces_of(numbers, batch, workers):
            places = places_of(piece)
            order = files_in_turn(places)
            assert len(order) == len(set(order))  # none is come back to
            for file in order:
                offsets = [offset for f, offset in places if f == file]
                assert offsets == list(range(offsets[0], offsets[-1] + 1, 100))
            read.update(order)
            sizes.append(len(piece))
    # Each piece begins in at most one file that another has begun.
    assert len(read) == len(SIZES)
    assert sum(read.values()) <= len(SIZES) + world * workers - 1
    assert max(sizes) - min(sizes) <= batch
    assert set(seen) == set(range(3 * NUM, 4 * NUM))
    assert len(seen) == -(-NUM // world) * world  # as EpochSampler has it


@pytest.mark.parametrize('world', [1, 2, 3])
def test_each_sample_once_whatever_the_settings(ranked, world):
    for options in (
        dict(window=500),
        dict(window=6, num_workers=0),
        dict(batch_size=100, num_workers=8),
    ):
        parts = [
            numbers_of(ranked(rank, world, round_up=False, **options), 1)
            for rank in range(world)
        ]
        assert sorted(sum(parts, [])) == list(range(NUM, 2 * NUM))
        assert [len(part) for part in parts] == [
            len(ranked(rank, world, round_up=False)) for rank in range(world)
        ]


@pytest.mark.parametrize('window', [1, 2, 5, 30])
def test_a_sample_strays_by_less_than_the_window(ranked, window):
    options = dict(num_workers=1, batch_size=1)
    straight = numbers_of(ranked(**options))
    numbers = numbers_of(ranked(window=window, **options))
    place = {number: place for place, number in enumerate(straight)}
    strays = [abs(place[number] - now) for now, number in enumerate(numbers)]
    assert max(strays) < window and (numbers == straight) == (window == 1)
    if window == 30:
        assert np.mean(strays) > 5


def test_epochs_and_seeds_differ_and_are_repeatable(ranked):
    first, second = numbers_of(ranked()), numbers_of(ranked(), 1)
    assert numbers_of(ranked()) == first == numbers_of(ranked(), 0)
    assert [n - NUM for n in second] != first != numbers_of(ranked(seed=6))
    orders = {
        tuple(files_in_turn(places_of(numbers_of(ranked(), e)))) for e in range(9)
    }
    assert len(orders) == 9
    assert ranked(seed=8).dataset.seed == 8


def test_another_number_of_workers_is_another_order_of_the_same(ranked):
    two, three = numbers_of(ranked()), numbers_of(ranked(num_workers=3))
    assert two != three and sorted(two) == sorted(three)


@pytest.mark.parametrize('skipped', [0, 4, 20, 36, 64, 68, 200])
@pytest.mark.parametrize(('rank', 'world'), [(0, 1), (0, 2), (1, 2), (2, 3)])
def test_skip_goes_where_the_killed_run_was(ranked, rank, world, skipped):
    options = dict(infinite=True, window=7)
    whole = list(islice(ranked(rank, world, **options), skipped + 90))
    sampler = ranked(rank, world, **options)
    sampler.skip(skipped)
    assert list(islice(sampler, 90)) == whole[skipped:]


@pytest.mark.parametrize('world', [1, 2, 3])
def test_endless_epochs_are_whole_and_their_pieces_too(ranked, world):
    parts = []
    for rank in range(world):
        parts.append(list(islice(ranked(rank, world, infinite=True), 3 * NUM)))
    merged = [number for turn in zip(*parts, strict=True) for number in turn]
    for epoch in range(3 * world):
        numbers = merged[epoch * NUM : (epoch + 1) * NUM]
        assert sorted(numbers) == list(range(epoch * NUM, (epoch + 1) * NUM))
    for part in parts:
        for piece in pieces_of(part, 4, 2):
            epochs = {number // NUM for number in piece}
            for epoch in epochs:
                mine = places_of([n for n in piece if n // NUM == epoch])
                order = files_in_turn(mine)
                assert len(order) == len(set(order))


@pytest.mark.parametrize('infinite', [False, True])
def test_the_workers_of_a_loader(ranked, infinite):
    """The piece goes to one worker, epoch by epoch and through a resume."""
    sampler = ranked(infinite=infinite, num_workers=3)
    loader = DataLoader(
        sampler.dataset,
        4,
        sampler=sampler,
        num_workers=3,
        collate_fn=list,
        persistent_workers=True,
    )
    stream = _InfiniteDataloaderIterator(loader)
    batches = [next(stream) for _ in range(34)]
    by_worker = {worker: [] for worker in range(3)}
    for batch in batches[: NUM // 4]:
        (worker,) = {worker for _, worker in batch}
        by_worker[worker] += [number for number, _ in batch if number < NUM]
    for numbers in by_worker.values():
        order = files_in_turn(places_of(numbers))
        assert len(order) == len(set(order)) <= 4
    if infinite:
        sampler.skip(5 * 4)
        again = iter(loader)
        for before in batches[5:20]:
            assert [n for n, _ in next(again)] == [n for n, _ in before]


@pytest.mark.parametrize(
    'options', [dict(batch_size=0), dict(num_workers=-1), dict(window=0)]
)
def test_bad_settings(ranked, options):
    with pytest.raises(ValueError, match='all are at least 1'):
        ranked(**options)


def test_a_dataset_without_places_is_refused():
    class Numbers(Dataset):
        seed = 0

    with pytest.raises(TypeError, match='Numbers does not tell where films lie'):
        ShardSampler(Numbers(), 'p', seed=1)
