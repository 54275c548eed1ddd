"""The image encoder of a benchmark, by name: ``encoder = 'mrm_vit-b16'`` in its config,
``--encoder NAME[=FILE]`` on the command line.

A name is that of a method's config below ``configs/_base_/models``, or the path of any
config that has a method. What a benchmark needs of it is the method's ``encoder_spec``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmcxr.registry import MODELS

from .config_types import nearest

FOLDER = Path(__file__).parents[1] / '.mim/configs/_base_/models'


@dataclass(frozen=True)
class Encoder:
    """A method and a file of its weights.

    Args:
        name: as it was given.
        model: config of the method.
        file: its weights, where one is known.
        config: the other keys of the method's config.
    """

    name: str
    model: dict
    file: str | None
    config: dict

    @property
    def spec(self):
        """Its :class:`EncoderSpec`.

        Raises:
            ValueError: the config's model is no method.
        """
        return _method(self.model, self.name).encoder_spec(self.model)

    @property
    def film_pipeline(self) -> list[dict] | None:
        """How films are sized where they are not trained on; None: nothing is said."""
        published = self.config.get('published', {})
        return published.get('film_pipeline') or self.config.get('film_pipeline')

    def init_cfg(self, spec) -> dict:
        """How the backbone of a spec takes the weights, alone or in a whole model.

        Raises:
            ValueError: no file was given, and none is known by default.
        """
        if self.file is None:
            raise ValueError(
                f'encoder {self.name} has no weights of its own; name a file: '
                f'{self.name}=FILE'
            )
        prefixes = (spec.prefix, 'image_backbone.', 'backbone.', '')
        init_cfg = dict(
            type='Pretrained',
            checkpoint=self.file,
            prefix=list(dict.fromkeys(prefixes)),
            allow_unexpected=list(spec.left_out),
            allow_missing=list(spec.not_there),
        )
        return {key: value for key, value in init_cfg.items() if value}


def known_encoders() -> list[str]:
    """Names of the methods' configs that come with the project."""
    names = (path.stem for path in sorted(FOLDER.glob('*.py')))
    return [name for name in names if _is_method(_read(FOLDER / f'{name}.py'))]


def find_encoder(text: str) -> Encoder:
    """The encoder that ``NAME`` or ``NAME=FILE`` names.

    A published file may need another setting than training has; the ``published`` of a
    config in our folder says which, and where the file lies by default.

    Raises:
        ValueError: nothing is called so, or it is no config of a method.
    """
    name, _, file = text.partition('=')
    if name.endswith('.py'):
        path, published = Path(name).expanduser(), {}
        if not path.is_file():
            raise ValueError(f'--encoder: no config at {path}')
        config = _read(path)
    else:
        path = FOLDER / f'{name}.py'
        if not path.is_file():
            raise ValueError(_unknown(name))
        config = _read(path)
        published = config.get('published', {})
    model = merge(config.get('model') or {}, published.get('model', {}))
    _method(model, name)
    return Encoder(name, model, file or published.get('checkpoint'), config)


def merge(under: Mapping, own: Mapping) -> dict:
    """``own`` on top of ``under``, dict by dict; ``_delete_`` as in a config."""
    merged = dict(under)
    for key, value in own.items():
        if isinstance(value, Mapping):
            below = merged.get(key)
            fresh = value.get('_delete_') or not isinstance(below, Mapping)
            value = merge({} if fresh else below, value)
            value.pop('_delete_', None)
        merged[key] = value
    return merged


def _read(path: Path) -> dict:
    return Config.fromfile(path).to_dict()


def _is_method(config: Mapping) -> bool:
    kind = (config.get('model') or {}).get('type')
    return hasattr(_class(kind), 'encoder_spec')


def _class(kind):
    with DefaultScope.overwrite_default_scope('mmcxr'):
        return MODELS.get(kind) if isinstance(kind, str) else kind


def _method(model: Mapping, name: str):
    kind = _class(model.get('type'))
    if not hasattr(kind, 'encoder_spec'):
        raise ValueError(f'--encoder: the model of {name} is no method: {kind}')
    return kind


def _unknown(name: str) -> str:
    known = known_encoders()
    guess = nearest(name, known)
    hint = f'did you mean {guess}? ' if guess else ''
    return (
        f'--encoder: none is called {name}; {hint}known are {", ".join(known)}, '
        'and the path of any config with a method'
    )
