"""Published files around timm's vision transformer: real layouts, random weights.

Transformers are timm's own, so that what they compute is known.
"""

import torch
from published.published_files import perturbed, prefixed

SMALL = dict(embed_dim=128, depth=2, num_heads=2, img_size=64)


def timm_vit(**options):
    """timm's transformer as MAE and MRM build it, perturbed, in eval mode."""
    from mmcxr.torchvision_schema import ensure_torchvision

    ensure_torchvision()
    from functools import partial

    from timm.models.vision_transformer import VisionTransformer

    norm = partial(torch.nn.LayerNorm, eps=1e-6)
    config = dict(SMALL, num_classes=0, norm_layer=norm)
    return perturbed(VisionTransformer(**{**config, **options}))


def mrm_file(vit=None, patches: int = 16, bare: bool = False) -> dict:
    """What ``MRM.pth`` holds, small: a pixel decoder of width 128, a BERT of 64."""
    weights = dict((vit or timm_vit()).state_dict())
    block = timm_vit(depth=1, num_heads=1).blocks.state_dict()
    weights |= prefixed('decoder_blocks.', block)
    torch.manual_seed(1)
    weights |= {
        'mask_token': torch.randn(1, 1, 128),
        'decoder_pos_embed': torch.randn(1, 1 + patches, 128),
    }
    parts = dict(
        decoder_embed=torch.nn.Linear(128, 128),
        decoder_norm=torch.nn.LayerNorm(128),
        decoder_pred=torch.nn.Linear(128, 32 * 32 * 3),
        bert_mlp=torch.nn.Linear(128, 64),
    )
    for name, part in parts.items():
        weights |= prefixed(f'{name}.', perturbed(part).state_dict())
    weights |= prefixed('bert_encoder.model.', masked_language_model())
    if bare:
        return weights
    return dict(model=weights, epoch=199, optimizer={}, scaler={})


def masked_language_model() -> dict:
    """As transformers 4.17 saved it: with positions, pooler, and the bias twice."""
    from transformers import BertConfig, BertForMaskedLM, BertModel

    config = BertConfig(
        vocab_size=31,
        hidden_size=64,
        num_hidden_layers=1,
        num_attention_heads=1,
        intermediate_size=48,
        max_position_embeddings=24,
        tie_word_embeddings=False,
    )
    words = perturbed(BertForMaskedLM(config)).state_dict()
    words['cls.predictions.bias'] = words['cls.predictions.decoder.bias']
    pooled = BertModel(config).pooler.state_dict()
    words |= prefixed('bert.pooler.', pooled)
    words['bert.embeddings.position_ids'] = torch.arange(24)[None]
    return words


def fine_tuned_vit(num_classes: int = 14, **options):
    """ViT-B/16 with the mean of its patches, a norm and a head."""
    size = dict(embed_dim=768, depth=12, num_heads=12, img_size=224)
    options = {**size, **options}
    return timm_vit(global_pool='avg', num_classes=num_classes, **options)
