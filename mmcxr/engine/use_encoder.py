"""A benchmark's model filled in with the encoder that is named; see :mod:`.encoder`."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace

from mmengine.config import Config
from mmengine.registry import DefaultScope

from .encoder import Encoder, find_encoder, merge

# What a FilmPreprocessor takes where it is told nothing.
IMAGENET = dict(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))


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
                '--encoder: this config has its own model; take a config that names '
                "one by encoder='...', such as those of configs/benchmarks"
            )
        return
    chosen = find_encoder(encoder or own)
    model = cfg.get('model') or {}
    with DefaultScope.overwrite_default_scope('mmcxr'):
        filled = _FILLERS.get(str(model.get('type')).split('.')[-1], _whole)
        cfg.model = merge(filled(chosen, model), model)
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
    return replace(spec, backbone=merge(spec.backbone, own or {}))


def _started(encoder: Encoder, spec, own: Mapping | None) -> dict:
    """The backbone with its weights, unless the config itself says of these."""
    if 'init_cfg' in (own or {}):
        return spec.backbone
    return dict(spec.backbone, init_cfg=encoder.init_cfg(spec))


def _classifier(encoder: Encoder, model: Mapping) -> dict:
    own = model.get('backbone')
    spec = _changed(encoder.spec, own)
    return dict(
        data_preprocessor=dict(type='FilmPreprocessor', **spec.preprocessing),
        backbone=_started(encoder, spec, own),
        pooling=spec.pooling,
        head=dict(spec.head, type='MultiLabelHead', in_channels=spec.width()),
    )


def _segmentor(encoder: Encoder, model: Mapping) -> dict:
    """Maps of four stages for a U-Net or a UPerNet; see :meth:`EncoderSpec.pyramid`."""
    own = model.get('backbone') or {}
    frozen = own.get('type') == 'FrozenEncoder'
    own = own.get('encoder') if frozen else own
    spec = encoder.spec.pyramid(model['data_preprocessor']['size'][0])
    spec = _changed(spec, own)
    widths = spec.map_widths()
    backbone = _started(encoder, spec, own)
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
