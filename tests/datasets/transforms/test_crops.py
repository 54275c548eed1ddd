"""Several crops of one film, from the transform to the device."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

from mmcxr.datasets.collate import collate_studies
from mmcxr.datasets.films.film import read_film
from mmcxr.datasets.packs.layout import PackSettings
from mmcxr.datasets.packs.packing import pack_dataset
from mmcxr.datasets.samplers import EpochSampler
from mmcxr.datasets.seeding import sample_seed
from mmcxr.datasets.transforms import loading
from mmcxr.models.preprocessor import FilmPreprocessor
from mmcxr.registry import DATASETS, TRANSFORMS

LARGE = [
    dict(type='FilmRandomResizedCrop', size=24),
    dict(type='FilmFlip'),
    dict(type='GreyJitter', brightness=0.4, contrast=0.4, on_device=True),
]
SMALL = [dict(type='FilmRandomResizedCrop', size=12, scale=(0.1, 0.3)), LARGE[2]]
GROUPS = [dict(num_crops=2, transforms=LARGE), dict(num_crops=3, transforms=SMALL)]


@pytest.fixture
def root(tmp_path):
    """A dataset of five films, one of them no JPEG."""
    (tmp_path / 'images').mkdir()
    rows = ['image,patient_id,study_id,Edema']
    for number in range(5):
        name = f'{number}.{"png" if number == 2 else "jpg"}'
        y, x = np.mgrid[:70, : 60 + number]
        film = (2 * x + y + 20 * np.sin(x / (5 + number))).clip(0, 255)
        Image.fromarray(film.astype(np.uint8)).save(tmp_path / 'images' / name)
        rows.append(f'{name},p{number},s{number},{number % 2}')
    (tmp_path / 'table.csv').write_text('\n'.join(rows) + '\n')
    return tmp_path


def dataset_of(root, groups=GROUPS, last='PackFilm', **load):
    steps = [dict(type='LoadFilm', **load), dict(type='MultiCrop', groups=groups)]
    return DATASETS.build(
        dict(
            type='ClassificationDataset',
            data_root=str(root),
            pipeline=[*steps, dict(type=last)],
        )
    )


def by_hand(path, groups):
    """Crops and jitter of each group, each pipeline run from its file on."""
    crops, jitter = [], []
    for group in groups:
        found = []
        for _ in range(group['num_crops']):
            film = dict(img_path=str(path))
            for step in [dict(type='LoadFilm'), *group['transforms']]:
                film = TRANSFORMS.build(step)(film)
            found.append(film)
        crops.append(np.stack([film['img'] for film in found]))
        jitter.append(np.stack([film['jitter'] for film in found]))
    return crops, jitter


@pytest.mark.parametrize('last', ['PackFilm', 'PackStudy'])
def test_each_crop_is_its_pipeline_with_its_draws(root, last):
    dataset = dataset_of(root, last=last)
    for index in (3, 7):  # 7 is film 2 in the second epoch
        inputs = dataset[index]['inputs']
        assert set(inputs) == {'crops', 'crop_jitter'}
        path = dataset[index]['data_samples'].img_path
        with sample_seed(dataset.seed, index // 5, index % 5):
            crops, jitter = by_hand(path, GROUPS)
        for found, expected in zip(inputs['crops'], crops, strict=True):
            assert found.dtype == torch.uint8
            np.testing.assert_array_equal(found[:, 0], expected)
        for found, expected in zip(inputs['crop_jitter'], jitter, strict=True):
            np.testing.assert_array_equal(found, expected)
            assert len(np.unique(found, axis=0)) == len(found)


def batches(dataset, workers=0):
    sampler = EpochSampler(dataset, seed=1)
    loader = DataLoader(
        dataset, 2, sampler=sampler, num_workers=workers, collate_fn=collate_studies
    )
    return list(loader)


@pytest.mark.parametrize('deferred', [False, True])
@pytest.mark.parametrize('pack', [None, PackSettings(70, 'png')])
def test_any_number_of_workers_gives_the_same(root, deferred, pack):
    if pack:
        pack_dataset(root, pack)
    dataset = dataset_of(root, deferred=deferred, pack=pack and pack.name)
    for one, two in zip(batches(dataset), batches(dataset, 2), strict=True):
        for key in ('crops', 'crop_jitter'):
            for a, b in zip(one['inputs'][key], two['inputs'][key], strict=True):
                assert a.equal(b)


@pytest.mark.parametrize('codec', ['raw', 'png'])
def test_a_pack_gives_the_crops_of_the_files(root, codec):
    """Films are smaller than the pack, so that it keeps their pixels."""
    pack_dataset(root, PackSettings(70, codec))
    dataset = dataset_of(root)
    for deferred in (False, True):
        packed = dataset_of(root, pack=f'70-{codec}', deferred=deferred)
        for one, two in zip(dataset, packed, strict=True):
            for key in ('crops', 'crop_jitter'):
                pairs = zip(one['inputs'][key], two['inputs'][key], strict=True)
                assert all(a.equal(b) for a, b in pairs)


def test_a_deferred_jpeg_gives_nearly_the_crops_of_the_file(root):
    for one, two in zip(dataset_of(root), dataset_of(root, deferred=True), strict=True):
        one, two = one['inputs'], two['inputs']
        for a, b in zip(one['crops'], two['crops'], strict=True):
            assert (a.int() - b.int()).abs().float().mean() < 2
        for a, b in zip(one['crop_jitter'], two['crop_jitter'], strict=True):
            assert a.equal(b)


def test_the_film_is_read_once(root, monkeypatch):
    read = []
    real = loading.as_film
    monkeypatch.setattr(loading, 'as_film', lambda p: read.append(p) or real(p))
    dataset_of(root)[0]
    assert len(read) == 1


def test_from_the_batch_to_the_device(root):
    """Jitter meets its own crop; one byte a pixel travels until there."""
    data = batches(dataset_of(root))[0]
    inputs = data['inputs']
    assert [crops.shape for crops in inputs['crops']] == [
        (2, 2, 1, 24, 24),
        (2, 3, 1, 12, 12),
    ]
    assert {crops.dtype for crops in inputs['crops']} == {torch.uint8}
    assert [j.shape for j in inputs['crop_jitter']] == [(2, 2, 3), (2, 3, 3)]
    preprocessor = FilmPreprocessor()
    found = preprocessor(data)
    assert set(found['inputs']) == {'crops'}
    assert found['data_samples'] is data['data_samples']
    for group, crops in enumerate(found['inputs']['crops']):
        for film, crop in np.ndindex(crops.shape[:2]):
            expected = preprocessor.normalise(
                inputs['crops'][group][film, crop],
                inputs['crop_jitter'][group][film, crop],
            )
            assert crops[film, crop].equal(expected)


@pytest.mark.parametrize('last', ['PackFilm', 'PackStudy'])
def test_one_group_is_image(root, last):
    dataset = dataset_of(root, GROUPS[:1], last)
    data = batches(dataset)[0]
    assert data['inputs']['image'].shape == (2, 2, 1, 24, 24)
    assert data['inputs']['jitter'].shape == (2, 2, 3)
    assert data['data_samples'][0].img_shape == [(24, 24)]
    prepared = FilmPreprocessor(resize=dict(size=(9, 9)))(data)['inputs']
    assert set(prepared) == {'image'} and prepared['image'].shape == (2, 2, 3, 9, 9)


def crops_of(*groups, **facts):
    film = np.arange(40 * 30, dtype=np.uint16).astype(np.uint8).reshape(40, 30)
    transform = TRANSFORMS.build(dict(type='MultiCrop', groups=groups))
    return transform(dict(facts, img=film))


def test_jitter_of_the_film_is_that_of_its_crops():
    film = dict(img=np.zeros((40, 30), np.uint8), jitter=np.float32([0.9, 1.2, 0]))
    groups = [dict(num_crops=n, transforms=LARGE[:1]) for n in (2, 1)]
    results = TRANSFORMS.build(dict(type='MultiCrop', groups=groups))(film)
    inputs = TRANSFORMS.build(dict(type='PackFilm'))(results)['inputs']
    assert set(inputs) == {'crops', 'crop_jitter'}
    for rows, number in zip(inputs['crop_jitter'], (2, 1), strict=True):
        assert rows.equal(torch.tensor([0.9, 1.2, 0]).expand(number, 3))


def test_without_jitter_none_travels():
    inputs = TRANSFORMS.build(dict(type='PackFilm'))(
        crops_of(*(dict(num_crops=n, transforms=LARGE[:1]) for n in (2, 1)))
    )['inputs']
    assert set(inputs) == {'crops'}
    prepared = FilmPreprocessor()(dict(inputs=collate_studies_of(inputs)))['inputs']
    assert [crops.shape[:2] for crops in prepared['crops']] == [(1, 2), (1, 1)]


def collate_studies_of(inputs):
    from mmengine.structures import BaseDataElement

    sample = dict(inputs=inputs, data_samples=BaseDataElement())
    return collate_studies([sample])['inputs']


def test_a_group_without_jitter_stays_as_it_is():
    plain = dict(num_crops=2, transforms=LARGE[:1])
    inputs = TRANSFORMS.build(dict(type='PackFilm'))(crops_of(plain, GROUPS[1]))
    inputs = collate_studies_of(inputs['inputs'])
    preprocessor = FilmPreprocessor()
    found = preprocessor(dict(inputs=inputs))['inputs']['crops'][0]
    assert found.equal(preprocessor.normalise(inputs['crops'][0]))


class Darken:
    def __call__(self, results):
        results['img'] //= 2
        return results


@pytest.mark.parametrize('pack', [None, '70-raw', '70-png'])
def test_a_deferred_film_is_not_written_into(root, pack):
    if pack:
        pack_dataset(root, PackSettings(70, pack[3:]))
    steps = [dict(type='FilmResize', size=60), dict(type=Darken)]
    group = dict(num_crops=2, transforms=steps)
    dataset = dataset_of(root, [group], deferred=True, pack=pack)
    film = read_film(root / 'images/0.jpg')  # whose shorter side is 60
    for crop in dataset[0]['inputs']['image']:
        np.testing.assert_array_equal(crop[0], film // 2)


def test_a_step_that_writes_does_not_reach_the_other_crops():
    one, two = crops_of(dict(num_crops=2, transforms=[dict(type=Darken)]))['crops'][0]
    assert np.array_equal(one, two) and one.max() == 127


# --- refusals ----------------------------------------------------------------------


def test_unequal_sizes_name_group_and_film():
    class Cut:
        side = 20

        def __call__(self, results):
            self.side += 1
            results['img'] = results['img'][: self.side]
            return results

    bad = dict(num_crops=2, transforms=[dict(type=Cut)])
    with pytest.raises(ValueError, match=r"group 1 of 'a.png' end in sizes \[\(21, 30"):
        crops_of(GROUPS[0], bad, image='a.png')


@pytest.mark.parametrize(
    ('groups', 'cause'),
    [
        ([], 'at least one group'),
        ([dict(num_crops=0, transforms=[])], 'group 0 of MultiCrop'),
        ([GROUPS[0], dict(num_crop=2, transforms=[])], 'group 1 of MultiCrop'),
    ],
)
def test_bad_groups(groups, cause):
    with pytest.raises(ValueError, match=cause):
        TRANSFORMS.build(dict(type='MultiCrop', groups=groups))


def test_samples_of_other_groups_are_named(root):
    one, two = dataset_of(root)[0], dataset_of(root, GROUPS[::-1])[1]
    with pytest.raises(ValueError, match=r"kind of crop groups: '0.jpg' has .*'1.jpg'"):
        collate_studies([one, two])
    film = dataset_of(root, GROUPS[:1])[1]
    with pytest.raises(ValueError, match=r"one film: '0.jpg' has none, '1.jpg' has"):
        collate_studies([one, film])


def test_resize_of_several_groups_is_refused(root):
    data = batches(dataset_of(root))[0]
    with pytest.raises(ValueError, match='crops of all groups to one size'):
        FilmPreprocessor(resize=dict(size=(9, 9)))(data)


def test_jitter_of_some_films_only_is_refused(root):
    plain = [
        dict(num_crops=g['num_crops'], transforms=[g['transforms'][0]]) for g in GROUPS
    ]
    with pytest.raises(
        ValueError, match=r"kind of jitter: '0.jpg' has .*'1.jpg' has none"
    ):
        collate_studies([dataset_of(root)[0], dataset_of(root, plain)[1]])
