from .epoch_sampler import EpochSampler
from .positive_sampler import PositiveSampler
from .shard_sampler import ShardSampler
