"""What a run needs besides models and data. Importing it makes all loading safe."""

from . import hooks, pretrained_init
from .fully_sharded import FullyShardedStrategy
from .layer_decay import LayerDecayConstructor
from .merged_groups import MergedGroupsConstructor
from .optim_wrapper import AutocastOptimWrapper
from .safe_loading import secure_checkpoint_loading
from .schedulers import WarmupCosineLR

secure_checkpoint_loading()
