"""Momentum contrast: a crop is matched with another crop of its film among many others.

MoCo v2, https://arxiv.org/abs/2003.04297; on chest films MoCo-CXR,
https://arxiv.org/abs/2010.05352.

Shapes: B films of this rank, W ranks, D channels of the projection, K entries.
"""

import torch
from mmengine.dist import get_world_size
from mmengine.structures import BaseDataElement
from torch import Tensor, nn

from mmcxr.models.losses.momentum_contrast import queue_cross_entropy, queue_logits
from mmcxr.models.parts.momentum import MomentumEncoder, encode_shuffled
from mmcxr.models.parts.queue import KeyQueue
from mmcxr.registry import MODELS

from .film_encoder import FilmEncoder
from .method import Encoded


@MODELS.register_module()
class MoCo(FilmEncoder):
    """A query encoder, its momentum copy for keys, and a queue of earlier keys.

    The moving average follows each step of the optimizer. In the released code it
    precedes each pass of keys: the same, unless a file brings two encoders that differ.

    Args:
        backbone: any image encoder.
        projection: config of the projection, with its ``out_channels``, D; published
            two layers to 128.
        queue_length: K; published 24,576.
        momentum: of the key encoder; published 0.999.
        temperature: divides the cosines; published 0.2.
        pooling: see :class:`FilmEncoder`.
        data_preprocessor: see :class:`FilmPreprocessor`.
        init_cfg: initialiser of mmengine.
    """

    def __init__(
        self,
        backbone: dict,
        projection: dict,
        queue_length: int = 24576,
        momentum: float = 0.999,
        temperature: float = 0.2,
        pooling: str = 'avg',
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        super().__init__(backbone, pooling, projection, data_preprocessor, init_cfg)
        keys = FilmEncoder(backbone, pooling, projection)
        self.key_encoder = MomentumEncoder(keys, momentum)
        self.key_encoder.copy(self)
        self.queue = KeyQueue(projection['out_channels'], queue_length)
        self.temperature = temperature
        self._pending: list[Tensor] = []
        self._register_load_state_dict_pre_hook(self._copy_in_file)

    def init_weights(self) -> None:
        """Initialise the query encoder, perhaps from a file, and copy it."""
        super().init_weights()
        self.key_encoder.copy(self)

    def encode(self, inputs: dict) -> Encoded:
        """``image_embeds`` (B, D), the queries.

        Args:
            inputs: with ``image``, float (B, 2, 3, H, W), of which the first crops
                are taken, or films (B, 3, H, W).
        """
        films = inputs['image']
        return super().encode(dict(image=films[:, 0] if films.dim() == 5 else films))

    @torch.no_grad()
    def encode_keys(self, inputs: dict) -> Tensor:
        """Keys of the second crops, (B, D), L2-normalised; without gradient.

        Raises:
            ValueError: a film does not come in two crops.
        """
        films = inputs['image']
        if films.dim() != 5 or films.shape[1] != 2:
            raise ValueError(
                f'MoCo compares two crops of a film, image (B, 2, 3, H, W), not '
                f'{tuple(films.shape)}; a MultiCrop of num_crops=2 makes them'
            )
        order = self.key_order(len(films) * get_world_size()).to(
            films.device, non_blocking=True
        )
        return encode_shuffled(self.key_encoder.module.encode_image, films[:, 1], order)

    def key_order(self, number: int) -> Tensor:
        """Permutation of the films of all ranks; it follows from the iteration."""
        generator = torch.Generator().manual_seed(self.progress.iteration)
        return torch.randperm(number, generator=generator)

    def loss(
        self,
        encoded: Encoded,
        inputs: dict,
        data_samples: list[BaseDataElement] | None = None,
    ) -> dict[str, Tensor]:
        """``loss``, and ``top1``: the share of queries that find their own key."""
        keys = self.encode_keys(inputs)
        if self.training:
            self._pending.append(keys)
        logits = queue_logits(
            encoded.image_embeds, keys, self.queue.columns, self.temperature
        )
        found = logits.detach().argmax(dim=1) == 0
        return dict(loss=queue_cross_entropy(logits), top1=found.float().mean())

    def after_update(self) -> None:
        """Move the key encoder; the keys since the last update enter the queue."""
        self.key_encoder.update_parameters(self)
        for keys in self._pending:
            self.queue.push(keys)
        self._pending.clear()

    def _copy_in_file(self, weights: dict, prefix: str, *args) -> None:
        """A file of the query encoder alone fills its copy too."""
        if any(key.startswith(f'{prefix}key_encoder.') for key in weights):
            return
        for name in self.key_encoder.module.state_dict():
            if prefix + name in weights:
                copied = weights[prefix + name]
                weights[f'{prefix}key_encoder.module.{name}'] = copied
