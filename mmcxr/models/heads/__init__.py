"""Heads: features in, losses or scores out."""

from .multi_label_head import MultiLabelHead
from .prompt_head import PromptHead
