"""Encoders the sister libraries lack."""

from .bert import BertEncoder
from .relative_position_vit import RelativePositionViT
