"""Load a checkpoint file into a model; every key is accounted for.

``open_checkpoint`` reads a file safely and, where it is a published one, brings it
to our names. ``load_strict`` puts weights into a model and refuses what mmengine
would pass over: a parameter left at its random start, an entry nobody takes.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, BinaryIO

from mmengine.logging import print_log
from mmengine.model import BaseTTAModel, is_model_wrapper
from torch import Tensor, nn

from mmcxr.published import convert, listed, probable_system, recognise, weights_in

from .checkpoint_file import (
    CheckpointError,
    MapLocation,
    UnsafeCheckpoint,
    file_digest,
    load_checkpoint_file,
)
from .sharding import distribute_weights

__all__ = [
    'CheckpointError',
    'UnsafeCheckpoint',
    'convert_published',
    'file_digest',
    'load_checkpoint_file',
    'load_strict',
    'open_checkpoint',
]


class _NoRun(dict):
    """``meta`` of a file that holds weights but no run to go on with."""

    def __missing__(self, key: str):
        raise CheckpointError(
            'the checkpoint holds weights alone, not a training run that could be '
            'resumed; give it as load_from, without --resume'
        )


def open_checkpoint(
    file: str | Path | BinaryIO, map_location: MapLocation = 'cpu'
) -> Any:
    """Read a checkpoint safely; a published one comes back with our names.

    Args:
        file: see :func:`load_checkpoint_file`.
        map_location: see :func:`load_checkpoint_file`.

    Returns:
        A training checkpoint of ours (``state_dict``, ``meta``, ``optimizer``, ...)
        or any other content as it was saved; for a published file or encoder
        ``dict(state_dict=..., meta=info)``, see :mod:`mmcxr.published`.

    Raises:
        FileNotFoundError, CheckpointError, ConversionError: see there.
    """
    return convert_published(load_checkpoint_file(file, map_location), str(file))


def convert_published(checkpoint: Any, name: str = 'the checkpoint') -> Any:
    """A published checkpoint converted to our names.

    A bare state dict comes back under ``state_dict``, where all of mmengine looks
    for it; anything else comes back unchanged.
    """
    if _is_ours(checkpoint):
        if 'epoch' in (checkpoint.get('meta') or {}):
            return checkpoint
        return {**checkpoint, 'meta': _NoRun(checkpoint.get('meta') or {})}
    found = recognise(checkpoint)
    if found is None:
        bare = weights_in(checkpoint) and 'state_dict' not in checkpoint
        bare = bare and 'model' not in checkpoint
        return dict(state_dict=checkpoint, meta=_NoRun()) if bare else checkpoint
    state_dict, info = convert(checkpoint)
    print_log(
        f'{name} is a published file: {found[0]} ({found[1]}). '
        f'{len(state_dict)} entries mapped to our names, {len(info["dropped"])} '
        f'dropped: {info["dropped"]}',
        logger='current',
    )
    return dict(state_dict=state_dict, meta=_NoRun(info))


def load_strict(
    model: nn.Module,
    checkpoint: Mapping[str, Any],
    allow_missing: Sequence[str] = (),
    allow_unexpected: Sequence[str] = (),
    name: str = 'the checkpoint',
) -> None:
    """Load weights into a model, every key accounted for.

    Buffers of integers that the file lacks keep what the model computed (index
    tables, batch counters); everything else must be in the file.

    Args:
        model: receives the weights; may be wrapped for parallel training or
            test-time augmentation.
        checkpoint: a checkpoint of ours, a published one, or a bare state dict.
        allow_missing: patterns (``'head.*'``) of model entries the file may lack.
        allow_unexpected: patterns of file entries the model may have no place for.
        name: what to call the checkpoint in messages.

    Raises:
        CheckpointError: a parameter would stay unset, an entry has no place, or
            shapes differ; says which, and what the checkpoint probably is.
    """
    while is_model_wrapper(model) or isinstance(model, BaseTTAModel):
        model = model.module
    weights = weights_in(convert_published(checkpoint, name))
    if not weights:
        raise CheckpointError(f'{name} holds no state dict')
    places = model.state_dict()
    missing, unexpected, shapes = _load(model, weights)
    missing = [k for k in missing if places[k].is_floating_point()]
    missing = _not_allowed(missing, allow_missing)
    unexpected = _not_allowed(unexpected, allow_unexpected)
    problems = []
    if missing:
        count = f'{len(missing)} of {len(places)} entries of the model unset'
        problems.append(f'it leaves {count}: {listed(missing)}')
    if unexpected:
        count = f'{len(unexpected)} of its {len(weights)} entries'
        problems.append(f'the model has no place for {count}: {listed(unexpected)}')
    if shapes:
        problems.append(f'other shapes: {listed(shapes)}')
    if problems:
        raise CheckpointError(
            f'{name} does not fit {type(model).__name__}: '
            f'{"; ".join(problems)}.{probable_cause(places, weights)}'
        )


def _load(
    model: nn.Module, weights: Mapping[str, Tensor]
) -> tuple[list[str], list[str], list[str]]:
    """Load, and return what is missing, unexpected and of another shape.

    torch does the work, so that modules which adapt what they are given (position
    embeddings of another size) have done so before shapes are compared.
    """
    weights = distribute_weights(model, weights)
    try:
        result = model.load_state_dict(dict(weights), strict=False)
    except RuntimeError as error:
        shapes = re.findall(
            r'mismatch for (\S+): .*?Size\((\[.*?\])\).*?Size\((\[.*?\])\)', str(error)
        )
        if not shapes:
            raise
        texts = [f'{key} ({file} in the file, {own} here)' for key, file, own in shapes]
        places = model.state_dict()
        missing = [key for key in places if key not in weights]
        return missing, [key for key in weights if key not in places], texts
    return result.missing_keys, result.unexpected_keys, []


def probable_cause(places: Iterable[str], weights: Iterable[str]) -> str:
    """A sentence on what weights that do not fit probably are instead, or ''.

    Args:
        places: keys of the model.
        weights: keys of the file.
    """
    places, weights = set(places), set(weights)
    if len(places & weights) > 0.5 * max(len(places), len(weights)):
        return ''  # the right file, with something amiss
    for prefix in _prefixes(weights):
        if len(_under(prefix, weights) & places) > 0.5 * len(places):
            return f" Its entries under '{prefix}' fit: give prefix='{prefix}'."
    for prefix in _prefixes(places):
        if len(_under(prefix, places) & weights) > 0.5 * len(weights):
            return (
                f" It fits the model's {prefix[:-1]}: initialise that part, by its "
                "init_cfg=dict(type='Pretrained', checkpoint=...)."
            )
    system = probable_system(weights)
    return f' By its keys it is probably {system}.' if system else ''


def _is_ours(checkpoint: Any) -> bool:
    """A file that mmengine's runner or our publishing tool wrote."""
    return (
        isinstance(checkpoint, Mapping)
        and isinstance(checkpoint.get('state_dict'), Mapping)
        and ('meta' in checkpoint or 'message_hub' in checkpoint)
    )


def _not_allowed(keys: Iterable[str], patterns: Sequence[str]) -> list[str]:
    return [k for k in keys if not any(fnmatchcase(k, p) for p in patterns)]


def _under(prefix: str, keys: Iterable[str]) -> set[str]:
    return {key[len(prefix) :] for key in keys if key.startswith(prefix)}


def _prefixes(keys: Iterable[str]) -> list[str]:
    """``'backbone.'``, ``'backbone.bert.'``, ...: one or two leading parts."""
    found = set()
    for key in keys:
        parts = key.split('.')
        found |= {'.'.join(parts[:n]) + '.' for n in (1, 2) if len(parts) > n}
    return sorted(found, key=lambda prefix: (prefix.count('.'), prefix))
