"""S2MTS2: a DenseNet with leaky activations, and its projection."""

from mmcxr.published import s2mts2

from .encoders import convolutional, film_encoder
from .system import PublishedSystem

LEAKY = dict(type='LeakyReLU', negative_slope=0.1)


def model_config(info: dict) -> dict:
    """Config of the model that the converter's ``info`` describes."""
    backbone = dict(convolutional(info['image_encoder']), act_cfg=LEAKY)
    return film_encoder(info, backbone, 'mmcxr.S2MTS2Projection')


def film_pipeline(info: dict) -> list[dict]:
    """Shorter side to 512 pixels; nothing is cut off."""
    return [dict(type='mmcxr.FilmResize', size=info['image_size'])]


SYSTEM = PublishedSystem(
    s2mts2, model_config, film_pipeline=film_pipeline, keeps_shape=True
)
