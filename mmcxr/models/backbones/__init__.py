"""Encoders the sister libraries lack."""

from .bert import BertEncoder
from .frozen_encoder import FrozenEncoder
