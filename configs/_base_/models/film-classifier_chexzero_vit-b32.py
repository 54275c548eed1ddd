# A classifier on CheXzero's image encoder, ViT-B/32: the projected class token. The
# checkpoint is given with
#   --cfg-options model.backbone.init_cfg.checkpoint=FILE
# and may be a published file or one of ours.
model = dict(
    type='FilmClassifier',
    data_preprocessor=dict(
        type='FilmPreprocessor',
        mean=[101.48761 / 255] * 3, std=[83.43944 / 255] * 3),
    backbone=dict(
        type='CLIPViT', arch='base', patch_size=32, out_channels=512,
        init_cfg=dict(
            type='Pretrained', checkpoint='checkpoints/chexzero.pt',
            prefix='image_backbone.')),
    head=dict(type='MultiLabelHead', num_classes=1, in_channels=512))
