"""Encoders the sister libraries lack."""

from .bert import BertEncoder
from .masked_vit import MaskedViT
from .report_model import ReportModel
