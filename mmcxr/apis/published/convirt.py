"""ConVIRT: its image encoder, or both encoders from a file of its trainer."""

from mmcxr.published import convirt

from .encoders import convolutional
from .system import PublishedSystem, film_preprocessor


def model_config(info: dict) -> dict:
    """Config of the model that the converter's ``info`` describes."""
    image = convolutional(info['image_encoder'])
    if 'text_encoder' not in info:
        return dict(
            type='mmcxr.FilmEncoder',
            backbone=image,
            data_preprocessor=film_preprocessor(info),
        )
    text = dict(type='mmcxr.BertEncoder', config=info['text_encoder'])
    return dict(
        type='mmcxr.ConVIRT',
        image_backbone=image,
        text_backbone=dict(text, pooling=info['text_pooling']),
        image_channels=info['image_channels'],
        text_channels=info['text_encoder']['hidden_size'],
        embed_dims=info['embed_dims'],
        data_preprocessor=film_preprocessor(info),
        **info['loss'],
    )


def film_pipeline(info: dict) -> list[dict]:
    """Padded to a square, then resized."""
    return [
        dict(type='mmcxr.FilmPadSquare'),
        dict(type='mmcxr.FilmResize', size=info['image_size']),
    ]


def tokenizer(info: dict) -> dict:
    """The hub's, lower-casing, which is what transformers does with its folder."""
    return dict(type='mmcxr.HFTokenizer', name=info['tokenizer'], lowercase=True)


SYSTEM = PublishedSystem(
    convirt, model_config, tokenizer=tokenizer, film_pipeline=film_pipeline
)
