import pytest
import torch
from mmengine.structures import BaseDataElement

from mmcxr.models.preprocessor import FilmPreprocessor, jittered

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


# --- jitter ----------------------------------------------------------------------


def draws_of(*shape, seed=0):
    """Factors of GreyJitter's range and beyond, in both orders."""
    generator = torch.Generator().manual_seed(seed)
    jitter = 0.5 + 1.1 * torch.rand(*shape, 3, generator=generator)
    jitter[..., 2] = (jitter[..., 2] > 1).float()
    return jitter


@pytest.mark.parametrize('lead', [(40,), (9, 2)])
def test_jitter_is_that_of_the_transform_bit_for_bit(lead):
    from mmcxr.datasets.transforms.image import jitter as jitter_on_cpu

    image, jitter = films(*lead, 1, 23, 17), draws_of(*lead)
    image[0].flatten()[:256] = torch.arange(256)
    found = jittered(image, jitter)
    for film, draw, seen in zip(
        image.flatten(0, -4), jitter.flatten(0, -2), found.flatten(0, -4), strict=True
    ):
        brightness, contrast, first = draw.tolist()
        expected = jitter_on_cpu(film[0].numpy(), brightness, contrast, first > 0.5)
        assert torch.equal(seen[0], torch.from_numpy(expected))


def test_jitter_comes_with_the_batch_and_goes():
    image, jitter = films(5, 1, 8, 6), draws_of(5)
    preprocessor = FilmPreprocessor()
    inputs = preprocessor(dict(inputs=dict(image=image, jitter=jitter)))['inputs']
    assert set(inputs) == {'image'}
    assert torch.equal(inputs['image'], preprocessor.normalise(jittered(image, jitter)))
    one = preprocessor.normalise(image[3:4], jitter[3:4])
    assert torch.equal(one[0], inputs['image'][3])  # whoever is in the batch


@pytest.mark.slow
def test_fused_is_the_same_within_a_grey_level():
    image, jitter = films(6, 2, 1, 40, 30), draws_of(6, 2)
    plain, fused = FilmPreprocessor(), FilmPreprocessor(fused=True)
    assert torch.allclose(fused.normalise(image), plain.normalise(image), atol=1e-6)
    difference = fused.normalise(image, jitter) - plain.normalise(image, jitter)
    assert (difference * plain.std * 255).abs().max() < 1.01
    assert (difference.abs() > 1e-5).float().mean() < 0.01


# --- resizing ------------------------------------------------------------------------


@pytest.mark.parametrize('channels_last', [False, True])
def test_resize_after_normalising(channels_last):
    image = films(2, 3, 1, 20, 20)
    resize = dict(size=(9, 9), mode='bicubic')
    preprocessor = FilmPreprocessor(resize=resize, channels_last=channels_last)
    plain = FilmPreprocessor().normalise(image)
    flat = torch.nn.functional.interpolate(plain.flatten(0, 1), **resize)
    found = preprocessor.normalise(image)
    assert found.shape == (2, 3, 3, 9, 9)
    torch.testing.assert_close(found.flatten(0, 1), flat, rtol=0, atol=0)
