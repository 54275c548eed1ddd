"""The spec of an evaluation, read from a run's config and its test data.

What was asked goes to the *protocol*, who answered to the *model*: a tokenizer or
the normalisation of pixels belongs to the model, so models that differ in these are
still comparable; sizes, crops, prompts and splits belong to the protocol.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from mmcxr.evaluation.functional.results import spec_hash

from .checkpoint_file import file_digest

_VERSIONED = ('mmcxr', 'torch', 'numpy', 'mmengine', 'mmcv', 'mmpretrain', 'mmseg')
_VERSIONED += ('transformers', 'timm')
_SPLIT_FACTS = ('split_scheme', 'split', 'fraction', 'classes')
# Of the model, of the machine, or without effect on what is evaluated.
_NOT_PROTOCOL = ('tokenizer', 'backend_args', 'file_client_args', 'meta_keys')
_NOT_SELECTION = ('data_root', 'pipeline', 'metainfo', 'lazy_init', 'test_mode')
_NOT_SELECTION += ('max_unreadable', 'split_scheme', 'split', 'fraction')


def describe_protocol(cfg: Mapping, metainfo: Mapping, images: Sequence[str]) -> dict:
    """Protocol of a test run, but for the settings of its metrics.

    Args:
        cfg: config of the run; ``test_dataloader`` and ``model.prompt_head`` are read.
        metainfo: of the test data set.
        images: names of the images evaluated.
    """
    dataset = (cfg.get('test_dataloader') or {}).get('dataset') or {}
    leaves = list(_leaves(dataset))
    train = (cfg.get('train_dataloader') or {}).get('dataset') or {}
    fractions = sorted({leaf.get('fraction', 1.0) for leaf in _leaves(train)})
    prompts = (cfg.get('model') or {}).get('prompt_head')
    return dict(
        dataset=metainfo.get('dataset'),
        **{name: _shared(metainfo, name) for name in _SPLIT_FACTS},
        train_fraction=fractions or [1.0],
        images=dict(number=len(images), digest=spec_hash(sorted(images))),
        selection=[_settings(leaf, _NOT_SELECTION) for leaf in leaves],
        preprocessing=[
            _settings(leaf.get('pipeline', ()), _NOT_PROTOCOL) for leaf in leaves
        ],
        prompts=_settings(prompts, (*_NOT_PROTOCOL, 'batch_size')),
    )


def describe_overlap(metainfo: Mapping) -> dict | None:
    """What the test split shares with another, of mixtures in sum.

    Args:
        metainfo: of the test data set, or of a mixture with its ``members``.
    """
    found = [m.get('overlap') for m in metainfo.get('members', [metainfo])]
    found = [overlap for overlap in found if overlap]
    if len(found) < 2:
        return found[0] if found else None
    return dict(
        scheme='+'.join(overlap['scheme'] for overlap in found),
        against='+'.join(dict.fromkeys(overlap['against'] for overlap in found)),
        **{
            what: sum(overlap.get(what, 0) for overlap in found)
            for what in ('images', 'patients', 'copies')
            if any(what in overlap for overlap in found)
        },
    )


def describe_lacking(metainfo: Mapping) -> tuple[dict | None, list[str]]:
    """Images that were asked for and not evaluated: counts, and a sentence for each.

    Args:
        metainfo: of the test data set, or of a mixture with its ``members``.

    Returns:
        None where there are none; else by data set ``missing``, for each split of the
        scheme the images it lists and how many of them the table lacks, and
        ``left_out``, images of the evaluated split by reason.
    """
    found, sentences = {}, []
    for facts in metainfo.get('members', [metainfo]):
        missing, left_out = facts.get('missing') or {}, facts.get('left_out') or {}
        name, scheme = facts.get('dataset'), facts.get('split_scheme')
        if missing or left_out:
            found[str(name)] = dict(missing=missing, left_out=left_out)
        sentences += [
            f'{name}: {counts["missing"]} of the {counts["listed"]} images that '
            f'{scheme!r} lists in {split!r} are not in the table'
            for split, counts in missing.items()
        ]
        sentences += [
            f'{name}: {number} images of {facts.get("split")!r} are left out ({reason})'
            for reason, number in left_out.items()
        ]
    return found or None, sentences


def _shared(metainfo: Mapping, name: str):
    """A fact of the data set, or those of the members of a mixture."""
    members = metainfo.get('members')
    if members:
        return [_settings(member.get(name)) for member in members]
    return _settings(metainfo.get(name))


def describe_model(cfg: Mapping, checkpoint: str | Path | None) -> dict:
    """Name, config, tokenizer, pixel normalisation and checkpoint of a model.

    Args:
        cfg: config of the run.
        checkpoint: file whose weights were evaluated; hashed where it is there.
    """
    model = cfg.get('model') or {}
    file = Path(checkpoint) if checkpoint else None
    found = file is not None and file.is_file()
    config = getattr(cfg, 'filename', None)
    return dict(
        name=Path(config).stem if config else str(model.get('type')),
        algorithm=_settings(model.get('type')),
        tokenizer=_settings(model.get('tokenizer')),
        data_preprocessor=_settings(model.get('data_preprocessor')),
        checkpoint=file and file.name,
        checkpoint_sha256=file_digest(file) if found else None,
    )


def versions() -> dict[str, str]:
    """Versions of Python and of what this process has imported."""
    found = {
        name: str(sys.modules[name].__version__)
        for name in _VERSIONED
        if name in sys.modules
    }
    return dict(python=sys.version.split()[0], **found)


def _leaves(dataset: Mapping) -> Iterator[Mapping]:
    """Configs of the data sets inside wrappers and mixtures."""
    inner = dataset.get('datasets') or [dataset.get('dataset')]
    if inner == [None]:
        if dataset:
            yield dataset
        return
    for member in inner:
        yield from _leaves(member)


def _settings(value, without: Sequence[str] = ()):
    """A config as data: classes and objects by name, some keys left out."""
    if isinstance(value, Mapping):
        kept = {key: item for key, item in value.items() if key not in without}
        return {key: _settings(item, without) for key, item in kept.items()}
    if isinstance(value, list | tuple):
        return [_settings(item, without) for item in value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, type):
        return value.__name__
    text = repr(value)
    return type(value).__name__ if ' at 0x' in text else text
