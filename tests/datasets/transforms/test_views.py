"""Which films of a study are used, and how they are stacked."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from mmcxr.datasets.transforms import loading
from mmcxr.datasets.transforms.views import choose_views
from mmcxr.registry import TRANSFORMS

PIPELINE = [
    dict(type='LoadFilm'),
    dict(type='FilmRandomResizedCrop', size=12),
    dict(type='GreyJitter'),
]


def study(*views):
    return [dict(image=f'{i}', view=view) for i, view in enumerate(views)]


def pairs(views, select, draws=600, num_views=2):
    """Counts of the image names drawn."""
    np.random.seed(0)
    return Counter(
        tuple(view['image'] for view in choose_views(views, num_views, select))
        for _ in range(draws)
    )


def is_about(count, share, draws=600):
    return abs(count / draws - share) < 4 * (share * (1 - share) / draws) ** 0.5


def test_distinct_takes_two_positions():
    views = study('PA', 'PA', 'LATERAL')
    found = pairs(views, 'distinct')
    assert set(found) == {('0', '2'), ('1', '2'), ('2', '0'), ('2', '1')}
    assert all(is_about(count, 1 / 4) for count in found.values())


def test_distinct_takes_any_two_of_three_positions():
    found = pairs(study('PA', 'LATERAL', 'AP', 'AP'), 'distinct')
    positions = {'0': 'PA', '1': 'LATERAL', '2': 'AP', '3': 'AP'}
    drawn = Counter()
    for (one, two), count in found.items():
        drawn[positions[one], positions[two]] += count
    assert len(drawn) == 6 and all(one != two for one, two in drawn)
    assert all(is_about(count, 1 / 6) for count in drawn.values())


def test_distinct_takes_two_images_of_the_only_position():
    found = pairs(study('AP', 'AP', 'AP'), 'distinct')
    assert len(found) == 6 and all(one != two for one, two in found)
    assert all(is_about(count, 1 / 6) for count in found.values())


def test_unknown_positions_are_one_position():
    found = pairs(study('', '', 'PA'), 'distinct')
    assert set(found) == {('0', '2'), ('1', '2'), ('2', '0'), ('2', '1')}


@pytest.mark.parametrize('select', ['distinct', 'released', 'released_val', 'first'])
def test_one_image_is_taken_twice(select):
    assert set(pairs(study('PA'), select)) == {('0', '0')}


def test_more_views_than_the_study_has():
    found = pairs(study('PA', 'LATERAL', 'LATERAL'), 'distinct', num_views=5)
    for names in found:
        assert set(names[:3]) == {'0', '1', '2'}
        assert names[3:] == names[:2]
        assert '0' in names[:2]


def test_one_view_of_many():
    found = pairs(study('PA', 'LATERAL', 'LATERAL'), 'distinct', num_views=1)
    assert is_about(found['0',], 1 / 2) and is_about(found['1',], 1 / 4)


def test_first_follows_the_order_of_the_study():
    assert set(pairs(study('PA', 'PA', 'LATERAL'), 'first')) == {('0', '2')}
    assert set(pairs(study('AP', 'AP'), 'first')) == {('0', '1')}
    assert set(pairs(study('AP', 'PA'), 'first', num_views=1)) == {('0',)}


def test_released_never_mixes_three_positions():
    """One of the views is drawn; its first two images, or its one image twice."""
    found = pairs(study('PA', 'AP', 'AP', 'AP', 'LATERAL'), 'released')
    assert set(found) == {('0', '0'), ('1', '2'), ('4', '4')}
    assert all(is_about(count, 1 / 3) for count in found.values())


def test_released_ignores_two_positions():
    found = pairs(study('PA', 'PA', 'LATERAL'), 'released')
    assert len(found) == 6 and all(one != two for one, two in found)
    assert all(is_about(count, 1 / 6) for count in found.values())


def test_released_without_positions_draws_nothing():
    assert set(pairs(study('', '', ''), 'released')) == {('0', '1')}


def test_released_validation_draws_among_three_positions_only():
    assert set(pairs(study('PA', 'PA', 'LATERAL'), 'released_val')) == {('0', '1')}
    assert set(pairs(study('AP', 'AP', 'AP'), 'released_val')) == {('0', '1')}
    found = pairs(study('PA', 'AP', 'AP', 'LATERAL'), 'released_val')
    assert set(found) == {('0', '0'), ('1', '2'), ('3', '3')}


# --- the transform ---------------------------------------------------------------


@pytest.fixture
def views(tmp_path):
    """Three films of one study, (20, 24), (21, 25), (22, 26)."""
    found = []
    for i, view in enumerate(['PA', 'LATERAL', 'LATERAL']):
        pixels = np.random.default_rng(i).integers(0, 256, (20 + i, 24 + i))
        path = tmp_path / f'{i}.png'
        Image.fromarray(pixels.astype(np.uint8)).save(path)
        found.append(dict(img_path=str(path), image=f'p/{i}.png', view=view))
    return found


def multi_view(views, seed=0, transforms=PIPELINE, **options):
    np.random.seed(seed)
    transform = TRANSFORMS.build(
        dict(type='MultiView', transforms=transforms, **options)
    )
    return transform(dict(views=views, study_id='s1'))


def test_stack_and_record(views):
    results = multi_view(views)
    assert results['img'].shape == (2, 12, 12) and results['img'].dtype == np.uint8
    assert results['img_shape'] == (12, 12)
    used = [next(v for v in views if v['image'] == name) for name in results['image']]
    assert results['view'] == [v['view'] for v in used]
    assert results['img_path'] == [v['img_path'] for v in used]
    assert set(results['view']) == {'PA', 'LATERAL'}
    assert results['ori_shape'][results['view'].index('PA')] == (20, 24)
    assert results['study_id'] == 's1' and 'views' in results


def test_each_row_is_the_pipeline_on_its_film(views):
    transforms = [dict(type='LoadFilm'), dict(type='FilmResize', size=9)]
    transforms += [dict(type='FilmCenterCrop', size=9)]
    results = multi_view(views, transforms=transforms, select='first', num_views=3)
    for row, path in zip(results['img'], results['img_path'], strict=True):
        film = dict(img_path=path)
        for transform in transforms:
            film = TRANSFORMS.build(transform)(film)
        assert np.array_equal(row, film['img'])


def test_one_film_is_read_once_and_augmented_twice(views, monkeypatch):
    read = []
    real = loading.as_film
    monkeypatch.setattr(loading, 'as_film', lambda p: read.append(p) or real(p))
    results = multi_view(views[:1], num_views=3)
    assert read == [views[0]['img_path']]
    assert results['image'] == ['p/0.png'] * 3
    for one, two in pairwise(results['img']):
        assert not np.array_equal(one, two)


def test_a_step_that_writes_into_its_film_does_not_reach_the_others(views):
    class Darken:
        def __call__(self, results):
            results['img'] //= 2
            return results

    transforms = [PIPELINE[0], dict(type=Darken)]
    results = multi_view(views[:1], transforms=transforms, select='first')
    assert np.array_equal(results['img'][0], results['img'][1])


def test_same_seed_same_views(views):
    one, two = multi_view(views, seed=5), multi_view(views, seed=5)
    assert one['image'] == two['image'] and np.array_equal(one['img'], two['img'])


def test_the_study_is_left_as_it_was(views):
    before = [dict(view) for view in views]
    multi_view(views)
    assert views == before


def test_unequal_sizes(views):
    with pytest.raises(ValueError, match='close the film pipeline'):
        multi_view(views, transforms=PIPELINE[:1])


def test_study_without_images():
    with pytest.raises(ValueError, match="study 's1' has no images"):
        multi_view([])


@pytest.mark.parametrize(
    ('options', 'cause'),
    [
        (dict(select='random'), 'none of distinct, released, released_val, first'),
        (dict(select='released', num_views=3), 'for two views'),
        (dict(select='released_val', num_views=1), 'for two views'),
        (dict(num_views=0), 'at least one view'),
        (dict(transforms=[]), 'needs a film pipeline'),
    ],
)
def test_bad_options(views, options, cause):
    with pytest.raises(ValueError, match=cause):
        multi_view(views, **options)
