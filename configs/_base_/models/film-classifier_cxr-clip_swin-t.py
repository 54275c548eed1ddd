# A classifier on CXR-CLIP's image encoder, Swin-Tiny; the checkpoint is given with
#   --cfg-options model.backbone.init_cfg.checkpoint=FILE
# and may be a published file or one of ours.
model = dict(
    type='FilmClassifier',
    data_preprocessor=dict(
        type='FilmPreprocessor', mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)),
    backbone=dict(
        type='mmpretrain.SwinTransformer', arch='tiny', img_size=224,
        drop_path_rate=0.1,
        init_cfg=dict(
            type='Pretrained', checkpoint='checkpoints/swint_m.tar',
            prefix='image_backbone.')),
    pooling='token0',
    head=dict(type='MultiLabelHead', num_classes=1, in_channels=768))
