# A classifier on MoCo-CXR's image encoder, ResNet-50; the checkpoint is given with
#   --cfg-options model.backbone.init_cfg.checkpoint=FILE
# and may be a published file, of the authors or as cxrlearn ships it. Pre-training saw
# films of 320 px.
model = dict(
    type='FilmClassifier',
    data_preprocessor=dict(
        type='FilmPreprocessor', mean=(0.5020, 0.5020, 0.5020),
        std=(0.085585, 0.085585, 0.085585)),
    backbone=dict(
        type='mmpretrain.ResNet', depth=50, out_indices=(3, ),
        init_cfg=dict(
            type='Pretrained', checkpoint='checkpoints/moco-cxr_resnet50.pth.tar',
            prefix='backbone.')),
    head=dict(type='MultiLabelHead', num_classes=1, in_channels=2048))
