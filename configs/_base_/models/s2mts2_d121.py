# S2MTS2's image encoder, DenseNet-121 with leaky activations. Pre-training saw films of
# 256 px.
model = dict(
    type='FilmEncoder',
    data_preprocessor=dict(type='FilmPreprocessor'),
    backbone=dict(
        type='mmpretrain.DenseNet', arch='121',
        act_cfg=dict(type='LeakyReLU', negative_slope=0.1)))
# What the published file is, and how its authors see films.
published = dict(
    checkpoint='checkpoints/s2mts2-chexpert.pth.tar',
    film_pipeline=[dict(type='FilmResize', size=512)],
    keeps_shape=True)
