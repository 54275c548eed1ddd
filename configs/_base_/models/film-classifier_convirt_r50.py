# A classifier on ConVIRT's image encoder, ResNet-50; the checkpoint is given with
#   --cfg-options model.backbone.init_cfg.checkpoint=FILE
# and is the flat file that cxrlearn ships. For one of ConVIRT's trainer, or of ours:
#   --cfg-options model.backbone.init_cfg.prefix=image_backbone.
model = dict(
    type='FilmClassifier',
    data_preprocessor=dict(type='FilmPreprocessor'),
    backbone=dict(
        type='mmpretrain.ResNet', depth=50, out_indices=(3, ),
        init_cfg=dict(
            type='Pretrained', checkpoint='checkpoints/convirt_chest_mimic.pt')),
    head=dict(type='MultiLabelHead', num_classes=1, in_channels=2048))
