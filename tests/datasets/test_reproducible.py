"""The same samples whatever the number of workers, after a resume, on any rank."""

import pytest
import torch
from mmengine.registry import DefaultScope
from mmengine.runner import Runner

from mmcxr.datasets.films.grey import UnreadableFilm
from mmcxr.datasets.samplers import epoch_sampler
from mmcxr.torchvision_schema import ensure_torchvision

FILM = [
    dict(type='LoadFilm'),
    dict(type='mmcv.RandomResize', scale=(24, 24), ratio_range=(0.8, 1.4)),
    dict(type='mmcv.CenterCrop', crop_size=(16, 16), auto_pad=True),
    dict(type='mmcv.RandomFlip', prob=0.5),
    dict(type='torch_noise'),
]


def torch_noise(results):
    """Draws from torch, as torchvision's transforms do."""
    noise = torch.randint(0, 3, results['img'].shape, dtype=torch.uint8)
    results['img'] = results['img'] // 2 + noise.numpy()
    return results


def loader_of(root, workers=0, batch=5, persistent=False, **sampler):
    ensure_torchvision()
    steps = [torch_noise if s['type'] == 'torch_noise' else s for s in FILM]
    config = dict(
        batch_size=batch,
        num_workers=workers,
        persistent_workers=persistent,
        collate_fn=dict(type='mmcxr.collate_studies'),
        sampler=dict(type='EpochSampler', **sampler),
        dataset=dict(
            type='ClassificationDataset',
            data_root=str(root),
            max_unreadable=0.1,
            pipeline=[*steps, dict(type='PackFilm')],
        ),
    )
    with DefaultScope.overwrite_default_scope('mmcxr'):
        return Runner.build_dataloader(config, seed=21)


def epochs(loader, numbers):
    """[(image, pixels)] of the epochs, as mmengine's loop would see them."""
    seen = []
    for epoch in numbers:
        loader.sampler.set_epoch(epoch)
        for batch in loader:
            names = [sample.image for sample in batch['data_samples']]
            seen += zip(names, batch['inputs']['image'], strict=True)
    return seen


def assert_equal(first, second):
    assert [name for name, _ in first] == [name for name, _ in second]
    assert all(a.equal(b) for (_, a), (_, b) in zip(first, second, strict=True))


@pytest.mark.parametrize(('workers', 'persistent'), [(1, False), (2, False), (2, True)])
def test_workers_and_resume(many_films, workers, persistent):
    whole = epochs(loader_of(many_films), [0, 1])
    other = loader_of(many_films, workers, persistent=persistent)
    assert_equal(epochs(other, [0, 1]), whole)
    resumed = loader_of(many_films, workers, persistent=persistent)
    assert_equal(epochs(resumed, [1]), whole[24:])
    first, second = (
        sorted(part, key=lambda pair: pair[0]) for part in (whole[:24], whole[24:])
    )
    assert all((a != b).any() for (_, a), (_, b) in zip(first, second, strict=True))


def test_batch_size_does_not_matter(many_films):
    assert_equal(
        epochs(loader_of(many_films, batch=7), [2]), epochs(loader_of(many_films), [2])
    )


def test_two_processes_see_what_one_sees(many_films, monkeypatch):
    def step_sets(rank, world, batch):
        monkeypatch.setattr(epoch_sampler, 'get_dist_info', lambda: (rank, world))
        seen = epochs(loader_of(many_films, batch=batch), [3])
        return [dict(seen[i : i + batch]) for i in range(0, len(seen), batch)]

    single = step_sets(0, 1, 8)
    for one, two, both in zip(
        step_sets(0, 2, 4), step_sets(1, 2, 4), single, strict=True
    ):
        merged = {**one, **two}
        assert merged.keys() == both.keys()
        assert all(merged[name].equal(both[name]) for name in both)


def test_iterations_resume_in_the_middle(many_films):
    def batches(skip, num):
        loader = loader_of(many_films, 1, infinite=True)
        loader.sampler.skip(5 * skip)
        stream = iter(loader)
        return [next(stream)['inputs']['image'] for _ in range(num)]

    whole = batches(0, 9)
    assert all(a.equal(b) for a, b in zip(batches(6, 3), whole[6:], strict=True))


@pytest.mark.parametrize('workers', [0, 2])
def test_replacements_too(many_films, workers):
    for name in ('3.png', '11.png'):
        (many_films / 'images' / name).write_bytes(b'\x89PNG')
    seen = epochs(loader_of(many_films, workers), [0, 1])
    assert len(seen) == 48 and not {'3.png', '11.png'} & {name for name, _ in seen}
    assert_equal(epochs(loader_of(many_films), [1]), seen[24:])


def test_workers_count_unreadable_films_together(many_films):
    """Each worker alone sees no more than is allowed."""
    for name in ('3.png', '11.png', '14.png'):
        (many_films / 'images' / name).unlink()
    loader = loader_of(many_films, 2, batch=1)
    with pytest.raises(UnreadableFilm, match='3 of 24 samples'):
        epochs(loader, range(3))
    assert loader.dataset._unreadable.sum() == 3
