"""The queue against a deque, for sizes that fit and sizes that do not."""

from collections import deque

import pytest
import torch
from host_waits import NoWaiting
from ranks import run_ranks
from torch.nn import functional as F

from mmcxr.models.parts.queue import KeyQueue

D, R = 3, 2


def batches(sizes, seed=0):
    """Unit keys and their labels."""
    generator = torch.Generator().manual_seed(seed)
    for number, size in enumerate(sizes):
        keys = F.normalize(torch.randn(size, D, generator=generator))
        yield keys, torch.arange(size * R).reshape(size, R) + 100 * number


class Naive:
    """Entries in the order in which they leave."""

    def __init__(self, queue):
        columns = zip(queue.columns.T.clone(), queue.labels.T.clone(), strict=True)
        self.entries = deque(columns, maxlen=queue.columns.shape[1])

    def push(self, keys, labels):
        self.entries.extend(zip(keys, labels, strict=True))

    def check(self, queue):
        """Equal, read from the pointer on."""
        for name, index in (('columns', 0), ('labels', 1)):
            values = getattr(queue, name).roll(-int(queue.pointer), dims=1)
            expected = torch.stack([entry[index] for entry in self.entries], dim=1)
            assert torch.equal(values, expected)


@pytest.mark.parametrize('length', [1, 7, 12])
@pytest.mark.parametrize('sizes', [[4, 4, 4, 4], [5] * 6, [1, 7, 2, 9, 3], [12], [31]])
def test_first_in_first_out(length, sizes):
    queue = KeyQueue(D, length, num_labels=R)
    naive, pushed = Naive(queue), 0
    for keys, labels in batches(sizes):
        queue.push(keys, labels)
        naive.push(keys, labels)
        pushed += len(keys)
        naive.check(queue)
        assert queue.pointer == pushed % length


def test_it_begins_with_random_unit_columns_and_no_labels():
    queue = KeyQueue(5, 9, num_labels=1)
    torch.testing.assert_close(queue.columns.norm(dim=0), torch.ones(9))
    assert queue.columns.std() > 0.1
    assert (queue.labels == -1).all() and queue.pointer == 0
    assert KeyQueue(5, 9).labels is None


def test_it_is_saved_and_goes_on():
    first, second, third = batches([5, 3, 6])
    queue = KeyQueue(D, 7, num_labels=R)
    queue.push(*first)
    queue.push(*second)
    again = KeyQueue(D, 7, num_labels=R)
    again.load_state_dict(queue.state_dict())
    for one in (queue, again):
        one.push(*third)
    for name, value in queue.state_dict().items():
        assert torch.equal(value, again.state_dict()[name])


def test_the_host_does_not_wait_for_the_pointer():
    queue = KeyQueue(D, 7, num_labels=R)
    with NoWaiting():
        for keys, labels in batches([5, 3]):
            queue.push(keys, labels)


def pushed_by_rank(rank, world, sizes):
    torch.manual_seed(0)
    queue = KeyQueue(D, 7, num_labels=R)
    for keys, labels in batches(sizes):
        queue.push(keys.chunk(world)[rank], labels.chunk(world)[rank])
    return queue.state_dict()


@pytest.mark.parametrize('world', [2, 3])
def test_ranks_push_in_their_order(world, tmp_path):
    sizes = [6, 18, 6, 12]
    alone = pushed_by_rank(0, 1, sizes)
    for state in run_ranks(pushed_by_rank, world, tmp_path, sizes):
        for name, value in alone.items():
            assert torch.equal(state[name], value)


@pytest.mark.parametrize('labelled', [False, True])
def test_labels_belong_to_a_queue_that_has_them(labelled):
    queue = KeyQueue(D, 7, num_labels=0 if labelled else R)
    (keys, labels), *_ = batches([4])
    with pytest.raises(ValueError, match='labels'):
        queue.push(keys, labels if labelled else None)


@pytest.mark.parametrize('shape', [(0, 4), (4, 0)])
def test_an_empty_queue_is_refused(shape):
    with pytest.raises(ValueError, match='holds no key'):
        KeyQueue(*shape)
