"""What a checkpoint file is, from its content alone."""

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mmcxr.engine.checkpoint import CheckpointError, file_digest, load_checkpoint_file
from mmcxr.engine.publishing import class_names
from mmcxr.published import (
    CONVERTERS,
    ENCODERS,
    ConversionError,
    convert,
    probable_system,
    recognise,
    weights_in,
)
from mmcxr.registry import MODELS

from .published import PUBLISHED


def inspect_checkpoint(path: str | Path) -> dict:
    """Tell what a file is, whether it is whole, and how to load it.

    Nothing of the file is run. Whether a published system is whole is found by
    converting it and comparing with the model it describes, without its memory.

    Returns:
        - ``file``, ``bytes``, ``sha256`` (None of a folder);
        - ``readable``, and ``problem``, why it cannot be used, or None;
        - ``kind``: ``'published'``, ``'encoder'``, ``'ours'``, ``'unknown'`` or
          ``'unreadable'``; ``system``, ``variant``;
        - ``tensors``, ``parameters`` (numbers in them), ``precision`` (dtype to
          tensors);
        - ``container``: ``under`` (where the weights lie), ``prefix`` and ``beside``
          (what lies next to them);
        - ``mapped``: entries that have a place in the model; ``dropped``: entries that
          have none, with the reason; ``missing``, ``foreign`` and ``misshapen``;
        - ``coverage``: share of the model's entries that the file fills, or None;
        - ``load``: the call that loads it, or None; ``also``: what else it could be.

    Raises:
        FileNotFoundError: there is no such file.
    """
    path = Path(path)
    found = dict(
        file=str(path), readable=True, problem=None, kind='unknown', system=None,
        variant=None, tensors=0, parameters=0, precision={}, container=None, mapped=0,
        dropped={}, missing=[], foreign=[], misshapen=[], coverage=None, load=None,
        also=[], bytes=None, sha256=None,
    )  # fmt: skip
    if path.is_file():
        found |= dict(bytes=path.stat().st_size, sha256=file_digest(path))
    try:
        content = load_checkpoint_file(path)
    except CheckpointError as error:
        return found | dict(readable=False, kind='unreadable', problem=str(error))
    weights = _weights(content)
    found |= _numbers(weights) | dict(container=_container(content))
    if not weights:
        return found | dict(problem='it holds no state dict')
    return found | _identified(content, weights, str(path))


def _weights(content: Any) -> dict[str, Tensor]:
    """The state dict of a file, or the several that some hold, by their names."""
    weights = weights_in(content)
    if weights or not isinstance(content, Mapping):
        return weights
    return {
        f'{name}.{key}': value
        for name, part in content.items()
        for key, value in weights_in(part).items()
    }


def _numbers(weights: Mapping[str, Tensor]) -> dict:
    kinds = Counter(str(w.dtype).removeprefix('torch.') for w in weights.values())
    total = sum(w.numel() for w in weights.values() if w.is_floating_point())
    return dict(
        tensors=len(weights), parameters=total, precision=dict(kinds.most_common())
    )


def _container(content: Any) -> dict:
    """Where the weights lie, and what lies beside them."""
    if not isinstance(content, Mapping):
        return dict(under=None, prefix='', beside={})
    places = ('state_dict', 'model')  # where weights_in looks, in this order
    nested = [key for key in places if isinstance(content.get(key), Mapping)]
    under = nested[0] if nested else None
    inside = content if under is None else content[under]
    behind = inside and all(str(key).startswith('module.') for key in inside)
    beside = {
        str(key): _short(value)
        for key, value in content.items()
        if key != under and not isinstance(value, Tensor)
    }
    return dict(under=under, prefix='module.' if behind else '', beside=beside)


def _short(value: Any) -> str:
    """A value in few words."""
    if isinstance(value, (str, int, float, bool)) or value is None:
        return f'{value!r:.60}'
    size = f' of {len(value)}' if hasattr(value, '__len__') else ''
    return f'{type(value).__name__}{size}'


def _identified(content: Any, weights: Mapping[str, Tensor], path: str) -> dict:
    """System, variant and wholeness, or what is the matter."""
    if _is_ours(content):
        return _ours(content, weights, path)
    matches = [
        (name, variant)
        for name, module in (CONVERTERS | ENCODERS).items()
        if (variant := module.recognise(content)) is not None
    ]
    if not matches:
        probable = probable_system(weights)
        hint = f', though by some keys it could be {probable}' if probable else ''
        hint += _inside(weights)
        return dict(problem=f'it is no file that is known here{hint}')
    name, variant = matches[0]
    published = name in CONVERTERS
    found = dict(
        kind='published' if published else 'encoder',
        system=name,
        variant=variant,
        also=[f'{other} ({v})' for other, v in matches[1:]] + _claims(content, name),
    )
    try:
        state_dict, info = convert(content)
        found |= dict(mapped=len(state_dict), dropped=info['dropped'])
        config = _model_config(name, info, state_dict)
        if config is not None:
            found |= _compared(state_dict, config)
    except (ConversionError, CheckpointError) as error:
        return found | dict(problem=str(error))
    if found.get('problem') is None:
        found['load'] = (
            f'load_published({name!r}, {path!r})'
            if published
            else f"init_cfg=dict(type='Pretrained', checkpoint={path!r})"
        )
    return found


def _inside(weights: Mapping[str, Tensor]) -> str:
    """What the entries behind a common beginning would be."""
    parts = [key.split('.')[:-1] for key in weights]
    beginnings = {'.'.join(p[:n]) + '.' for p in parts for n in (1, 2, 3) if p[n - 1 :]}
    for prefix in sorted(beginnings, key=lambda prefix: (prefix.count('.'), prefix)):
        found = recognise(
            {
                k.removeprefix(prefix): v
                for k, v in weights.items()
                if k.startswith(prefix)
            }
        )
        if found is not None:
            return f'; what stands behind {prefix!r} is {found[0]} ({found[1]})'
    return ''


def _claims(content: Any, name: str) -> list[str]:
    """Systems that would take the file too if its user says it is theirs."""
    claims = []
    for other, module in CONVERTERS.items():
        claim = getattr(module, 'claim', module.recognise)
        if other != name and claim is not module.recognise and claim(content):
            claims.append(f'{other}, if you know it is: load_published({other!r}, ...)')
    return claims


def _model_config(name: str, info: dict, state_dict: Mapping) -> dict | None:
    """Config of what a converter's result fills; None where that is not known."""
    if name in PUBLISHED:
        return PUBLISHED[name].model_config(info)
    number = int(re.sub(r'\D', '', info['variant']) or 0)
    if name == 'torchvision ResNet':
        return dict(type='mmpretrain.ResNet', depth=number)
    if name == 'torchvision DenseNet':
        return dict(type='mmpretrain.DenseNet', arch=str(number))
    if name == 'Hugging Face Swin Transformer':
        return dict(
            type='mmpretrain.SwinTransformer', arch=info['variant'], img_size=224
        )
    if name == 'Hugging Face BERT':
        return dict(type='mmcxr.BertEncoder', config=info['config'])
    if name != 'timm vision transformer':
        return None
    arch = dict(info['vit'])
    size = {key: arch.pop(key) for key in ('img_size', 'patch_size')}
    arch['num_heads'] = max(1, arch['embed_dims'] // 64)
    return dict(
        type='mmpretrain.VisionTransformer',
        arch=arch,
        **size,
        final_norm='ln1.weight' in state_dict,
        pre_norm='pre_norm.weight' in state_dict,
    )


def _compared(state_dict: Mapping[str, Tensor], config: dict) -> dict:
    """The converted entries against the model they describe."""
    places = _empty_model(config).state_dict()
    needed = {key for key, place in places.items() if place.is_floating_point()}
    missing = sorted(needed - state_dict.keys())
    foreign = sorted(state_dict.keys() - places.keys())
    misshapen = [
        f'{key} ({list(value.shape)} in the file, {list(places[key].shape)} here)'
        for key, value in state_dict.items()
        if key in places and value.shape != places[key].shape
    ]
    good = len(needed) - len(missing) - len(misshapen)
    problem = None
    if missing or foreign or misshapen:
        counts = dict(missing=missing, foreign=foreign, misshapen=misshapen)
        text = ', '.join(f'{len(v)} {k}' for k, v in counts.items() if v)
        problem = f'its entries do not make the model: {text}'
    return dict(
        missing=missing,
        foreign=foreign,
        misshapen=misshapen,
        coverage=good / len(needed),
        problem=problem,
    )


def _empty_model(config: dict):
    """The model of a config, without memory where its parts allow that."""
    try:
        with torch.device('meta'):
            return MODELS.build(config)
    except RuntimeError:  # a part reads numbers as it is built
        return MODELS.build(config)


def _is_ours(content: Any) -> bool:
    if not isinstance(content, Mapping) or 'state_dict' not in content:
        return False
    return 'meta' in content or 'message_hub' in content


def _ours(content: Mapping, weights: Mapping[str, Tensor], path: str) -> dict:
    """A file of a run here, or of the publishing tool."""
    meta = content.get('meta') if isinstance(content.get('meta'), Mapping) else {}
    told = {k: meta[k] for k in ('epoch', 'iter', 'mmcxr_version', 'time') if k in meta}
    classes = class_names(content)
    return dict(
        kind='ours',
        system=probable_system(weights),
        variant=', '.join(f'{key} {value}' for key, value in told.items()) or None,
        classes=classes,
        mapped=len(weights),
        load=f'load_model(CONFIG, {path!r}), with the config it was trained by',
    )
