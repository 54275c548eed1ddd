# A classifier on MRM's image encoder, ViT-B/16: the mean of the patches after the last
# block, without the norm of pre-training, through a norm and a linear layer of its own.
# The checkpoint is given with
#   --cfg-options model.backbone.init_cfg.checkpoint=FILE
# and may be the published MRM.pth or one of ours.
model = dict(
    type='FilmClassifier',
    data_preprocessor=dict(
        type='FilmPreprocessor', mean=(0.4978, 0.4978, 0.4978),
        std=(0.2449, 0.2449, 0.2449)),
    backbone=dict(
        type='mmpretrain.VisionTransformer', arch='b', img_size=224, patch_size=16,
        final_norm=False, out_type='featmap', drop_path_rate=0.1,
        init_cfg=dict(
            type='Pretrained', checkpoint='checkpoints/MRM.pth', prefix='backbone.',
            allow_unexpected=['ln1.*'])),
    pooling='avg',
    head=dict(
        type='MultiLabelHead', num_classes=1, in_channels=768, norm=True,
        init_std=2e-5))
