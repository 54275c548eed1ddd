"""Text encoder of CLIP (https://arxiv.org/abs/2103.00020), by way of transformers.

Shapes: N texts, L tokens, C channels of the transformer, D of the shared space.
"""

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmcxr.registry import MODELS


@MODELS.register_module()
class CLIPTextEncoder(BaseModule):
    """CLIP's causal transformer, one vector per text, and CLIP's projection.

    The transformers model sits at ``.clip``, so parameters are called
    ``clip.embeddings...``, ``clip.encoder...`` and ``clip.final_layer_norm...``,
    whichever release of transformers is installed.

    Args:
        config: values of a ``CLIPTextConfig``; its defaults are those of ViT-B/32:
            12 layers of 512 channels, 77 tokens, QuickGELU.
        out_channels: D; published 512.
        gradient_checkpointing: recompute each layer in the backward pass, which
            saves memory and costs a third more time.
        init_cfg: initialiser of mmengine, for example ``Pretrained`` with
            ``prefix='text_backbone.'``.
    """

    def __init__(
        self,
        config: dict | None = None,
        out_channels: int = 512,
        gradient_checkpointing: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ):
        super().__init__(init_cfg)
        from transformers import CLIPTextConfig, CLIPTextModel

        values = CLIPTextConfig(**(config or {}), attn_implementation='sdpa')
        model = CLIPTextModel(values)
        if gradient_checkpointing:
            model.gradient_checkpointing_enable(
                gradient_checkpointing_kwargs=dict(use_reentrant=False)
            )
        # transformers 4 has the transformer one level deeper.
        self.clip = getattr(model, 'text_model', model)
        # mmengine calls init_weights of every child; these are drawn already.
        self.clip.is_init = True
        self.projection = nn.Linear(values.hidden_size, out_channels, bias=False)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """One vector per text, (N, D), not normalised.

        Args:
            input_ids: (N, L) int64, padded on the right; the text vector is that of its
                end token, which has the largest id there is.
            attention_mask: unused, since attention is causal and padding comes last.
        """
        hidden = self.clip(input_ids=input_ids).last_hidden_state  # (N, L, C)
        rows = torch.arange(len(hidden), device=hidden.device)
        return self.projection(hidden[rows, input_ids.argmax(dim=1)])
