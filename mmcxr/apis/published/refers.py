"""REFERS: its vision transformer, or all of a file of its pre-training."""

from mmcxr.published import refers

from .convirt import tokenizer
from .system import PublishedSystem, film_preprocessor


def model_config(info: dict) -> dict:
    """Config of the model that the converter's ``info`` describes.

    Heads cannot be read off the weights; all are 64 channels wide.
    """
    vit = info['vit']
    width = vit['embed_dims']
    image = dict(
        type='mmpretrain.VisionTransformer',
        arch=dict(
            embed_dims=width,
            num_layers=vit['num_layers'],
            num_heads=width // 64,
            feedforward_channels=vit['feedforward_channels'],
        ),
        img_size=vit['img_size'],
        patch_size=vit['patch_size'],
        # Acts only if training goes on. The authors have it after the embeddings and
        # in the MLP; here it is also behind the attention.
        drop_rate=0.1,
    )
    if info['variant'] != 'pretrain':
        return dict(
            type='mmcxr.FilmEncoder',
            backbone=dict(image, out_type='cls_token'),
            data_preprocessor=film_preprocessor(info),
        )
    text = dict(type='mmcxr.BertEncoder', config=info['text_encoder'])
    decoder = info['report_decoder']
    return dict(
        type='mmcxr.REFERS',
        image_backbone=dict(image, out_type='raw'),
        text_backbone=dict(text, pooling='pooler'),
        view_fusion=dict(
            type='mmcxr.ViewFusion', channels=width, num_views=info['num_views']
        ),
        report_decoder=dict(
            type='mmcxr.ReportDecoder',
            in_channels=width,
            num_heads=max(1, decoder['embed_dims'] // 64),
            **decoder,
        ),
        image_channels=width,
        text_channels=info['text_encoder']['hidden_size'],
        num_views=info['num_views'],
        detach_text=True,  # as it was trained
        data_preprocessor=film_preprocessor(info),
    )


SYSTEM = PublishedSystem(refers, model_config, tokenizer=tokenizer)
