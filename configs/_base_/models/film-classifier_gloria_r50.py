# A classifier on GLoRIA's image encoder, ResNet-50, which sees every film at 299 px
# (bilinear, corners aligned). The checkpoint is given with
#   --cfg-options model.backbone.init_cfg.checkpoint=FILE
# and may be a published file or one of ours.
model = dict(
    type='FilmClassifier',
    data_preprocessor=dict(
        type='FilmPreprocessor', mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5),
        resize=dict(size=(299, 299), mode='bilinear', align_corners=True)),
    backbone=dict(
        type='mmpretrain.ResNet', depth=50, out_indices=(3, ),
        init_cfg=dict(
            type='Pretrained', checkpoint='checkpoints/chexpert_resnet50.ckpt',
            prefix='image_backbone.')),
    head=dict(type='MultiLabelHead', num_classes=1, in_channels=2048))
