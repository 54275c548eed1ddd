import numpy as np
import pytest
from PIL import Image

from mmcxr.datasets.films.film import MaskError
from mmcxr.datasets.films.grey import UnreadableFilm
from mmcxr.registry import TRANSFORMS

FILM = np.arange(35, dtype=np.uint8).reshape(5, 7)


@pytest.fixture
def folder(tmp_path):
    Image.fromarray(FILM).save(tmp_path / 'film.png')
    Image.fromarray((FILM > 9).astype(np.uint8) * 255).save(tmp_path / 'mask.png')
    Image.fromarray(FILM.T > 9).save(tmp_path / 'turned.png')
    return tmp_path


def load(**results):
    return TRANSFORMS.build(dict(type='LoadFilm'))(results)


def test_load_film(folder):
    results = load(img_path=str(folder / 'film.png'))
    assert np.array_equal(results['img'], FILM)
    assert results['img_shape'] == results['ori_shape'] == (5, 7)


def test_load_film_takes_one_already_given():
    results = load(img=FILM / 255, img_path='nowhere.png')
    assert np.array_equal(results['img'], FILM)
    assert results['img_shape'] == (5, 7)


def test_load_film_names_the_file(folder):
    with pytest.raises(UnreadableFilm, match='nowhere'):
        load(img_path=str(folder / 'nowhere.png'))


def load_mask(results, **options):
    return TRANSFORMS.build(dict(type='LoadFilmMask', **options))(results)


def test_load_mask(folder):
    results = load_mask(dict(img=FILM, seg_map_path=str(folder / 'mask.png')))
    assert results['gt_seg_map'].dtype == np.uint8
    assert np.array_equal(results['gt_seg_map'], FILM > 9)
    assert results['seg_fields'] == ['gt_seg_map']


def test_no_mask_is_an_empty_mask():
    results = load_mask(dict(img=FILM, seg_map_path=''))
    assert results['gt_seg_map'].shape == FILM.shape
    assert not results['gt_seg_map'].any()


def test_second_mask(folder):
    results = load_mask(dict(img=FILM, seg_map_path='', lungs='', seg_fields=[]))
    results['lungs'] = str(folder / 'mask.png')
    results = load_mask(results, key='lungs', field='gt_lungs')
    assert results['seg_fields'] == ['gt_seg_map', 'gt_lungs']
    assert results['gt_lungs'].any() and not results['gt_seg_map'].any()


def test_mask_of_another_film(folder):
    with pytest.raises(MaskError, match='mask is 7x5 but its film is 5x7'):
        load_mask(dict(img=FILM, seg_map_path=str(folder / 'turned.png')))


def test_mask_of_a_film_that_was_resized_keeps_its_size(folder):
    results = load(img_path=str(folder / 'film.png'))
    resize = TRANSFORMS.build(dict(type='Resize', scale=(14, 14), keep_ratio=True))
    results = resize(results | dict(seg_map_path=str(folder / 'mask.png')))
    assert load_mask(dict(results))['gt_seg_map'].shape == (5, 7)
    assert load_mask(results | dict(seg_map_path=''))['gt_seg_map'].shape == (5, 7)
    with pytest.raises(MaskError, match='mask is 7x5 but its film is 5x7'):
        load_mask(results | dict(seg_map_path=str(folder / 'turned.png')))


def test_a_loader_of_the_other_kind_is_no_empty_mask():
    with pytest.raises(MaskError, match=r"f\.png: the sample has no 'seg_map_path'"):
        load_mask(dict(img=FILM, boxes=[], img_path='f.png'))
    with pytest.raises(MaskError, match="the sample has no 'boxes'; LoadFilmMask"):
        load_boxes(dict(img=FILM, seg_map_path=''))


def load_boxes(results, **options):
    return TRANSFORMS.build(dict(type='LoadBoxMask', **options))(results)


def test_load_boxes():
    results = load_boxes(dict(img=FILM, boxes=[[1, 2, 3, 2, 'Mass']]))
    expected = np.zeros((5, 7), np.uint8)
    expected[2:4, 1:4] = 1
    assert results['gt_seg_map'].dtype == np.uint8
    assert np.array_equal(results['gt_seg_map'], expected)
    assert results['seg_fields'] == ['gt_seg_map']
    results = load_boxes(results, field='gt_boxes')
    assert results['seg_fields'] == ['gt_seg_map', 'gt_boxes']


def test_boxes_are_of_the_film_as_it_was_read():
    results = dict(load(img=FILM), boxes=[[5, 4, 2, 1]])
    results = TRANSFORMS.build(dict(type='FilmResize', size=3))(results)
    assert results['img'].shape == (3, 4)
    assert load_boxes(results)['gt_seg_map'].shape == (5, 7)
