import pytest
import torch
from mmengine.structures import BaseDataElement

from mmcxr.models.preprocessor import FilmPreprocessor

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def films(*shape):
    generator = torch.Generator().manual_seed(3)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)


@pytest.mark.parametrize(('mean', 'std'), [(MEAN, STD), ((0.5,) * 3, (0.5,) * 3)])
def test_equals_torchvision_bit_for_bit(mean, std):
    from PIL import Image
    from torchvision import transforms

    image = films(2, 1, 16, 16)
    image[0, 0] = torch.arange(256).view(16, 16)  # every grey level
    reference = transforms.Compose(
        [transforms.ToTensor(), transforms.Normalize(mean, std)]
    )
    expected = torch.stack(
        [reference(Image.fromarray(i[0].numpy()).convert('RGB')) for i in image]
    )
    data = FilmPreprocessor(mean, std)(dict(inputs=dict(image=image)))
    assert torch.equal(data['inputs']['image'], expected)


def test_views_and_tokens_pass():
    samples = [BaseDataElement(gt_label=torch.zeros(3)) for _ in range(5)]
    ids = torch.arange(5 * 2 * 7).view(5, 2, 7)
    image = films(5, 3, 1, 8, 6)
    inputs = dict(image=image, input_ids=ids, attention_mask=ids > 3)
    data = FilmPreprocessor()(dict(inputs=inputs, data_samples=samples))
    assert data['inputs']['image'].shape == (5, 3, 3, 8, 6)
    assert torch.equal(data['inputs']['input_ids'], ids)
    assert data['data_samples'] is samples
    assert inputs['image'].dtype == torch.uint8  # the caller's batch is left alone


@pytest.mark.parametrize('shape', [(4, 1, 8, 6), (4, 2, 1, 8, 6)])
def test_channels_last_changes_layout_only(shape):
    image = films(*shape)
    plain = FilmPreprocessor().normalise(image)
    last = FilmPreprocessor(channels_last=True).normalise(image)
    assert torch.equal(plain, last)
    flat = last.flatten(0, -4)
    assert flat.is_contiguous(memory_format=torch.channels_last)
    assert flat.data_ptr() == last.data_ptr()


def test_texts_alone_pass():
    data = FilmPreprocessor()(dict(inputs=dict(input_ids=torch.ones(2, 4))))
    assert set(data['inputs']) == {'input_ids'}


def test_floats_are_refused():
    with pytest.raises(TypeError, match='uint8'):
        FilmPreprocessor().normalise(torch.rand(2, 1, 4, 4))


def test_three_values_are_needed():
    with pytest.raises(ValueError, match='three values'):
        FilmPreprocessor(mean=(0.5,), std=(0.5,))


def test_constants_are_not_weights():
    assert not FilmPreprocessor().state_dict()
