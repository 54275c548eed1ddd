# MoCo-CXR, ResNet-50: both encoders begin as ImageNet's, with two linear layers behind.
model = dict(
    type='MoCo',
    data_preprocessor=dict(
        type='FilmPreprocessor', mean=(0.5020, 0.5020, 0.5020),
        std=(0.085585, 0.085585, 0.085585)),
    backbone=dict(
        type='mmpretrain.ResNet', depth=50, out_indices=(3, ),
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50')),
    projection=dict(type='TwoLayerProjection', in_channels=2048, out_channels=128),
    queue_length=24576,
    momentum=0.999,
    temperature=0.2)
# What the published file is, and how its authors see films.
published = dict(
    checkpoint='checkpoints/moco-cxr_resnet50.pth.tar',
    film_pipeline=[
        dict(type='FilmResize', size=320), dict(type='FilmCenterCrop', size=320)])
