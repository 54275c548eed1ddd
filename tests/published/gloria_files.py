"""Small GLoRIA files: whole ResNets, a BERT of one layer."""

from functools import cache

import torch
from published.published_files import (
    BERT,
    bert_weights,
    perturbed,
    prefixed,
    resnet_model,
)


@cache
def small_resnet():
    from mmcxr.torchvision_schema import ensure_torchvision

    ensure_torchvision()
    from torchvision.models import resnet18

    return perturbed(resnet18(weights=None))


def gloria_file(depth: int = 50, settings: dict | None = None) -> dict:
    """What a Lightning file of GLoRIA holds; its local path always takes 1,024."""
    resnet = resnet_model() if depth == 50 else small_resnet()
    torch.manual_seed(1)
    width = BERT['hidden_size']
    weights = {k: v for k, v in resnet.state_dict().items() if k[:3] != 'fc.'}
    weights = prefixed('img_encoder.model.', weights)
    embedder = torch.nn.Linear(2048 if depth == 50 else 512, width).state_dict()
    weights |= prefixed('img_encoder.global_embedder.', embedder)
    weights['img_encoder.local_embedder.weight'] = torch.randn(width, 1024, 1, 1) / 32
    weights |= prefixed('text_encoder.model.', bert_weights())
    return dict(
        state_dict=prefixed('gloria.', weights),
        hyper_parameters=settings or {},
        epoch=3,
    )
