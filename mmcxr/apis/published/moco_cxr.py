"""MoCo-CXR: the query encoder and its projection."""

from mmcxr.published import moco_cxr

from .encoders import convolutional, film_encoder
from .system import PublishedSystem


def model_config(info: dict) -> dict:
    """Config of the model that the converter's ``info`` describes; MedAug's too."""
    backbone = convolutional(info['image_encoder'])
    return film_encoder(info, backbone, 'mmcxr.TwoLayerProjection')


SYSTEM = PublishedSystem(moco_cxr, model_config)
