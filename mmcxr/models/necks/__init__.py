"""Pooling, projections into the shared space, and the decoder of pixels."""

from .pixel_decoder import PixelDecoder
from .pooling import check_pooling, feature_grid, pool_features
from .projection import LinearProjection, MLPProjection, NoProjection
