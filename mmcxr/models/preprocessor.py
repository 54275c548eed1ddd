"""From uint8 films to normalised floats, on the device."""

from collections.abc import Sequence

import torch
from mmengine.model import BaseDataPreprocessor
from torch import Tensor

from mmcxr.registry import MODELS


@MODELS.register_module()
class FilmPreprocessor(BaseDataPreprocessor):
    """Move a batch to the device, replicate the channel and normalise.

    One byte per pixel crosses to the device. The result equals torchvision's
    ``ToTensor`` followed by ``Normalize``, bit for bit. Data samples stay on the
    CPU: they are small, many, and read there.

    Args:
        mean: of three channels, in units of 0 to 1; the default is ImageNet's
            (published CXR-CLIP ResNet; its Swin has 0.5 in all channels).
        std: likewise.
        channels_last: lay images out as NHWC, which convolutions in half
            precision on a GPU prefer.
        non_blocking: copy pinned memory without waiting.
    """

    def __init__(
        self,
        mean: Sequence[float] = (0.485, 0.456, 0.406),
        std: Sequence[float] = (0.229, 0.224, 0.225),
        channels_last: bool = False,
        non_blocking: bool = True,
    ):
        super().__init__(non_blocking)
        if len(mean) != 3 or len(std) != 3:
            raise ValueError(f'mean and std need three values each: {mean}, {std}')
        self.channels_last = channels_last
        self.register_buffer('mean', torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer('std', torch.tensor(std).view(3, 1, 1), persistent=False)

    def forward(self, data: dict, training: bool = False) -> dict:
        """Prepare one collated batch.

        Args:
            data: ``inputs``, a dict with ``image`` uint8 (B, 1, H, W) or
                (B, V, 1, H, W) and whatever else the model takes (``input_ids``,
                ``attention_mask``); ``data_samples``, handed on as they are.
            training: unused; both ways are the same.

        Returns:
            The same, with ``image`` float32 (B, 3, H, W) or (B, V, 3, H, W).

        Raises:
            TypeError: images are not uint8.
        """
        inputs = self.cast_data(data['inputs'])
        if 'image' in inputs:
            inputs['image'] = self.normalise(inputs['image'])
        return dict(inputs=inputs, data_samples=data.get('data_samples'))

    def normalise(self, image: Tensor) -> Tensor:
        """(..., 1, H, W) uint8 to (..., 3, H, W) float32."""
        if image.dtype != torch.uint8:
            raise TypeError(
                f'films travel as uint8 and are normalised here, but a batch of '
                f'{image.dtype} came; leave normalisation out of the pipeline'
            )
        image = (image.to(torch.float32).div_(255) - self.mean).div_(self.std)
        if not self.channels_last:
            return image
        lead = image.shape[:-3]
        image = image.flatten(0, -4).contiguous(memory_format=torch.channels_last)
        return image.unflatten(0, lead)
