"""Load the checkpoints that other groups published, ready to use."""

from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any

from mmcxr.engine.checkpoint import (
    CheckpointError,
    load_checkpoint_file,
    load_strict,
)
from mmcxr.published import CONVERTERS, SYSTEMS, probable_system, recognise, weights_in
from mmcxr.published.configs import resized_and_cut
from mmcxr.registry import MODELS

from .loaded_model import LoadedModel, facts_of
from .published_tokenizer import published_tokenizer

PUBLISHED: dict[str, ModuleType] = CONVERTERS


def load_published(
    system: str,
    checkpoint: str | Path,
    variant: str | None = None,
    tokenizer: str | dict | Callable | None = None,
) -> LoadedModel:
    """Model of a published checkpoint, in eval mode on the CPU.

    Architecture, pooling, normalisation and tokenizer follow from the content of
    the file; its suffix and name do not matter, and nothing is downloaded.

    Args:
        system: the method, ``'cxr_clip'``, ``'mrm'``, ``'moco_cxr'``, ...: one of
            ``PUBLISHED``.
        checkpoint: the file as it was published, or as its fine-tuning wrote it.
        variant: what you expect it to be (``'r50_m'``, ``'swint'``, ...); another
            content is an error. The default takes what is there.
        tokenizer: name or folder of the tokenizer, its config, or the tokenizer
            itself. The default is the published one, fetched from the hub when the
            first text comes. MRM's is on no hub: give the path of the
            ``mimic_wordpiece.json`` that its authors publish.

    Returns:
        :class:`LoadedModel` of a :class:`CXRCLIP` (also of CheXzero), :class:`MRM`,
        :class:`GLoRIA`, :class:`ConVIRT` or :class:`REFERS`; of a :class:`FilmEncoder`
        for a file of an image encoder, of a :class:`FilmClassifier` for a fine-tuned
        one. Its ``preprocess`` takes films to what ``extract_feat`` takes, as the
        authors evaluate them.

    Raises:
        FileNotFoundError: there is no such file, or no such tokenizer.
        ValueError: unknown system or variant, a file of another kind, or one with
            missing, unknown or misshapen entries.
    """
    known = PUBLISHED.get(system)
    if known is None:
        raise ValueError(_unknown_system(system))
    content = load_checkpoint_file(checkpoint)
    claim = getattr(known, 'claim', known.recognise)  # its user says it is of this
    found = claim(content)
    if found is None:
        raise CheckpointError(_not_recognised(system, checkpoint, content))
    _check_variant(variant, found, known, checkpoint)
    state_dict, info = known.convert(content)
    config = known.model_config(info)
    model = MODELS.build(config)
    load_strict(model, state_dict, name=str(checkpoint))
    if hasattr(known, 'tokenizer') and 'text_encoder' in info:
        words = info['text_encoder']['vocab_size']
        model.tokenizer = published_tokenizer(tokenizer, known.tokenizer(info), words)
    model.eval()  # returns None for some backbones: not chained
    return LoadedModel(
        model,
        config,
        getattr(known, 'film_pipeline', resized_and_cut)(info),
        facts_of(system, model, checkpoint),
        keeps_shape=getattr(known, 'KEEPS_SHAPE', False),
        published=info,
    )


def _check_variant(
    wanted: str | None, found: str, system: ModuleType, checkpoint: str | Path
) -> None:
    if wanted is None or wanted == found:
        return
    asked_for = getattr(system, 'ASKED_FOR', system.VARIANTS)
    if wanted not in asked_for:
        near = get_close_matches(wanted, asked_for, 1)
        hint = f'did you mean {near[0]!r}? ' if near else ''
        known = ', '.join(system.VARIANTS)
        raise ValueError(f'no variant {wanted!r}; {hint}known are {known}')
    if hasattr(system, 'passes_for') and system.passes_for(found, wanted):
        return
    raise CheckpointError(
        f'{checkpoint} is {found} by its content, not {wanted}; '
        'leave variant out to take what is there'
    )


def _unknown_system(system: str) -> str:
    supported = f'supported are {", ".join(PUBLISHED)}'
    if system in SYSTEMS:
        return f'system {system!r} cannot be loaded yet; {supported}'
    near = get_close_matches(str(system).lower().replace('-', '_'), SYSTEMS, 1)
    hint = f'did you mean {near[0]!r}? ' if near else ''
    later = ', '.join(name for name in SYSTEMS if name not in PUBLISHED)
    return f'no system {system!r}; {hint}{supported}; planned are {later}'


def _not_recognised(system: str, checkpoint: str | Path, content: Any) -> str:
    found = recognise(content)
    if found is not None and found[0] in PUBLISHED:
        return (
            f'{checkpoint} is no {system} checkpoint; by its keys it is probably '
            f'{found[0]} ({found[1]}): load_published({found[0]!r}, ...)'
        )
    weights = weights_in(content)
    if not weights:
        return f'{checkpoint} holds no state dict, so it is no {system} checkpoint'
    probable = probable_system(weights)
    hint = f'; by its keys it is probably {probable}' if probable else ''
    if isinstance(content, dict) and 'meta' in content:
        hint += '. A checkpoint trained here loads by load_model(config, checkpoint)'
    return f'{checkpoint} is no {system} checkpoint{hint}'
