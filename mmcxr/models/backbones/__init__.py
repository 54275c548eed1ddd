"""Encoders the sister libraries lack."""

from .bert import BertEncoder
