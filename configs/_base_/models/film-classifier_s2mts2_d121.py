# A classifier on S2MTS2's image encoder, DenseNet-121 with leaky activations; the
# checkpoint is given with
#   --cfg-options model.backbone.init_cfg.checkpoint=FILE
# and may be the published file, of the authors or as cxrlearn ships it. Pre-training
# saw films of 256 px.
model = dict(
    type='FilmClassifier',
    data_preprocessor=dict(type='FilmPreprocessor'),
    backbone=dict(
        type='mmpretrain.DenseNet', arch='121',
        act_cfg=dict(type='LeakyReLU', negative_slope=0.1),
        init_cfg=dict(
            type='Pretrained', checkpoint='checkpoints/s2mts2-chexpert.pth.tar',
            prefix='backbone.')),
    head=dict(type='MultiLabelHead', num_classes=1, in_channels=1024))
