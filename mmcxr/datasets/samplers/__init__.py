from .epoch_sampler import EpochSampler
