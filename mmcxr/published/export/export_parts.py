"""What of a checkpoint other libraries may take."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from mmcxr.published.ledger import ConversionError


@dataclass(frozen=True)
class Parts:
    """Weights by our names, each without the prefix of its part.

    Args:
        encoder: of the image encoder.
        head: of a fine-tuned model's head: ``norm.*`` and ``fc.*``, or nothing.
        text: of CLIP's text encoder, or nothing.
        logit_scale: logarithm of CLIP's scale, or None.
        classes: what the head tells apart.
        activation: of a CLIP.
    """

    encoder: Mapping[str, Tensor]
    head: Mapping[str, Tensor]
    text: Mapping[str, Tensor]
    logit_scale: Tensor | None
    classes: tuple[str, ...]
    activation: str

    def linear_head(self) -> dict[str, Tensor]:
        """``weight`` and ``bias`` of a head that is one linear layer, or nothing.

        Raises:
            ConversionError: there is a norm before it.
        """
        if any(key.startswith('norm.') for key in self.head):
            raise ConversionError(
                'this classifier has a norm between the pooling and the linear layer, '
                'for which the library has no place'
            )
        return {key.removeprefix('fc.'): value for key, value in self.head.items()}

    def projected_head(self) -> dict[str, Tensor]:
        """The head on CLIP's projection as one linear layer on the class token.

        Without a head it is the projection itself, with a bias of zeros; nothing where
        the encoder has none.
        """
        head = self.linear_head()
        projection = self.encoder.get('projection.weight')
        if projection is None:
            return head
        if head:
            return dict(weight=head['weight'] @ projection, bias=head['bias'])
        return dict(weight=projection, bias=torch.zeros_like(projection[:, 0]))

    def without_projection(self) -> dict[str, Tensor]:
        """The encoder up to its class token."""
        return {k: v for k, v in self.encoder.items() if k != 'projection.weight'}

    def meta(self) -> dict:
        """Names of the classes as mmpretrain keeps them."""
        if self.head and self.classes:
            return dict(dataset_meta=dict(classes=list(self.classes)))
        return {}
