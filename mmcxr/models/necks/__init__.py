"""What stands behind an encoder: pooling, projections, decoders of maps and pixels."""

from .pixel_decoder import PixelDecoder
from .pooling import check_pooling, feature_grid, pool_features
from .projection import LinearProjection, MLPProjection, NoProjection
from .unet import UNetNeck
