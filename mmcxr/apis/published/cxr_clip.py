"""CXR-CLIP: pre-trained files and those of its fine-tuning."""

from mmcxr.engine.checkpoint import CheckpointError
from mmcxr.published import cxr_clip

from .system import PublishedSystem, film_preprocessor

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
_BACKBONES = tuple(dict.fromkeys(name.split('_')[0] for name in cxr_clip.VARIANTS))


def model_config(info: dict) -> dict:
    """Config of the model that the converter's ``info`` describes.

    Raises:
        CheckpointError: an image encoder that was never published.
    """
    if info['image_encoder'] not in _IMAGE_ENCODERS:
        raise CheckpointError(
            f'{info["system"]}: the image encoder is {info["image_encoder"]}, but '
            f'published are {", ".join(_IMAGE_ENCODERS)}'
        )
    image = _IMAGE_ENCODERS[info['image_encoder']]
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
            data_preprocessor=film_preprocessor(info),
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
        data_preprocessor=film_preprocessor(info),
        **info['loss'],
    )


def passes_for(found: str, wanted: str) -> bool:
    """A backbone alone (``'r50'``) is a variant too, on either side."""
    if found.split('_')[0] == wanted.split('_')[0] and '_' not in found:
        return True  # the file does not tell its training data
    return found.startswith(f'{wanted}_') and not found.endswith('_classifier')


def tokenizer(info: dict) -> dict:
    """The hub's, lower-casing.

    Published models were trained on lower-cased text, though the vocabulary is cased:
    the hub's folder says nothing of case, and lower-casing is the default.
    """
    return dict(type='mmcxr.HFTokenizer', name=info['tokenizer'], lowercase=True)


SYSTEM = PublishedSystem(
    cxr_clip,
    model_config,
    variants=(
        *cxr_clip.VARIANTS,
        *_BACKBONES,
        *(f'{name}_classifier' for name in _BACKBONES),
    ),
    passes_for=passes_for,
    tokenizer=tokenizer,
)
