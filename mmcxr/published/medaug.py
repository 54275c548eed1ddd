"""Published MedAug files to :class:`FilmEncoder`.

https://arxiv.org/abs/2102.10663. The layout of MoCo-CXR, perhaps with queues that say
of each key its patient, study and laterality.
"""

from typing import Any

from torch import Tensor

from .ledger import ConversionError, weights_in
from .moco_cxr import (
    METADATA_QUEUES,
    convert_query_encoder,
    layout_variant,
)
from .moco_cxr import model_config as model_config

NAME = 'medaug'
VARIANTS = ('r18', 'r50')


def recognise(checkpoint: Any) -> str | None:
    """``'r18'``, ``'r50'``, ... of a file that has MedAug's queues, or None."""
    if not any(key in weights_in(checkpoint) for key in METADATA_QUEUES):
        return None
    return claim(checkpoint)


def claim(checkpoint: Any) -> str | None:
    """As :func:`recognise`, of a file that is said to be MedAug's.

    Without the queues, which files of an older version of its code may lack, nothing
    tells it from one of MoCo-CXR.
    """
    return layout_variant(weights_in(checkpoint))


def convert(checkpoint: Any) -> tuple[dict[str, Tensor], dict]:
    """State dict and ``info``; see :func:`moco_cxr.convert_query_encoder`.

    Raises:
        ConversionError: it is no such file, or keys are missing or unknown.
    """
    if claim(checkpoint) is None:
        raise ConversionError(f'{NAME}: this is no MedAug checkpoint')
    return convert_query_encoder(checkpoint, NAME)
