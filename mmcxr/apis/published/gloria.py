"""GLoRIA: a ResNet-50 or ResNet-18 and a Bio_ClinicalBERT."""

from mmcxr.published import gloria

from .system import PublishedSystem, film_preprocessor


def model_config(info: dict) -> dict:
    """Config of the model that the converter's ``info`` describes."""
    regions = info['region_channels']
    return dict(
        type='mmcxr.GLoRIA',
        image_backbone=dict(
            type='mmpretrain.ResNet',
            depth=int(info['image_encoder'].removeprefix('resnet')),
            out_indices=(3,) if regions is None else (2, 3),
        ),
        text_backbone=dict(type='mmcxr.BertEncoder', config=info['text_encoder']),
        image_channels=info['image_channels'],
        region_channels=regions,
        embed_dims=info['embed_dims'],
        num_layers=info['num_layers'],
        max_words=info['max_length'],
        data_preprocessor=film_preprocessor(info),
    )


def film_pipeline(info: dict) -> list[dict]:
    """The whole film in a black square, and the middle of that."""
    return [
        dict(type='mmcxr.FilmFit', size=info['fit_size'], interpolation='area'),
        dict(type='mmcxr.FilmCenterCrop', size=info['image_size']),
    ]


def tokenizer(info: dict) -> dict:
    """The hub's, after the text was reduced to lower-case words."""
    return dict(type='mmcxr.GLoRIATokenizer', name=info['tokenizer'])


def passes_for(found: str, wanted: str) -> bool:
    """``'r50'`` is another name of ``'resnet50'``."""
    return wanted.replace('resnet', 'r') == found.replace('resnet', 'r')


SYSTEM = PublishedSystem(
    gloria,
    model_config,
    variants=(*gloria.VARIANTS, 'r50', 'r18'),
    passes_for=passes_for,
    film_pipeline=film_pipeline,
    tokenizer=tokenizer,
)
