# A classifier on REFERS' image encoder, ViT-B/16: the class token after the last norm.
# The checkpoint is given with
#   --cfg-options model.backbone.init_cfg.checkpoint=FILE
# and is the file its fine-tuning reads. For one of its pre-training, or of ours:
#   --cfg-options model.backbone.init_cfg.prefix=image_backbone.
# Dropout is the authors', but that here it is behind the attention too.
model = dict(
    type='FilmClassifier',
    data_preprocessor=dict(type='FilmPreprocessor'),
    backbone=dict(
        type='mmpretrain.VisionTransformer', arch='b', img_size=224, patch_size=16,
        drop_rate=0.1,
        init_cfg=dict(
            type='Pretrained', checkpoint='checkpoints/refers_checkpoint.pth',
            prefix='backbone.')),
    head=dict(type='MultiLabelHead', num_classes=1, in_channels=768))
