"""What every method of pre-training and every model that is evaluated has in common.

Shapes: B films or studies, C channels of the image encoder.
"""

from abc import abstractmethod
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from mmengine.model import BaseModel
from mmengine.structures import BaseDataElement
from torch import Tensor, nn

from mmcxr.registry import MODELS

from .encoder_spec import EncoderSpec


@dataclass
class Encoded:
    """What a method computed of a batch once, for losses, predictions and probes.

    A method fills what it has. Embeddings are one vector for each film or text, as they
    are compared; tokens are the vectors of regions, patches or words before pooling.
    """

    image_embeds: Tensor | None = None
    text_embeds: Tensor | None = None
    image_tokens: Tensor | None = None
    text_tokens: Tensor | None = None
    masks: Tensor | None = None


@dataclass(frozen=True)
class Progress:
    """How far training is, for ramps and schedules: 0 <= ``fraction`` < 1."""

    fraction: float = 0.0
    epoch: int = 0
    iteration: int = 0


class Method(BaseModel):
    """A model that encodes a batch once; the mode says what becomes of it.

    A method never asks for micro-batches, blocks of a loss or compilation: those are
    switches around it.

    Args:
        data_preprocessor: see :class:`FilmPreprocessor`.
        init_cfg: initialiser of mmengine.
    """

    def __init__(
        self,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        if isinstance(data_preprocessor, dict):
            data_preprocessor = MODELS.build(data_preprocessor)
        super().__init__(data_preprocessor, init_cfg)
        self.progress = Progress()

    def forward(
        self,
        inputs: dict,
        data_samples: list[BaseDataElement] | None = None,
        mode: str = 'tensor',
    ) -> Any:
        """Run on a prepared batch.

        Args:
            inputs: tensors of the batch, see ``encode`` of the method.
            data_samples: one per film or study; filled in mode ``'predict'``.
            mode: ``'loss'``, ``'tensor'`` or ``'predict'``.

        Returns:
            - ``'loss'``: a dict of named parts; those with ``loss`` in their name are
              summed and minimised.
            - ``'tensor'``: see ``tensor``; what was encoded, unless the method says
              otherwise.
            - ``'predict'``: the data samples, on the CPU.
        """
        if mode == 'loss':
            return self.loss(self.encode(inputs), inputs, data_samples)
        if mode == 'tensor':
            return self.tensor(inputs)
        if mode == 'predict':
            with torch.no_grad():
                return self.predict(self.encode(inputs), inputs, data_samples)
        raise ValueError(f'mode is {mode!r}; it must be loss, tensor or predict')

    @abstractmethod
    def encode(self, inputs: dict) -> Encoded:
        """What is computed of a batch once."""

    @abstractmethod
    def extract_feat(self, images: Tensor) -> Tensor:
        """The feature that is probed, normalised films (B, 3, H, W) to (B, C)."""

    def loss(
        self,
        encoded: Encoded,
        inputs: dict,
        data_samples: list[BaseDataElement] | None = None,
    ) -> dict[str, Tensor]:
        """Named parts of the loss; their mean over ranks is that of the whole batch.

        Raises:
            ValueError: the model is not one that is trained.
        """
        raise ValueError(
            f'a {type(self).__name__} is not trained: mode must be tensor or predict. '
            'To train on its encoder, take a FilmClassifier or a segmentor'
        )

    def tensor(self, inputs: dict) -> Any:
        """What mode ``'tensor'`` gives."""
        return self.encode(inputs)

    @abstractmethod
    def predict(
        self,
        encoded: Encoded,
        inputs: dict,
        data_samples: list[BaseDataElement] | None = None,
    ) -> list[BaseDataElement]:
        """Fill data samples."""

    @classmethod
    @abstractmethod
    def encoder_spec(cls, config: dict) -> EncoderSpec:
        """The image encoder of a model of this config; nothing is built."""

    def after_update(self) -> None:
        """What follows each step of the optimizer: moving averages, queues."""


def preprocessing_of(config: dict) -> dict:
    """``mean``, ``std`` and ``resize`` of a method's config, where it has them."""
    preprocessor = config.get('data_preprocessor') or {}
    names = ('mean', 'std', 'resize')
    return {name: preprocessor[name] for name in names if name in preprocessor}


def backbone_spec(config: dict) -> EncoderSpec:
    """The encoder of a config that calls it ``backbone``."""
    return EncoderSpec(
        backbone=deepcopy(dict(config['backbone'])),
        pooling=config.get('pooling', 'avg'),
        preprocessing=preprocessing_of(config),
    )
