"""Configs of what several systems publish alike."""

from .system import film_preprocessor


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
