"""MRM: the pre-trained file and those of its fine-tuning."""

from mmcxr.published import mrm

from .system import PublishedSystem, film_preprocessor


def model_config(info: dict) -> dict:
    """Config of the model that the converter's ``info`` describes.

    Heads cannot be read off the weights; the encoder's are 64 channels wide, the image
    decoder's 128.
    """
    vit = info['vit']
    arch = {key: vit[key] for key in ('embed_dims', 'num_layers')}
    arch |= dict(
        num_heads=vit['embed_dims'] // 64,
        feedforward_channels=vit['feedforward_channels'],
    )
    size = dict(img_size=vit['img_size'], patch_size=vit['patch_size'])
    if info['task'] == 'classification':
        return dict(
            type='mmcxr.FilmClassifier',
            backbone=dict(
                type='mmpretrain.VisionTransformer',
                arch=arch,
                **size,
                drop_path_rate=0.1,  # acts only if training goes on
                final_norm=False,
                out_type='featmap',
            ),
            head=dict(
                type='mmcxr.MultiLabelHead',
                num_classes=info['num_classes'],
                in_channels=vit['embed_dims'],
                norm=True,
            ),
            data_preprocessor=film_preprocessor(info),
        )
    side = vit['img_size'] // vit['patch_size']
    return dict(
        type='mmcxr.MRM',
        backbone=dict(type='mmcxr.MaskedViT', arch=arch, **size),
        image_decoder=dict(
            type='mmcxr.PixelDecoder',
            in_channels=vit['embed_dims'],
            grid=(side, side),
            num_heads=max(1, info['image_decoder']['embed_dims'] // 128),
            **info['image_decoder'],
        ),
        report_model=dict(type='mmcxr.ReportModel', config=info['text_encoder']),
        loss_on='all',  # as it was trained
        data_preprocessor=film_preprocessor(info),
    )


def tokenizer(info: dict) -> dict:
    """``mimic_wordpiece.json`` of the authors' repository; its path is the user's."""
    return dict(type='mmcxr.HFTokenizer')


SYSTEM = PublishedSystem(mrm, model_config, tokenizer=tokenizer)
