# MedAug's image encoder, ResNet-50, with the grey values of MoCo-CXR.
model = dict(
    type='FilmEncoder',
    data_preprocessor=dict(
        type='FilmPreprocessor', mean=(0.5020, 0.5020, 0.5020),
        std=(0.085585, 0.085585, 0.085585)),
    backbone=dict(type='mmpretrain.ResNet', depth=50, out_indices=(3, )))
# What the published file is, and how its authors see films.
published = dict(
    checkpoint='checkpoints/medaug_mimic-cxr_resnet50.pth.tar',
    film_pipeline=[
        dict(type='FilmResize', size=320), dict(type='FilmCenterCrop', size=320)])
