"""Small published checkpoints: real layouts, with random weights.

Image encoders have their full size, since their layout depends on it; the BERT is
of one layer.
"""

from functools import cache

import torch

BERT = dict(
    vocab_size=31,
    hidden_size=64,
    num_hidden_layers=1,
    num_attention_heads=1,
    intermediate_size=48,
    max_position_embeddings=24,
)
# Parts of a Swin block in transformers 5, and what they were in transformers 4.
SWIN_4 = {
    'attention.q_proj': 'attention.self.query',
    'attention.k_proj': 'attention.self.key',
    'attention.v_proj': 'attention.self.value',
    'attention.o_proj': 'attention.output.dense',
    'attention.relative_position_bias.': 'attention.self.',
    'mlp.fc1': 'intermediate.dense',
    'mlp.fc2': 'output.dense',
}
DATA = {
    'm': ['mimic_cxr'],
    'mc': ['mimic_cxr', 'chexpert'],
    'mcc': ['mimic_cxr', 'chexpert', 'chest14'],
}


def perturbed(module: torch.nn.Module) -> torch.nn.Module:
    """``module`` in eval mode, with no two channels alike, norms and biases too."""
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return module.eval()


@cache
def swin_model():
    """transformers' Swin-Tiny, the encoder of the published files."""
    from transformers import SwinConfig, SwinModel

    return perturbed(SwinModel(SwinConfig(), add_pooling_layer=False))


@cache
def bert_model():
    from transformers import BertConfig, BertModel

    return perturbed(BertModel(BertConfig(**BERT), add_pooling_layer=True))


@cache
def resnet_model():
    from mmcxr.torchvision_schema import ensure_torchvision

    ensure_torchvision()
    from torchvision.models import resnet50

    return perturbed(resnet50(weights=None))


def swin_weights(generation: int) -> dict:
    """Keys of transformers 4 or 5, whichever is installed."""
    weights = swin_model().state_dict()
    current = {}
    for key, value in weights.items():
        for new, old in SWIN_4.items():
            key = key.replace(old, new) if generation == 5 else key.replace(new, old)
        current[key] = value
    if generation == 4:
        tables = [key for key in current if key.endswith('position_bias_table')]
        for key in tables:
            index = key.replace('bias_table', 'index')
            current[index] = torch.zeros(49, 49, dtype=torch.int64)
    return current


def resnet_weights(classifier: bool = False) -> dict:
    weights = resnet_model().state_dict()
    return {k: v for k, v in weights.items() if classifier or k[:3] != 'fc.'}


def bert_weights() -> dict:
    """As transformers saved it before 4.31, with the positions."""
    positions = torch.arange(BERT['max_position_embeddings'])[None]
    return {'embeddings.position_ids': positions, **bert_model().state_dict()}


def image_weights(backbone: str, generation: int = 4) -> dict:
    if backbone == 'r50':
        return prefixed('image_encoder.resnet.', resnet_weights())
    return prefixed('image_encoder.image_encoder.', swin_weights(generation))


def cxr_clip_file(
    backbone: str = 'r50', mix: str = 'm', generation: int = 4, kind: str = 'linear'
) -> dict:
    """What a CXR-CLIP file of pre-training holds."""
    weights = image_weights(backbone, generation)
    weights |= prefixed('text_encoder.text_encoder.', bert_weights())
    torch.manual_seed(1)
    widths = dict(image_projection=2048 if backbone == 'r50' else 768)
    for side, width in dict(widths, text_projection=BERT['hidden_size']).items():
        parts = {'projection': torch.nn.Linear(width, 16)}
        if kind == 'mlp':
            parts |= dict(fc=torch.nn.Linear(16, 16), layer_norm=torch.nn.LayerNorm(16))
        for name, part in parts.items():
            weights |= prefixed(f'{side}.{name}.', part.state_dict())
    weights['logit_scale'] = torch.tensor(2.5)
    config = dict(
        base=dict(image_size=224, text_max_length=20),
        data_train={name: dict(data_type='imagetext') for name in DATA[mix]},
        model=dict(name='clip_custom', text_encoder=dict(pooling='eos')),
        loss=dict(cxr_clip=dict(i2i_weight=0.75, t2t_weight=0.25)),
    )
    return dict(model=weights, optimizer={}, config=config, epoch=15, train_loss=0.5)


def fine_tuned_file(backbone: str = 'r50', num_classes: int = 3) -> dict:
    """What CXR-CLIP's fine-tuning writes."""
    width = 2048 if backbone == 'r50' else 768
    head = torch.nn.Linear(width, num_classes).state_dict()
    weights = image_weights(backbone)
    weights |= prefixed('classifier.classification_head.', head)
    return dict(model=weights, config=dict(base=dict(image_size=224)), epoch=30)


def prefixed(prefix: str, weights: dict) -> dict:
    return {prefix + key: value for key, value in weights.items()}
