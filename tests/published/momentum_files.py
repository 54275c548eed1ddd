"""Small files of momentum contrast and ConVIRT: real layouts, random weights."""

from functools import cache

import torch
from published.published_files import bert_weights, perturbed, prefixed, resnet_weights
from torch import nn


@cache
def encoder(name: str) -> nn.Module:
    """torchvision's encoder in eval mode, without its classifier."""
    from mmcxr.torchvision_schema import ensure_torchvision

    ensure_torchvision()
    from torchvision import models

    model = perturbed(getattr(models, name)(weights=None))
    setattr(model, 'classifier' if 'dense' in name else 'fc', nn.Identity())
    return model


def two_layers(width: int, out: int, seed: int = 0) -> dict:
    torch.manual_seed(seed)
    layers = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, out))
    return layers.state_dict()


def query_weights(name: str, head: bool = True) -> dict:
    """An encoder with MoCo's head, as its own keys."""
    weights = dict(encoder(name).state_dict())
    dense = 'dense' in name
    width = 1024 if dense else 512 if name == 'resnet18' else 2048
    if head:
        weights |= prefixed('classifier.' if dense else 'fc.', two_layers(width, 8))
    return weights


def s2mts2_weights(group: bool = True) -> dict:
    weights = dict(encoder('densenet121').state_dict())
    torch.manual_seed(3)
    weights |= prefixed('classifier.', nn.Linear(1024, 1024).state_dict())
    if group:
        weights |= prefixed('classifier_group.', two_layers(1024, 8))
    return weights


def momentum_file(query: dict, module: bool = True, medaug: bool = False) -> dict:
    """What MoCo's training saves."""
    weights = {'queue': torch.zeros(8, 12), 'queue_ptr': torch.zeros(1).long()}
    if medaug:
        weights |= {f'queue_{part}': -torch.ones(12) for part in ('id', 'study', 'lat')}
    weights |= prefixed('encoder_q.', query) | prefixed('encoder_k.', query)
    weights = prefixed('module.', weights) if module else weights
    optimizer = dict(state={}, param_groups=[dict(lr=1e-4, params=[0])])
    return dict(epoch=20, arch='r', state_dict=weights, optimizer=optimizer)


def convirt_file(**config) -> dict:
    """What ConVIRT's trainer saves."""
    return dict(
        image_encoder=resnet_weights(),
        text_encoder=prefixed('bert_model.', bert_weights()),
        image_proj=two_layers(2048, 16),
        text_proj=two_layers(64, 16, seed=1),
        config=dict(dict(pool='max', biloss=True, t1=0.1, t2=0.2), **config),
    )
