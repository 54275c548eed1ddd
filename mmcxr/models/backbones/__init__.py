"""Encoders the sister libraries lack."""

from .bert import BertEncoder
from .clip_text import CLIPTextEncoder
from .clip_vit import CLIPViT
from .frozen_encoder import FrozenEncoder
from .fusion_bert import FusionBert
from .masked_vit import MaskedViT
from .relative_position_vit import RelativePositionViT
from .report_model import ReportModel
