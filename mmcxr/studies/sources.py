"""Models named on a command line: published files, ours, and random ones."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmcxr.apis.loaded_model import LoadedModel, preprocessor_facts
from mmcxr.apis.model import check_device, load_model
from mmcxr.apis.published import PUBLISHED, load_published
from mmcxr.registry import MODELS

#: How cxrlearn sees every film: squashed to 224 pixels, normalised as CLIP's.
CXRLEARN_FILM = dict(
    type='mmcxr.FilmResize', size=224, keep_ratio=False, interpolation='bicubic'
)
CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)


@dataclass(frozen=True)
class ModelSource:
    """Where a model is from.

    Args:
        name: in tables and folders.
        system: of a published file; None for a config of ours.
        config: None for a published file.
        checkpoint: None for random weights.
    """

    name: str
    system: str | None = None
    config: str | None = None
    checkpoint: str | None = None

    def open(self, device: str, cxrlearn: bool = False, seed: int = 0) -> LoadedModel:
        """The model, in eval mode.

        Args:
            device: where it runs.
            cxrlearn: see films as cxrlearn does, not as the model's authors do.
            seed: of random weights.

        Raises:
            FileNotFoundError, ValueError, KeyError: the files cannot be used.
        """
        if self.system is not None:
            check_device(device)
            loaded = load_published(self.system, self.checkpoint).to(device)
        elif self.checkpoint is not None:
            loaded = load_model(self.config, self.checkpoint, device)
        else:
            loaded = _open_random(self.config, device, seed)
        if cxrlearn:
            _see_as_cxrlearn(loaded)
        facts = dict(
            loaded.facts,
            name=self.name,
            data_preprocessor=preprocessor_facts(loaded.model),
        )
        return replace(loaded, facts=facts)


def read_sources(arguments: Sequence[str]) -> list[ModelSource]:
    """Models of a command line.

    Args:
        arguments: ``SYSTEM=FILE``, ``SYSTEM@ANY_NAME=FILE``, ``NAME=CONFIG:CHECKPOINT``
            or ``NAME=CONFIG`` (random weights).

    Raises:
        ValueError: one is none of these, or two have one name.
    """
    sources = [_read_source(argument) for argument in arguments]
    names = [source.name for source in sources]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(
                f'two models are called {name!r}; tell them apart: {name}@one=... '
                f'{name}@two=...'
            )
    return sources


def _read_source(argument: str) -> ModelSource:
    name, equals, value = argument.partition('=')
    if not (equals and value and re.fullmatch(r'[\w.+-]+(@[\w.+-]+)?', name)):
        raise ValueError(
            f'model {argument!r} is not NAME=FILE, NAME=CONFIG:CHECKPOINT or '
            'NAME=CONFIG, with a name of letters, digits, _ . + - and one @'
        )
    if found := re.fullmatch(r'(.+?\.py)(?::(.+))?', value):
        for file in filter(None, found.groups()):
            _need_file(file, name)
        return ModelSource(name, config=found[1], checkpoint=found[2])
    system = name.partition('@')[0]
    if system not in PUBLISHED:
        raise ValueError(
            f'model {argument!r}: {system!r} is no published system '
            f'({", ".join(PUBLISHED)}), and {value!r} no config (.py)'
        )
    _need_file(value, name)
    return ModelSource(name, system=system, checkpoint=value)


def _need_file(file: str, name: str) -> None:
    if not Path(file).exists():
        raise ValueError(f'model {name!r}: {file}: no such file')


def _open_random(config: str, device: str, seed: int) -> LoadedModel:
    """A config's model as it is before any training."""
    cfg = Config.fromfile(config)
    if 'film_pipeline' not in cfg:
        raise KeyError(f'{config} has no film_pipeline, which says how films are sized')
    _drop_weights(cfg.model)
    with (
        torch.random.fork_rng(devices=[]),
        DefaultScope.overwrite_default_scope(cfg.get('default_scope', 'mmcxr')),
    ):
        torch.manual_seed(seed)
        model = MODELS.build(cfg.model)
        model.init_weights()
    model.eval()  # returns None for some backbones: not chained
    facts = dict(
        name=Path(config).stem,
        algorithm=type(model).__name__,
        checkpoint=f'random weights, seed {seed}',
        checkpoint_sha256=None,
    )
    return LoadedModel(model, cfg.model, cfg.film_pipeline, facts).to(device)


def _drop_weights(config) -> None:
    """Take every pretrained start out of a config."""
    if isinstance(config, dict):
        start = config.get('init_cfg')
        if isinstance(start, dict) and str(start.get('type')).endswith('Pretrained'):
            config['init_cfg'] = None
        config = list(config.values())
    if isinstance(config, list | tuple):
        for part in config:
            _drop_weights(part)


def _see_as_cxrlearn(loaded: LoadedModel) -> None:
    loaded.film_pipeline = [CXRLEARN_FILM]
    loaded.keeps_shape = False
    preprocessor = loaded.data_preprocessor
    for name, values in (('mean', CLIP_MEAN), ('std', CLIP_STD)):
        buffer = getattr(preprocessor, name)
        buffer.copy_(torch.tensor(values).view(3, 1, 1))
