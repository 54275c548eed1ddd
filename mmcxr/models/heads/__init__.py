"""Heads: features in, losses or scores out."""

from .gloria_prompt_head import GLoRIAPromptHead
from .multi_label_head import MultiLabelHead
from .prompt_head import PromptHead
from .single_label_head import SingleLabelHead
