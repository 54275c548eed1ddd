"""From uint8 films to normalised floats, on the device."""

from collections.abc import Sequence

import torch
from mmengine.model import BaseDataPreprocessor
from torch import Tensor, nn

from mmcxr.registry import MODELS


@MODELS.register_module()
class FilmPreprocessor(BaseDataPreprocessor):
    """Move a batch to the device, jitter, replicate the channel and normalise.

    One byte per pixel crosses to the device. The result equals torchvision's
    ``ToTensor`` followed by ``Normalize``, bit for bit; jitter is that of
    ``GreyJitter``, by draws that come with each film. Data samples stay on the
    CPU: they are small, many, and read there.

    Args:
        mean: of three channels, in units of 0 to 1; the default is ImageNet's
            (published CXR-CLIP ResNet; its Swin has 0.5 in all channels).
        std: likewise.
        channels_last: lay images out as NHWC, which convolutions in half
            precision on a GPU prefer.
        non_blocking: copy pinned memory without waiting.
        fused: compile what happens on the device into one pass over the pixels. It
            takes seconds at the first batch and anew at another size of films.
            Jitter may then differ by a grey level, where rounding is a tie.
        resize: arguments of ``torch.nn.functional.interpolate``, by which normalised
            films are brought to the size the encoder takes: CheXzero goes from 320 to
            224 pixels by ``dict(size=(224, 224), mode='bicubic')``, without antialias.
    """

    def __init__(
        self,
        mean: Sequence[float] = (0.485, 0.456, 0.406),
        std: Sequence[float] = (0.229, 0.224, 0.225),
        channels_last: bool = False,
        non_blocking: bool = True,
        fused: bool = False,
        resize: dict | None = None,
    ):
        super().__init__(non_blocking)
        if len(mean) != 3 or len(std) != 3:
            raise ValueError(f'mean and std need three values each: {mean}, {std}')
        self.channels_last = channels_last
        self.resize = resize
        self.register_buffer('mean', torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer('std', torch.tensor(std).view(3, 1, 1), persistent=False)
        self._prepare = torch.compile(prepare) if fused else prepare

    def forward(self, data: dict, training: bool = False) -> dict:
        """Prepare one collated batch.

        Args:
            data: ``inputs``, a dict with ``image`` uint8 (B, 1, H, W) or
                (B, V, 1, H, W), perhaps ``jitter`` (B, 3) or (B, V, 3); or ``crops``,
                a list with films (B, V, 1, H, W) of one size each, perhaps
                ``crop_jitter``, a list of (B, V, 3); and whatever else the model
                takes (``input_ids``, ``attention_mask``). ``data_samples``, handed on
                as they are.
            training: unused; both ways are the same.

        Returns:
            The same without jitter, and with ``image``, and each of ``crops``, float32
            (B, 3, H, W) or (B, V, 3, H, W).

        Raises:
            TypeError: images are not uint8.
            ValueError: ``resize`` has a size, and there are several groups of crops.
        """
        inputs = self.cast_data(data['inputs'])
        if 'image' in inputs:
            jitter = inputs.pop('jitter', None)
            inputs['image'] = self.normalise(inputs['image'], jitter)
        if 'crops' in inputs:
            crops = inputs['crops']
            if 'size' in (self.resize or {}) and len(crops) > 1:
                raise ValueError(
                    f'resize={self.resize} would bring crops of all groups to one '
                    'size; leave it out, and let each group end in its own'
                )
            jitter = inputs.pop('crop_jitter', [None] * len(crops))
            inputs['crops'] = list(map(self.normalise, crops, jitter))
        return dict(inputs=inputs, data_samples=data.get('data_samples'))

    def normalise(self, image: Tensor, jitter: Tensor | None = None) -> Tensor:
        """(..., 1, H, W) uint8 to (..., 3, H, W) float32.

        Args:
            image: films.
            jitter: (..., 3) draws of ``GreyJitter``, a row for each film.
        """
        if image.dtype != torch.uint8:
            raise TypeError(
                f'films travel as uint8 and are normalised here, but a batch of '
                f'{image.dtype} came; leave normalisation out of the pipeline'
            )
        image = self._prepare(image, jitter, self.mean, self.std)
        if self.resize is None and not self.channels_last:
            return image
        lead = image.shape[:-3]
        image = image.flatten(0, -4)
        if self.resize is not None:
            image = nn.functional.interpolate(image, **self.resize)
        if self.channels_last:
            image = image.contiguous(memory_format=torch.channels_last)
        return image.unflatten(0, lead)


def prepare(image: Tensor, jitter: Tensor | None, mean: Tensor, std: Tensor) -> Tensor:
    """Jitter and normalise; see :meth:`FilmPreprocessor.normalise`."""
    if jitter is not None:
        image = jittered(image, jitter)
    return (image.to(torch.float32).div_(255) - mean).div_(std)


def jittered(image: Tensor, jitter: Tensor) -> Tensor:
    """Scale brightness and contrast of films with PIL's arithmetic.

    Args:
        image: (..., 1, H, W) uint8.
        jitter: (..., 3) float32 for each film: factor of every value, factor of the
            distance to the rounded mean, and 1 where brightness comes first, else 0.

    Returns:
        As ``image``.
    """
    brightness, contrast, first = jitter[..., None, None, None].unbind(-4)
    first = first > 0.5
    nothing = torch.zeros_like(brightness)
    image = _blended(
        image,
        torch.where(first, nothing, _rounded_mean(image)),
        torch.where(first, brightness, contrast),
    )
    return _blended(
        image,
        torch.where(first, _rounded_mean(image), nothing),
        torch.where(first, contrast, brightness),
    )


def _rounded_mean(image: Tensor) -> Tensor:
    """(..., 1, 1, 1) float32, halves rounded up; summed in whole numbers."""
    number = image.shape[-1] * image.shape[-2]
    total = image.sum((-3, -2, -1), dtype=torch.int64, keepdim=True)
    return ((2 * total + number) // (2 * number)).to(torch.float32)


def _blended(image: Tensor, centre: Tensor, factor: Tensor) -> Tensor:
    """Move values towards (factor < 1) or away from ``centre``; fractions drop."""
    moved = centre + factor * (image.to(torch.float32) - centre)
    return moved.clamp(0, 255).to(torch.uint8)
