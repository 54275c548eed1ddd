"""Pooling of encoder outputs and projections into the shared space."""

from .pooling import check_pooling, feature_grid, pool_features
from .projection import LinearProjection, MLPProjection, NoProjection
