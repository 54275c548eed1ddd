"""The image encoder of a benchmark, by name: ``encoder = 'mrm_vit-b16'`` in its config,
``--encoder NAME[=FILE]`` on the command line.

A name is that of a method's config below ``configs/_base_/models``, or the path of any
config that has a method. What a benchmark needs of it is the method's ``encoder_spec``.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmcxr.registry import MODELS

from .config_types import nearest

# What a FilmPreprocessor takes where it is told nothing.
IMAGENET = dict(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
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
    model = _merged(config.get('model') or {}, published.get('model', {}))
    _method(model, name)
    return Encoder(name, model, file or published.get('checkpoint'), config)


def use_encoder(cfg: Config, encoder: str | None = None) -> None:
    """Fill a config's model with the encoder that it, or the command line, names.

    What the config itself says of the model stays.

    Args:
        cfg: config with ``encoder`` at the top; it is taken out.
        encoder: ``NAME`` or ``NAME=FILE`` in place of the config's.

    Raises:
        ValueError: nothing is called so, or the config takes no encoder.
    """
    own = cfg.pop('encoder', None)
    if own is None:
        if encoder is not None:
            raise ValueError(
                '--encoder: this config has its own model; take one with '
                "encoder='...' in it, which has none"
            )
        return
    chosen = find_encoder(encoder or own)
    model = cfg.get('model') or {}
    with DefaultScope.overwrite_default_scope('mmcxr'):
        filled = _FILLERS.get(str(model.get('type')).split('.')[-1], _whole)
        cfg.model = _merged(filled(chosen, model), model)
    if filled is _whole and '=' in (encoder or own):
        raise ValueError(
            f'--encoder {encoder or own}: here the whole model is meant; name no file, '
            'and give it as the checkpoint'
        )


def _whole(encoder: Encoder, model: Mapping) -> dict:
    """The method itself, whose prompts are read by its own tokenizer."""
    filled = deepcopy(encoder.model)
    if 'prompt_head' in model and 'tokenizer' in filled:
        filled['prompt_head'] = dict(tokenizer=filled['tokenizer'])
    return filled


def _changed(spec, own: Mapping | None):
    """The spec with what the config itself says of the backbone."""
    return replace(spec, backbone=_merged(spec.backbone, own or {}))


def _classifier(encoder: Encoder, model: Mapping) -> dict:
    spec = _changed(encoder.spec, model.get('backbone'))
    return dict(
        data_preprocessor=dict(type='FilmPreprocessor', **spec.preprocessing),
        backbone=dict(spec.backbone, init_cfg=encoder.init_cfg(spec)),
        pooling=spec.pooling,
        head=dict(spec.head, type='MultiLabelHead', in_channels=spec.width()),
    )


def _segmentor(encoder: Encoder, model: Mapping) -> dict:
    """Maps of four stages for a U-Net or a UPerNet; see :meth:`EncoderSpec.pyramid`."""
    own = model.get('backbone') or {}
    frozen = own.get('type') == 'FrozenEncoder'
    spec = encoder.spec.pyramid(model['data_preprocessor']['size'][0])
    spec = _changed(spec, own.get('encoder') if frozen else own)
    widths = spec.map_widths()
    backbone = dict(spec.backbone, init_cfg=encoder.init_cfg(spec))
    if frozen:
        backbone = dict(type='FrozenEncoder', encoder=backbone)
    seen = IMAGENET | spec.preprocessing
    grey = {name: [round(255 * value, 6) for value in seen[name]] for name in IMAGENET}
    filled = dict(backbone=backbone, data_preprocessor=grey)
    if (model.get('neck') or {}).get('type') == 'UNetNeck':
        if spec.is_plain:
            raise ValueError('a U-Net needs maps of several sizes; take a UPerNet')
        return dict(filled, neck=dict(in_channels=widths))
    filled['decode_head'] = dict(in_channels=widths, channels=512)
    filled['auxiliary_head'] = dict(in_channels=widths[2])
    if spec.is_plain:
        neck = dict(type='mmseg.Feature2Pyramid', embed_dim=widths[0])
        filled['neck'] = dict(neck, norm_cfg=dict(type='SyncBN', requires_grad=True))
        filled['decode_head']['channels'] = widths[0]
    return filled


def _alone(encoder: Encoder, model: Mapping) -> dict:
    filled = _classifier(encoder, model)
    del filled['head']
    return filled


_FILLERS = dict(
    FilmClassifier=_classifier, FilmEncoder=_alone, EncoderDecoder=_segmentor
)


def _merged(under: Mapping, own: Mapping) -> dict:
    """``own`` on top of ``under``, dict by dict; ``_delete_`` as in a config."""
    merged = dict(under)
    for key, value in own.items():
        if isinstance(value, Mapping):
            below = merged.get(key)
            fresh = value.get('_delete_') or not isinstance(below, Mapping)
            value = _merged({} if fresh else below, value)
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
