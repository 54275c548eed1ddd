"""What loading gives: a model, and what is known of it besides its weights."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.model import BaseModel
from mmengine.registry import DefaultScope
from torch import Tensor

from mmcxr.datasets.films.film import as_film
from mmcxr.engine.checkpoint import file_digest
from mmcxr.registry import TRANSFORMS

# A notebook may have run mmpretrain or mmseg before, whose names are then looked up.
OUR_SCOPE = partial(DefaultScope.overwrite_default_scope, 'mmcxr')

# Methods of a module that return itself.
RETURN_THE_MODEL = (
    'to', 'cpu', 'cuda', 'eval', 'train', 'float', 'double', 'half', 'bfloat16',
    'requires_grad_',
)  # fmt: skip


def as_list(items) -> list:
    """One film or text, or several of them, as a list."""
    one = isinstance(items, (str, Path, np.ndarray)) or hasattr(items, 'convert')
    return [items] if one else list(items)


@dataclass
class LoadedModel:
    """A model in eval mode. What is not here is asked of the model itself.

    Args:
        model: the module.
        config: of the module.
        film_pipeline: how a film that was read is brought to the model's size.
        facts: ``name``, ``algorithm``, ``checkpoint`` (its file name),
            ``checkpoint_sha256`` and ``data_preprocessor``.
        keeps_shape: the film pipeline gives films of different shapes.
        published: what the converter of a published file found; keys that were dropped,
            and why.
    """

    model: BaseModel
    config: Mapping
    film_pipeline: list[dict]
    facts: dict
    keeps_shape: bool = False
    published: dict | None = None

    def preprocess(self, films: Any) -> Tensor:
        """Normalised (N, 3, H, W) on the model's device, of one film or several.

        They are seen as in the model's evaluation.

        Raises:
            UnreadableFilm: naming the film that cannot be read.
            ValueError: the films come out in several sizes.
        """
        with OUR_SCOPE():
            steps = [TRANSFORMS.build(step) for step in self.film_pipeline]
        stack = []
        for film in as_list(films):
            results = dict(img=as_film(film))
            for step in steps:
                results = step(results)
            stack.append(results['img'])
        images = torch.from_numpy(np.stack(stack))[:, None]
        data = self.data_preprocessor(dict(inputs=dict(image=images)))
        return data['inputs']['image']

    @property
    def tokenizer(self) -> Callable | None:
        """Texts to token ids, fetched when the first text comes; None without text."""
        return getattr(self.model, 'tokenizer', None)

    @property
    def digest(self) -> str | None:
        """SHA-256 of the checkpoint; None of random weights."""
        return self.facts['checkpoint_sha256']

    @property
    def checkpoint_digest(self) -> str | None:
        """The former name of ``digest``."""
        return self.digest

    def __call__(self, *args, **kwargs) -> Any:
        """Call the model."""
        return self.model(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        """Of the model, whatever this has not; what returns the model returns this."""
        if name == 'model':  # before it is set, when it is copied
            raise AttributeError(name)
        found = getattr(self.model, name)
        if name not in RETURN_THE_MODEL:
            return found

        def chained(*args, **kwargs) -> LoadedModel:
            found(*args, **kwargs)
            return self

        return chained

    def __setattr__(self, name: str, value: Any) -> None:
        """On the model, whatever this has not."""
        own = hasattr(type(self), name) or name in {f.name for f in fields(self)}
        object.__setattr__(self if own else self.model, name, value)


def check_loaded(model: Any) -> None:
    """Refuse a bare module, of which nobody knows how films are sized.

    Raises:
        TypeError: it is not what loading gives.
    """
    if not isinstance(model, LoadedModel):
        raise TypeError(
            f'{type(model).__name__} was not loaded: take what load_model or '
            'load_published give, or make a LoadedModel of it'
        )


def facts_of(name: str, model: BaseModel, checkpoint: str | Path) -> dict:
    """See :class:`LoadedModel`."""
    return dict(
        name=name,
        algorithm=type(model).__name__,
        checkpoint=Path(checkpoint).name,
        checkpoint_sha256=file_digest(Path(checkpoint)),
        data_preprocessor=preprocessor_facts(model),
    )


def preprocessor_facts(model: BaseModel) -> dict:
    """Name and constants of the step between bytes and numbers."""
    preprocessor = model.data_preprocessor
    buffers = {k: v.flatten().tolist() for k, v in preprocessor.named_buffers()}
    resize = getattr(preprocessor, 'resize', None)
    resize = dict(resize=resize) if resize else {}
    return dict(type=type(preprocessor).__name__, **buffers, **resize)
