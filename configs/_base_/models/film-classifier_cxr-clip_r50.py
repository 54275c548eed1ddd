# A classifier on CXR-CLIP's image encoder, ResNet-50; the checkpoint is given with
#   --cfg-options model.backbone.init_cfg.checkpoint=FILE
# and may be a published file or one of ours.
model = dict(
    type='FilmClassifier',
    data_preprocessor=dict(type='FilmPreprocessor'),
    backbone=dict(
        type='mmpretrain.ResNet', depth=50, out_indices=(3, ),
        init_cfg=dict(
            type='Pretrained', checkpoint='checkpoints/r50_m.tar',
            prefix='image_backbone.')),
    head=dict(type='MultiLabelHead', num_classes=1, in_channels=2048))
