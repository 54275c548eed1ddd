import numpy as np
import pytest
import torch

from mmcxr.datasets.transforms.formatting import PackFilm, PackStudy
from mmcxr.registry import TRANSFORMS

FACTS = dict(
    dataset='tiny', patient_id='007', study_id='s1', image='a.png', view='PA',
    img_path='/x/a.png', ori_shape=(9, 7), img_shape=(5, 3), sample_idx=4,
)  # fmt: skip


def film(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def test_film():
    image, label = film(5, 3), np.float32([1, np.nan, -1])
    results = dict(FACTS, img=image, gt_label=label, sections={'findings': 'x'})
    packed = TRANSFORMS.build(dict(type='PackFilm'))(results)
    assert list(packed['inputs']) == ['image']
    assert packed['inputs']['image'].shape == (1, 5, 3)
    assert packed['inputs']['image'].dtype == torch.uint8
    np.testing.assert_array_equal(packed['inputs']['image'][0], image)
    sample = packed['data_samples']
    assert {key: sample.get(key) for key in FACTS} == FACTS
    np.testing.assert_array_equal(sample.gt_label, label)
    assert sample.gt_label.dtype == torch.float32 and 'sections' not in sample
    assert sample.to_dict()['patient_id'] == '007'


def test_study():
    results = dict(
        FACTS,
        img=film(2, 5, 3),
        texts=['one', 'two words'],
        input_ids=[np.array([2, 9, 3]), [2, 9, 8, 3]],
        image=['a.png', 'b.png'],
    )
    packed = PackStudy()(results)
    assert packed['inputs']['image'].shape == (2, 1, 5, 3)
    ids = packed['inputs']['input_ids']
    assert [i.tolist() for i in ids] == [[2, 9, 3], [2, 9, 8, 3]]
    assert all(i.dtype == torch.int64 for i in ids)
    sample = packed['data_samples']
    assert sample.texts == ['one', 'two words'] and sample.image == ['a.png', 'b.png']
    assert 'gt_label' not in sample


def test_study_of_one_film_without_texts():
    packed = PackStudy()(dict(FACTS, img=film(5, 3), gt_label=[0, 1]))
    assert packed['inputs']['image'].shape == (1, 5, 3)
    assert 'input_ids' not in packed['inputs']
    assert packed['data_samples'].gt_label.tolist() == [0, 1]


def test_masked_study():
    noise = np.float64([0.25, 0.5])
    ids = dict(input_ids=[[2, 3]], target_ids=[np.array([2, 9])], patch_noise=noise)
    inputs = PackStudy()(dict(FACTS, img=film(5, 3), **ids))['inputs']
    assert list(inputs) == ['image', 'input_ids', 'target_ids', 'patch_noise']
    assert inputs['target_ids'][0].tolist() == [2, 9]
    assert inputs['target_ids'][0].dtype == torch.int64
    noise[:] = 0
    assert inputs['patch_noise'].tolist() == [0.25, 0.5]
    assert inputs['patch_noise'].dtype == torch.float32


def test_tensors_own_their_memory():
    image, ids, label = film(6, 6), np.array([1, 2]), np.float32([1])
    results = dict(img=image[::2, ::-1], input_ids=[ids], gt_label=label)
    packed = PackStudy()(results)
    ids[:] = label[:] = 0
    assert packed['inputs']['input_ids'][0].tolist() == [1, 2]
    assert packed['data_samples'].gt_label.tolist() == [1]
    np.testing.assert_array_equal(packed['inputs']['image'][0], image[::2, ::-1])


def test_meta_keys():
    results = dict(FACTS, img=film(2, 2), extra=3)
    sample = PackFilm(meta_keys=['extra', 'absent'])(results)['data_samples']
    assert sample.extra == 3 and list(sample.metainfo_keys()) == ['extra']


@pytest.mark.parametrize('transform', [PackFilm(), PackStudy()])
def test_other_pixels_are_refused(transform):
    for image in (film(4, 4).astype(np.float32), film(4, 4, 3, 1), film(4)):
        with pytest.raises(ValueError, match="'a.png' is (float32|uint8) .*LoadFilm"):
            transform(dict(FACTS, img=image))


def test_film_of_a_stack_is_refused():
    with pytest.raises(ValueError, match='PackStudy packs a stack'):
        PackFilm()(dict(FACTS, img=film(2, 4, 4)))


def test_repr():
    assert repr(PackFilm(['a'])) == "PackFilm(meta_keys=('a',))"
    assert repr(PackStudy(['a'])) == "PackStudy(meta_keys=('a',))"
