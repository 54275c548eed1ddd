"""What ``load_published`` must know of a system besides its converter."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import Any


def never(found: str, wanted: str) -> bool:
    """A file that is not what was asked for does not pass for it."""
    return False


def resized_and_cut(info: dict) -> list[dict]:
    """The shorter side to ``image_size``, and the central square of that."""
    size = info['image_size']
    return [
        dict(type='mmcxr.FilmResize', size=size),
        dict(type='mmcxr.FilmCenterCrop', size=size),
    ]


@dataclass(frozen=True)
class PublishedSystem:
    """One published system.

    Args:
        converter: its module in :mod:`mmcxr.published`.
        model_config: from a converter's ``info`` to the config of the model.
        variants: what a caller may ask for; the converter's variants by default.
        passes_for: whether a file found to be one variant passes for another that was
            asked for.
        film_pipeline: from ``info`` to how a film is brought to its size.
        keeps_shape: that pipeline gives films of different shapes.
        tokenizer: from ``info`` to the config of the tokenizer, its ``name`` left out
            where the system publishes none under a name; None for a system without
            text.
    """

    converter: ModuleType
    model_config: Callable[[dict], dict]
    variants: Iterable[str] = ()
    passes_for: Callable[[str, str], bool] = never
    film_pipeline: Callable[[dict], list[dict]] = resized_and_cut
    tokenizer: Callable[[dict], dict] | None = None
    keeps_shape: bool = False

    @property
    def name(self) -> str:
        """As ``load_published`` takes it."""
        return self.converter.NAME

    @property
    def asked_for(self) -> tuple[str, ...]:
        """What a caller may ask for."""
        return tuple(self.variants) or self.converter.VARIANTS


def film_preprocessor(info: dict) -> dict:
    """Config of the data preprocessor with a file's mean and standard deviation."""
    return dict(type='mmcxr.FilmPreprocessor', mean=info['mean'], std=info['std'])


def claimed(converter: ModuleType, checkpoint: Any) -> str | None:
    """Variant of a checkpoint that its user says is of this system, or None.

    Some systems write files that others write too, a plain ResNet for example; their
    converters offer ``claim`` besides ``recognise``.
    """
    return getattr(converter, 'claim', converter.recognise)(checkpoint)
