"""Parts of configs that several systems publish alike."""


def resized_and_cut(info: dict) -> list[dict]:
    """The shorter side to ``image_size``, and the central square of that."""
    size = info['image_size']
    return [
        dict(type='mmcxr.FilmResize', size=size),
        dict(type='mmcxr.FilmCenterCrop', size=size),
    ]


def film_preprocessor(info: dict) -> dict:
    """Config of the data preprocessor with a file's mean and standard deviation."""
    return dict(type='mmcxr.FilmPreprocessor', mean=info['mean'], std=info['std'])


def convolutional(name: str) -> dict:
    """Config of the backbone that a converter calls ``'resnet50'``, ..."""
    if name.startswith('resnet'):
        depth = int(name.removeprefix('resnet'))
        return dict(type='mmpretrain.ResNet', depth=depth, out_indices=(3,))
    return dict(type='mmpretrain.DenseNet', arch=name.removeprefix('densenet'))


def film_encoder(info: dict, backbone: dict, projection: str) -> dict:
    """Config of a :class:`FilmEncoder`.

    Args:
        info: of the converter.
        backbone: config of the encoder.
        projection: type of the projection, where the file has one.
    """
    config = dict(
        type='mmcxr.FilmEncoder',
        backbone=backbone,
        data_preprocessor=film_preprocessor(info),
    )
    if info['projection'] is not None:
        config['projection'] = dict(
            type=projection, in_channels=info['image_channels'], **info['projection']
        )
    return config
