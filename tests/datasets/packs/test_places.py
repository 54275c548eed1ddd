"""Where the films of samples lie, and epochs in that order."""

import numpy as np
import pytest
from film_kinds import IMAGES, SIZE

from mmcxr.datasets.concat import MixedDataset
from mmcxr.datasets.packs.layout import PackError, PackSettings
from mmcxr.datasets.packs.pack import Pack, open_pack
from mmcxr.datasets.packs.packing import pack_dataset
from mmcxr.datasets.samplers import ShardSampler
from mmcxr.registry import DATASETS

SETTINGS = PackSettings(SIZE, 'png', webdataset=True, order='table')
SIDE = 32


@pytest.fixture
def pack(sound_films):
    """Films 0 and 2 are one study; each film has a file of its own."""
    table = sound_films / 'table.csv'
    lines = table.read_text().splitlines()
    lines[3] = lines[3].replace(',p1,s2,', ',p0,s0,')
    table.write_text('\n'.join(lines) + '\n')
    splits = '\n'.join(
        f'{i},{"train" if n else "test"}' for n, i in enumerate(IMAGES[:5])
    )
    (sound_films / 'splits').mkdir()
    (sound_films / 'splits/official.csv').write_text(f'image,split\n{splits}\n')
    open_pack.cache_clear()
    return pack_dataset(sound_films, SETTINGS, shard_bytes=1)


def dataset_of(root, type='ClassificationDataset', **options):
    load = dict(type='LoadFilm', pack=SETTINGS.name)
    if type == 'ImageTextDataset':
        crop = dict(type='FilmResize', size=SIDE, keep_ratio=False)
        load = dict(type='MultiView', num_views=2, transforms=[load, crop])
    config = dict(type=type, data_root=str(root), pipeline=[load], **options)
    return DATASETS.build(config)


def test_places_of_films(sound_films, pack):
    places = pack.places(IMAGES[:5][::-1])
    assert places[:, 0].tolist() == [4, 3, 2, 1, 0]
    for image, (_, offset) in zip(IMAGES[:5][::-1], places, strict=True):
        record, _ = pack.read(f'images/{image}')
        assert record['offset'] == offset
    assert Pack(pack.folder).places([]).shape == (0, 2)
    with pytest.raises(PackError, match=r"has no 'p9/z\.png', so it is the pack of"):
        pack.places([IMAGES[0], 'p9/z.png'])


def test_rows_of_the_split_alone_are_read(sound_films, pack):
    dataset = dataset_of(sound_films, split_scheme='official', split='train')
    assert dataset.film_places(SETTINGS.name)[:, 0].tolist() == [1, 2, 3, 4]
    sampler = ShardSampler(dataset, SETTINGS.name, seed=0)
    assert sorted(sampler) == [0, 1, 2, 3]


def test_a_study_over_two_files_counts_as_in_the_first(sound_films, pack):
    dataset = dataset_of(sound_films, 'ImageTextDataset', texts='labels')
    assert len(dataset) == 4
    assert dataset.film_places(SETTINGS.name)[:, 0].tolist() == [0, 1, 3, 4]
    sampler = ShardSampler(dataset, SETTINGS.name, seed=0)
    images = {
        view['image'] for n in sampler for view in dataset.get_data_info(n)['views']
    }
    assert images == set(IMAGES[:5])
    assert dataset[0]['img'].shape == (2, SIDE, SIDE)


def test_members_of_a_mixed_dataset_have_files_of_their_own(sound_films, pack):
    one = dataset_of(sound_films, split_scheme='official', split='test')
    other = dataset_of(sound_films)
    mixed = MixedDataset([one, other])
    places = mixed.film_places(SETTINGS.name)
    assert places[:, 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert np.array_equal(places[1:, 1], pack.places(IMAGES[:5])[:, 1])
    sampler = ShardSampler(mixed, SETTINGS.name, seed=0)
    sampler.set_epoch(1)
    assert sorted(sampler) == list(range(6, 12))


def test_the_pack_of_another_dataset(sound_films, pack):
    with pytest.raises(PackError, match='there is no pack'):
        ShardSampler(dataset_of(sound_films), '9-jpeg', seed=0)
