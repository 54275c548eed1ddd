"""Small CLIP files in OpenAI's layout, and transformers' model of the same weights."""

from functools import cache

import torch
from published.published_files import perturbed

TEXT = dict(
    vocab_size=49408,
    hidden_size=64,
    num_hidden_layers=2,
    num_attention_heads=1,
    intermediate_size=48,
    max_position_embeddings=77,
)
IMAGE = dict(
    hidden_size=128,
    num_hidden_layers=3,
    num_attention_heads=2,
    intermediate_size=80,
    image_size=64,
    patch_size=16,
)
_TOWERS = {'visual.': 'vision_model.', '': 'text_model.'}
_BLOCK = {
    'ln_1': 'layer_norm1',
    'ln_2': 'layer_norm2',
    'attn.out_proj': 'self_attn.out_proj',
    'mlp.c_fc': 'mlp.fc1',
    'mlp.c_proj': 'mlp.fc2',
}


@cache
def clip_model():
    """transformers' CLIP with a vector space of 32."""
    from transformers import CLIPConfig, CLIPModel

    config = CLIPConfig(text_config=TEXT, vision_config=IMAGE, projection_dim=32)
    return perturbed(CLIPModel(config))


def clip_file() -> dict:
    """The flat state dict of OpenAI's code."""
    weights = clip_model().state_dict()
    file = {
        'logit_scale': weights['logit_scale'],
        'positional_embedding': weights[
            'text_model.embeddings.position_embedding.weight'
        ],
        'token_embedding.weight': weights[
            'text_model.embeddings.token_embedding.weight'
        ],
        'text_projection': weights['text_projection.weight'].T,
        'visual.proj': weights['visual_projection.weight'].T,
    }
    image = 'vision_model.embeddings.'
    file['visual.class_embedding'] = weights[f'{image}class_embedding']
    file['visual.conv1.weight'] = weights[f'{image}patch_embedding.weight']
    positions = weights[f'{image}position_embedding.weight']
    file['visual.positional_embedding'] = positions
    for leaf in ('weight', 'bias'):
        for new, old in (
            ('visual.ln_pre', 'vision_model.pre_layrnorm'),
            ('visual.ln_post', 'vision_model.post_layernorm'),
            ('ln_final', 'text_model.final_layer_norm'),
        ):
            file[f'{new}.{leaf}'] = weights[f'{old}.{leaf}']
        for new, old in _TOWERS.items():
            for number in range(3 if new else 2):
                theirs = f'{old}encoder.layers.{number}.'
                ours = f'{new}transformer.resblocks.{number}.'
                parts = [
                    weights[f'{theirs}self_attn.{part}_proj.{leaf}'] for part in 'qkv'
                ]
                file[f'{ours}attn.in_proj_{leaf}'] = torch.cat(parts)
                for ours_part, part in _BLOCK.items():
                    file[f'{ours}{ours_part}.{leaf}'] = weights[
                        f'{theirs}{part}.{leaf}'
                    ]
    return {key: value.clone() for key, value in file.items()}
