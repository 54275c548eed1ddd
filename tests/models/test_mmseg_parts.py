"""What our segmentation configs take for granted of mmsegmentation."""

from types import SimpleNamespace

import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmcxr.registry import MODELS

MEAN, STD = 126.939, 62.4495


def preprocessor():
    sizes = dict(size=(16, 16), test_cfg=dict(size=(16, 16)))
    kind = 'mmseg.SegDataPreProcessor'
    return MODELS.build(dict(type=kind, mean=[MEAN] * 3, std=[STD] * 3, **sizes))


def sample(shape):
    mask = torch.ones(1, *shape, dtype=torch.int64)
    facts = dict(ori_shape=(20, 24), img_shape=shape, image='a.png')
    return SegDataSample(gt_sem_seg=PixelData(data=mask), metainfo=facts)


def test_one_channel_of_bytes_becomes_three_normalised_ones():
    film = torch.arange(13 * 16, dtype=torch.uint8).view(1, 13, 16)
    for training in (True, False):
        data = dict(inputs=[film], data_samples=[sample((13, 16))])
        data = preprocessor().forward(data, training)
        image = data['inputs']
        assert image.shape == (1, 3, 16, 16) and image.dtype == torch.float32
        expected = (film.float() - MEAN) / STD
        torch.testing.assert_close(image[0, :, :13], expected.expand(3, -1, -1))
        assert not image[:, :, 13:].any()
        mask = data['data_samples'][0].gt_sem_seg.data
        if training:
            assert (mask[:, :13] == 1).all() and (mask[:, 13:] == 255).all()
        else:
            assert mask.shape == (1, 13, 16)


def test_films_of_several_sizes_make_a_training_batch():
    shapes = [(13, 16), (16, 9)]
    films = [torch.full((1, *shape), 200, dtype=torch.uint8) for shape in shapes]
    data = dict(inputs=films, data_samples=[sample(shape) for shape in shapes])
    data = preprocessor().forward(data, training=True)
    labelled = [s.gt_sem_seg.data != 255 for s in data['data_samples']]
    assert torch.equal(data['inputs'][:, :1] != 0, torch.stack(labelled))
    assert [s.metainfo['image'] for s in data['data_samples']] == ['a.png'] * 2


def test_predictions_lose_the_padding_and_gain_the_size_of_the_file():
    film = torch.zeros(1, 13, 16, dtype=torch.uint8)
    data = dict(inputs=[film], data_samples=[sample((13, 16))])
    data = preprocessor().forward(data)
    logits = torch.zeros(1, 2, 16, 16)
    logits[:, 1] = -1
    logits[:, 1, 13:] = 5  # what it says of the padding
    logits[:, 1, :, :8] += 3
    segmentor = SimpleNamespace(align_corners=False)
    postprocess = MODELS.get('mmseg.EncoderDecoder').postprocess_result
    (found,) = postprocess(segmentor, logits, data['data_samples'])
    expected = torch.zeros(1, 20, 24, dtype=torch.int64)
    expected[..., :12] = 1
    assert torch.equal(found.pred_sem_seg.data, expected)
    assert found.seg_logits.data.shape == (2, 20, 24)
