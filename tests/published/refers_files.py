"""Small REFERS files: their layout around mmpretrain's own vision transformer."""

import torch
from published.published_files import bert_weights, perturbed, prefixed
from torch import nn

from mmcxr.registry import MODELS

VIT = dict(
    type='mmpretrain.VisionTransformer',
    arch=dict(embed_dims=128, num_layers=2, num_heads=2, feedforward_channels=96),
    img_size=64,
    patch_size=16,
)
_NAMES = {
    'pos_embed': 'embeddings.position_embeddings',
    'cls_token': 'embeddings.cls_token',
    'patch_embed.projection.': 'embeddings.patch_embeddings.',
    '.attn.proj.': '.attn.out.',
    '.ln1.': '.attention_norm.',
    '.ln2.': '.ffn_norm.',
    '.ffn.layers.0.0.': '.ffn.fc1.',
    '.ffn.layers.1.': '.ffn.fc2.',
}


def vit() -> nn.Module:
    model = MODELS.build(VIT)
    perturbed(model)  # returns None of mmpretrain's backbones
    return model


def refers_weights(model: nn.Module) -> dict:
    """The flat file of a transformer, as its fine-tuning reads it."""
    weights = {}
    for key, value in model.state_dict().items():
        if key.startswith('layers.'):
            key = 'encoder.layer.' + key.removeprefix('layers.')
        elif key.startswith('ln1.'):
            key = key.replace('ln1.', 'encoder.encoder_norm.')
        for ours, theirs in _NAMES.items():
            key = key.replace(ours, theirs)
        if '.attn.qkv.' in key:
            parts = zip(('query', 'key', 'value'), value.chunk(3), strict=True)
            weights |= {key.replace('qkv', part): rows for part, rows in parts}
        else:
            weights[key] = value
    return prefixed('transformer.', weights)


def pretraining_weights(model: nn.Module) -> dict:
    """What its pre-training saves under ``model``."""
    torch.manual_seed(0)
    fusion = {f'fc{n}': nn.Linear(384, 1) for n in (1, 2, 3)}
    layer = nn.TransformerDecoderLayer(64, 1, 48)
    words = nn.Embedding(19, 64).weight.detach()
    textual = nn.ModuleDict(
        dict(
            visual_projection=nn.Linear(128, 64),
            embedding=nn.ModuleDict(
                dict(positions=nn.Embedding(10, 64), layer_norm=nn.LayerNorm(64))
            ),
            transformer=nn.ModuleDict(dict(layers=nn.ModuleList([layer]))),
        )
    ).state_dict()
    textual |= {
        'embedding.words.weight': words,
        'output.weight': words,
        'output.bias': torch.zeros(19),
    }
    text = prefixed('text_encoder.', bert_weights())
    text |= prefixed('fc.', nn.Linear(64, 384).state_dict())
    return (
        prefixed('visual.vit.', refers_weights(model))
        | prefixed('fusion.', nn.ModuleDict(fusion).state_dict())
        | prefixed('contrastive_bert.', text)
        | prefixed('textual.', textual)
    )
