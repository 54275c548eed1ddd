"""Training from a pack: the same samples in the same order, smaller at the source."""

import numpy as np
import pytest
from film_kinds import IMAGES, SIZE, film_like
from PIL import Image, ImageFilter
from torch.utils.data import DataLoader

from mmcxr.datasets.collate import collate_studies
from mmcxr.datasets.films.deferred_film import DeferredFilm
from mmcxr.datasets.films.film import MaskError
from mmcxr.datasets.films.grey import UnreadableFilm
from mmcxr.datasets.packs.layout import PackError, PackSettings
from mmcxr.datasets.packs.packing import pack_dataset
from mmcxr.datasets.samplers import EpochSampler
from mmcxr.datasets.transforms.geometry import FilmRandomResizedCrop
from mmcxr.registry import DATASETS, TRANSFORMS

SIDE = 40
KINDS = {
    'files': dict(),
    'deferred': dict(deferred=True),
    'raw': dict(deferred=True, pack=f'{SIZE}-raw'),
    'jpeg': dict(deferred=True, pack=f'{SIZE}-jpeg'),
    'tar': dict(deferred=True, pack=f'{SIZE}-png-tar'),
}


@pytest.fixture
def packed(sound_films):
    for settings in (('raw',), ('jpeg',), ('png', 95, True)):
        pack_dataset(sound_films, PackSettings(SIZE, *settings))
    return sound_films


def dataset_of(root, load, *more):
    return DATASETS.build(
        dict(
            type='ClassificationDataset',
            data_root=str(root),
            pipeline=[
                dict(type='LoadFilm', **load),
                dict(type='FilmRandomResizedCrop', size=SIDE),
                dict(type='FilmFlip'),
                dict(type='GreyJitter'),
                *more,
                dict(type='PackFilm'),
            ],
        )
    )


@pytest.fixture
def boxes(monkeypatch):
    """Crops that are drawn."""
    drawn = []
    real = FilmRandomResizedCrop.draw

    def draw(self, height, width):
        drawn.append((height, width, *real(self, height, width)))
        return drawn[-1][2:]

    monkeypatch.setattr(FilmRandomResizedCrop, 'draw', draw)
    return drawn


def epoch_of(dataset, boxes, epoch):
    """What an epoch consists of: order, crops and films."""
    sampler = EpochSampler(dataset, seed=3)
    sampler.set_epoch(epoch)
    boxes.clear()
    samples = [dataset[number] for number in sampler]
    names = [sample['data_samples'].image for sample in samples]
    films = np.stack([sample['inputs']['image'].numpy() for sample in samples])
    return names, list(boxes), films.astype(int)


@pytest.mark.parametrize('epoch', [0, 2])
def test_packing_changes_neither_order_nor_draws(packed, boxes, epoch):
    epochs = {
        k: epoch_of(dataset_of(packed, v), boxes, epoch) for k, v in KINDS.items()
    }
    names, drawn, films = epochs['files']
    assert len(set(names)) == 5 and len(drawn) == 5
    for kind, (other_names, other_drawn, other_films) in epochs.items():
        assert other_names == names and other_drawn == drawn, kind
        # Noise at the pixels of files of 250, shown at 40 and packed at 64.
        assert np.abs(other_films - films).mean() < 2.5, kind


@pytest.mark.parametrize('kind', ['raw', 'jpeg', 'tar'])
def test_grey_values_of_packed_films(tmp_path, kind):
    """Against files read exactly, at the ratios of a film of 2544 x 3056 at 512."""
    root = tmp_path / 'large'
    (root / 'images').mkdir(parents=True)
    rows = ['image,patient_id,study_id,Edema']
    for number in range(3):
        film = film_like((1528, 1272), number)
        Image.fromarray(film).save(root / f'images/{number}.jpg', quality=95)
        rows.append(f'{number}.jpg,p{number},s{number},1')
    (root / 'table.csv').write_text('\n'.join(rows) + '\n')
    codec = 'png' if kind == 'tar' else kind
    settings = PackSettings(256, codec, webdataset=kind == 'tar')
    pack_dataset(root, settings)
    loads = (dict(), dict(deferred=True), dict(deferred=True, pack=settings.name))
    errors = []
    for interpolation in ('bilinear', 'bicubic'):
        crop = dict(type='FilmRandomResizedCrop', size=112, interpolation=interpolation)
        for load in loads:
            pipeline = [dict(type='LoadFilm', **load), crop, dict(type='PackFilm')]
            dataset = DATASETS.build(
                dict(
                    type='ClassificationDataset',
                    data_root=str(root),
                    pipeline=pipeline,
                )
            )
            images = [dataset[number]['inputs']['image'] for number in range(9)]
            errors.append(np.stack([image.numpy() for image in images]).astype(int))
    exact, reduced, found = errors[:3]
    for other in (reduced, found):
        error = np.abs(other - exact)
        assert error.mean() < 1 and np.percentile(error, 99) <= 6
    error = np.abs(errors[5] - errors[3])
    assert error.mean() < 1.2 and np.percentile(error, 99) <= 8


def test_not_deferred_the_film_has_the_size_of_the_pack(packed):
    dataset = DATASETS.build(
        dict(
            type='ClassificationDataset',
            data_root=str(packed),
            pipeline=[dict(type='LoadFilm', pack=f'{SIZE}-raw')],
        )
    )
    results = dataset[0]
    assert results['img'].shape == results['img_shape'] == (78, 64)
    assert results['ori_shape'] == (301, 247)
    results['img'][:] = 0  # whoever writes into it writes into a copy
    assert dataset[0]['img'].any()


@pytest.mark.parametrize('workers', [1, 2])
def test_workers_read_the_same(packed, workers):
    dataset = dataset_of(packed, KINDS['raw'])

    def films(num_workers):
        loader = DataLoader(
            dataset,
            batch_size=2,
            num_workers=num_workers,
            sampler=EpochSampler(dataset, seed=1),
            collate_fn=collate_studies,
        )
        return np.concatenate([batch['inputs']['image'].numpy() for batch in loader])

    assert np.array_equal(films(workers), films(0))


def test_an_unreadable_film_is_replaced_and_counted(films):
    pack_dataset(films, PackSettings(SIZE, 'raw'))
    dataset = dataset_of(films, KINDS['raw'])
    names = [sample['data_samples'].image for sample in dataset]
    assert len(names) == 6 and IMAGES[5] not in names
    dataset.test_mode = True
    with pytest.raises(UnreadableFilm, match=r'p2/f\.png: cannot identify'):
        dataset[5]


def test_a_stale_pack_stops_the_training(packed):
    table = packed / 'table.csv'
    table.write_text(table.read_text().replace('s1,PA', 's1,AP'))
    copy = packed / 'packs' / 'copy'  # opened by no other test
    (packed / f'packs/{SIZE}-raw').rename(copy)
    with pytest.raises(PackError, match='copy: the pack is stale'):
        dataset_of(packed, dict(pack='copy'))[0]


def test_a_film_of_no_dataset():
    load = TRANSFORMS.build(dict(type='LoadFilm', pack='512-raw'))
    with pytest.raises(ValueError, match='not the file of image None of a dataset'):
        load(dict(img_path='/some/film.png'))


# --- masks and boxes -------------------------------------------------------------


_NEIGHBOURS = (ImageFilter.MinFilter(5), ImageFilter.MaxFilter(5))


def masked_samples(root, load, mask, number, **facts):
    dataset = DATASETS.build(
        dict(
            type='SegmentationDataset',
            data_root=str(root),
            metainfo=dict(empty_mask='background', **facts),
            pipeline=[
                dict(type='LoadFilm', **load),
                mask,
                dict(type='FilmRandomResizedCrop', size=SIDE),
            ],
        )
    )
    return [dataset[len(dataset) * epoch + number] for epoch in range(20)]


@pytest.mark.parametrize('number', range(4))
@pytest.mark.parametrize('kind', ['deferred', 'raw', 'jpeg', 'tar'])
def test_masks_move_with_packed_films(packed, kind, number):
    load = KINDS[kind]
    mask = dict(type='LoadFilmMask', pack=load.get('pack'))
    exact = masked_samples(packed, {}, dict(type='LoadFilmMask'), number)
    for found, sample in zip(
        masked_samples(packed, load, mask, number), exact, strict=True
    ):
        found, expected = found['gt_seg_map'], sample['gt_seg_map']
        assert found.shape == (SIDE, SIDE) and found.dtype == np.uint8
        assert found.any() == expected.any() == (number < 2)
        # Pixels differ along the outline alone.
        inner, outer = (
            np.array(Image.fromarray(expected).filter(f)) for f in _NEIGHBOURS
        )
        assert (found[inner == 1] == 1).all() and (found[outer == 0] == 0).all()


@pytest.mark.parametrize('pack', [None, f'{SIZE}-raw'])
def test_boxes_are_counted_in_pixels_of_the_file(packed, pack):
    facts = dict(box_labels='all')
    load = dict(deferred=True, pack=pack)
    mask = dict(type='LoadBoxMask')
    exact = masked_samples(packed, {}, mask, 0, **facts)
    for found, sample in zip(
        masked_samples(packed, load, mask, 0, **facts), exact, strict=True
    ):
        assert found['gt_seg_map'].any()
        assert np.array_equal(found['gt_seg_map'], sample['gt_seg_map'])


def test_film_and_mask_of_one_pack(packed):
    pack_dataset(packed, PackSettings(50))
    mask = dict(type='LoadFilmMask', pack='50-jpeg')
    with pytest.raises(MaskError, match='take both from one pack'):
        masked_samples(packed, KINDS['raw'], mask, 0)
    with pytest.raises(MaskError, match='take both from one pack'):
        masked_samples(packed, {}, mask, 0)


def test_a_packed_film_stays_deferred_until_it_is_asked(packed):
    load = TRANSFORMS.build(dict(type='LoadFilm', **KINDS['jpeg']))
    path = f'{packed}/images/{IMAGES[0]}'
    results = load(dict(img_path=path, image=IMAGES[0]))
    assert isinstance(results['img'], DeferredFilm)
    assert results['img_shape'] == results['ori_shape'] == (301, 247)
