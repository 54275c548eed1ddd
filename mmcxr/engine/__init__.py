"""What a run needs beside models and data; importing it closes unsafe loading."""

from . import hooks, pretrained_init
from .checkpoint_doors import secure_checkpoint_loading
from .fully_sharded import FullyShardedStrategy
from .layer_decay import LayerDecayConstructor
from .merged_groups import MergedGroupsConstructor
from .optim_wrapper import AutocastOptimWrapper
from .schedulers import WarmupCosineLR

secure_checkpoint_loading()
