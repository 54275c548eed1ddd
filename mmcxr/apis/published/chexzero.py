"""CheXzero: OpenAI's CLIP, fine-tuned on films and impressions."""

from mmcxr.published import chexzero

from .system import PublishedSystem, film_preprocessor


def model_config(info: dict) -> dict:
    """Config of the model that the converter's ``info`` describes."""
    vit, dims = dict(info['vit']), info['embed_dims']
    size = {key: vit.pop(key) for key in ('img_size', 'patch_size')}
    resize = dict(size=[size['img_size']] * 2, mode='bicubic')
    return dict(
        type='mmcxr.CXRCLIP',
        image_backbone=dict(type='mmcxr.CLIPViT', arch=vit, **size, out_channels=dims),
        text_backbone=dict(
            type='mmcxr.CLIPTextEncoder', config=info['text_encoder'], out_channels=dims
        ),
        image_channels=dims,
        text_channels=dims,
        embed_dims=dims,
        projection=dict(type='mmcxr.NoProjection'),
        max_logit_scale=None,  # the released code sets no limit
        image_weight=0.0,
        text_weight=0.0,
        data_preprocessor=dict(film_preprocessor(info), resize=resize),
    )


def film_pipeline(info: dict) -> list[dict]:
    """The whole film in a black square; the preprocessor makes it smaller."""
    return [
        dict(
            type='mmcxr.FilmFit',
            size=info['fit_size'],
            interpolation='lanczos',
            truncate_both=True,
        )
    ]


def tokenizer(info: dict) -> dict:
    """CLIP's, whose vocabulary is installed."""
    return dict(type='mmcxr.CLIPTokenizer', name=None)


SYSTEM = PublishedSystem(
    chexzero, model_config, film_pipeline=film_pipeline, tokenizer=tokenizer
)
