# REFERS' image encoder, ViT-B/16: the class token after the last norm. Dropout is the
# authors', but that here it is behind the attention too.
model = dict(
    type='FilmEncoder',
    data_preprocessor=dict(type='FilmPreprocessor'),
    backbone=dict(
        type='mmpretrain.VisionTransformer', arch='b', img_size=224, patch_size=16,
        drop_rate=0.1))
# What the published file is, and how its authors see films.
published = dict(
    checkpoint='checkpoints/refers_checkpoint.pth',
    film_pipeline=[
        dict(type='FilmResize', size=224), dict(type='FilmCenterCrop', size=224)])
