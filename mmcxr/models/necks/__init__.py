"""What follows an encoder: pooling, projections, decoders of maps and pixels."""

from .pixel_decoder import PixelDecoder
from .pooling import check_pooling, feature_grid, pool_features
from .projection import (
    LinearProjection,
    MLPProjection,
    NoProjection,
    S2MTS2Projection,
    TwoLayerProjection,
)
from .report_decoder import ReportDecoder
from .unet import UNetNeck
from .view_fusion import ViewFusion
