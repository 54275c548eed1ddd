"""Load the checkpoints that other groups published, ready to use."""

from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from mmengine.model import BaseModel

from mmcxr.converters import CONVERTERS, SYSTEMS, probable_system, weights_in
from mmcxr.engine.checkpoint import (
    CheckpointError,
    file_digest,
    load_checkpoint_file,
    load_strict,
)
from mmcxr.registry import MODELS, TOKENIZERS

# Published Swin models were trained with the same drop path in every block, on the
# attention branch alone; it acts only if training goes on.
_DROP_PATH = dict(attn_cfgs=dict(dropout_layer=dict(type='DropPath', drop_prob=0.1)))
_IMAGE_ENCODERS = {
    'resnet50': dict(type='mmpretrain.ResNet', depth=50, out_indices=(3,)),
    'swin_tiny': dict(
        type='mmpretrain.SwinTransformer',
        arch='tiny',
        img_size=224,
        drop_path_rate=0.0,
        stage_cfgs=dict(block_cfgs=_DROP_PATH),
    ),
}
_PROJECTIONS = {'linear': 'mmcxr.LinearProjection', 'mlp': 'mmcxr.MLPProjection'}


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
        system: the method, ``'cxr_clip'``.
        checkpoint: the file as it was published, or as its fine-tuning wrote it.
        variant: what you expect it to be (``'r50_m'``, ``'swint'``, ...); another
            content is an error. The default takes what is there.
        tokenizer: name or folder of the tokenizer, its config, or the tokenizer
            itself. The default is the published one, fetched from the hub when the
            first text comes.

    Returns:
        :class:`CXRCLIP`, or :class:`FilmClassifier` for a fine-tuned file, with
        ``published`` (what the converter found, keys dropped and why),
        ``checkpoint_digest`` (SHA-256 of the file), ``film_pipeline`` (how a film
        is brought to its size) and, for image-text models, ``tokenizer``.

    Raises:
        FileNotFoundError: there is no such file, or no such tokenizer.
        ValueError: unknown system or variant, a file of another kind, or one with
            missing, unknown or misshapen entries.
    """
    converter = CONVERTERS.get(system)
    if converter is None:
        raise ValueError(_unknown_system(system))
    content = load_checkpoint_file(checkpoint)
    found = converter.recognise(content)
    if found is None:
        raise CheckpointError(_not_recognised(system, checkpoint, content))
    _check_variant(variant, found, converter.VARIANTS, checkpoint)
    state_dict, info = converter.convert(content)
    model = MODELS.build(published_model_config(info))
    load_strict(model, state_dict, name=str(checkpoint))
    model.published = info
    model.checkpoint_digest = file_digest(checkpoint)
    model.film_pipeline = [
        dict(type='mmcxr.FilmResize', size=info['image_size']),
        dict(type='mmcxr.FilmCenterCrop', size=info['image_size']),
    ]
    if info['task'] == 'pretraining':
        model.tokenizer = _tokenizer(tokenizer, info)
    model.eval()  # returns None for some backbones: not chained
    return model


def published_model_config(info: dict) -> dict:
    """Config of the model that a converter's ``info`` describes.

    Args:
        info: see :func:`mmcxr.converters.cxr_clip.convert`.

    Raises:
        CheckpointError: an image encoder that was never published.
    """
    if info['image_encoder'] not in _IMAGE_ENCODERS:
        raise CheckpointError(
            f'{info["system"]}: the image encoder is {info["image_encoder"]}, but '
            f'published are {", ".join(_IMAGE_ENCODERS)}'
        )
    image = _IMAGE_ENCODERS[info['image_encoder']]
    films = dict(type='mmcxr.FilmPreprocessor', mean=info['mean'], std=info['std'])
    if info['task'] == 'classification':
        return dict(
            type='mmcxr.FilmClassifier',
            backbone=image,
            head=dict(
                type='mmcxr.MultiLabelHead',
                num_classes=info['num_classes'],
                in_channels=info['image_channels'],
            ),
            pooling=info['image_pooling'],
            data_preprocessor=films,
        )
    text = dict(type='mmcxr.BertEncoder', config=info['text_encoder'])
    return dict(
        type='mmcxr.CXRCLIP',
        image_backbone=image,
        text_backbone=dict(text, pooling=info['text_pooling']),
        image_channels=info['image_channels'],
        text_channels=info['text_encoder']['hidden_size'],
        embed_dims=info['embed_dims'],
        image_pooling=info['image_pooling'],
        projection=dict(type=_PROJECTIONS[info['projection']]),
        max_logit_scale=None,  # the released code sets no limit
        data_preprocessor=films,
        **info['loss'],
    )


class DeferredTokenizer:
    """A tokenizer that is fetched when the first text comes.

    Args:
        config: of the tokenizer.
        num_embeddings: words the text encoder knows; a larger vocabulary cannot be
            the one it was trained with.
    """

    def __init__(self, config: dict, num_embeddings: int):
        self.config = config
        self.num_embeddings = num_embeddings
        self._tokenizer = None

    @property
    def tokenizer(self) -> Any:
        """The tokenizer itself.

        Raises:
            FileNotFoundError: it is neither here nor on the hub.
            ValueError: its vocabulary is larger than the text encoder's.
        """
        if self._tokenizer is None:
            tokenizer = TOKENIZERS.build(self.config)
            if tokenizer.vocab_size > self.num_embeddings:
                raise ValueError(
                    f'tokenizer {self.config["name"]} knows {tokenizer.vocab_size} '
                    f'words, the text encoder {self.num_embeddings}: it is not the '
                    'one the model was trained with'
                )
            self._tokenizer = tokenizer
        return self._tokenizer

    def __call__(self, texts: list[str], max_length: int = 256) -> list[list[int]]:
        """Token ids of each text; see :class:`HFTokenizer`."""
        return self.tokenizer(texts, max_length)

    @property
    def pad_token_id(self) -> int:
        """Id that padding is filled with."""
        return self.tokenizer.pad_token_id

    @property
    def vocab_size(self) -> int:
        """Words the tokenizer knows."""
        return self.tokenizer.vocab_size


def _tokenizer(given: str | dict | Callable | None, info: dict) -> Callable:
    if given is not None and not isinstance(given, (str, Path, dict)):
        return given
    name = info['tokenizer'] if given is None else given
    # Published models were trained on lower-cased text, though the vocabulary is
    # cased: the hub's folder says nothing of case, and lower-casing is the default.
    config = dict(type='mmcxr.HFTokenizer', name=str(name), lowercase=True)
    config = given if isinstance(given, dict) else config
    deferred = DeferredTokenizer(config, info['text_encoder']['vocab_size'])
    return deferred if given is None else deferred.tokenizer


def _check_variant(
    wanted: str | None, found: str, known: tuple[str, ...], checkpoint: str | Path
) -> None:
    """A backbone alone (``'r50'``) is a variant too, on either side."""
    if wanted is None or wanted == found:
        return
    backbones = {name.split('_')[0] for name in known}
    names = {*known, *backbones, *(f'{name}_classifier' for name in backbones)}
    if wanted not in names:
        near = get_close_matches(wanted, names, 1)
        hint = f'did you mean {near[0]!r}? ' if near else ''
        raise ValueError(f'no variant {wanted!r}; {hint}known are {", ".join(known)}')
    if found.split('_')[0] == wanted.split('_')[0] and '_' not in found:
        return  # the file does not tell its training data
    if found.startswith(f'{wanted}_') and not found.endswith('_classifier'):
        return
    raise CheckpointError(
        f'{checkpoint} is {found} by its content, not {wanted}; '
        'leave variant out to take what is there'
    )


def _unknown_system(system: str) -> str:
    supported = f'supported are {", ".join(CONVERTERS)}'
    if system in SYSTEMS:
        return f'system {system!r} cannot be loaded yet; {supported}'
    near = get_close_matches(str(system).lower().replace('-', '_'), SYSTEMS, 1)
    hint = f'did you mean {near[0]!r}? ' if near else ''
    later = ', '.join(name for name in SYSTEMS if name not in CONVERTERS)
    return f'no system {system!r}; {hint}{supported}; planned are {later}'


def _not_recognised(system: str, checkpoint: str | Path, content: Any) -> str:
    weights = weights_in(content)
    if not weights:
        return f'{checkpoint} holds no state dict, so it is no {system} checkpoint'
    probable = probable_system(weights)
    hint = f'; by its keys it is probably {probable}' if probable else ''
    if isinstance(content, dict) and 'meta' in content:
        hint += '. A checkpoint trained here loads by load_model(config, checkpoint)'
    return f'{checkpoint} is no {system} checkpoint{hint}'
