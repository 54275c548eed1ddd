"""Load the checkpoints that other groups published, ready to use.

Each system has a file here, which says what its converter's ``info`` means as a
config of ours.
"""

from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from mmengine.model import BaseModel

from mmcxr.engine.checkpoint import (
    CheckpointError,
    file_digest,
    load_checkpoint_file,
    load_strict,
)
from mmcxr.published import SYSTEMS, probable_system, recognise, weights_in
from mmcxr.registry import MODELS

from ..inference import FilmPreparation
from . import (
    chexzero,
    convirt,
    cxr_clip,
    gloria,
    medaug,
    moco_cxr,
    mrm,
    refers,
    s2mts2,
)
from .system import PublishedSystem, claimed
from .tokenizer import published_tokenizer

PUBLISHED: dict[str, PublishedSystem] = {
    module.SYSTEM.name: module.SYSTEM
    for module in (
        cxr_clip,
        mrm,
        chexzero,
        gloria,
        moco_cxr,
        medaug,
        s2mts2,
        convirt,
        refers,
    )
}


def load_published(
    system: str,
    checkpoint: str | Path,
    variant: str | None = None,
    tokenizer: str | dict | Callable | None = None,
) -> BaseModel:
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
        :class:`CXRCLIP` (also of CheXzero), :class:`MRM`, :class:`GLoRIA`,
        :class:`ConVIRT` or :class:`REFERS`; :class:`FilmEncoder` for a file of an image
        encoder, :class:`FilmClassifier` for a fine-tuned file; with

        - ``preprocess``: films to what ``extract_feat`` takes, as the authors
          evaluate them;
        - ``film_pipeline``: the first part of that, how a film is brought to its size;
        - ``tokenizer``, for image-text models: None where none is known;
        - ``published``: what the converter found, keys dropped and why;
        - ``checkpoint_digest``: SHA-256 of the file.

    Raises:
        FileNotFoundError: there is no such file, or no such tokenizer.
        ValueError: unknown system or variant, a file of another kind, or one with
            missing, unknown or misshapen entries.
    """
    known = PUBLISHED.get(system)
    if known is None:
        raise ValueError(_unknown_system(system))
    content = load_checkpoint_file(checkpoint)
    found = claimed(known.converter, content)
    if found is None:
        raise CheckpointError(_not_recognised(system, checkpoint, content))
    _check_variant(variant, found, known, checkpoint)
    state_dict, info = known.converter.convert(content)
    model = MODELS.build(known.model_config(info))
    load_strict(model, state_dict, name=str(checkpoint))
    model.published = info
    model.checkpoint_digest = file_digest(checkpoint)
    model.film_pipeline = known.film_pipeline(info)
    model.keeps_shape = known.keeps_shape
    model.preprocess = FilmPreparation(model)
    if known.tokenizer is not None and 'text_encoder' in info:
        words = info['text_encoder']['vocab_size']
        model.tokenizer = published_tokenizer(tokenizer, known.tokenizer(info), words)
    model.eval()  # returns None for some backbones: not chained
    return model


def _check_variant(
    wanted: str | None, found: str, system: PublishedSystem, checkpoint: str | Path
) -> None:
    if wanted is None or wanted == found:
        return
    if wanted not in system.asked_for:
        near = get_close_matches(wanted, system.asked_for, 1)
        hint = f'did you mean {near[0]!r}? ' if near else ''
        known = ', '.join(system.converter.VARIANTS)
        raise ValueError(f'no variant {wanted!r}; {hint}known are {known}')
    if system.passes_for(found, wanted):
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
