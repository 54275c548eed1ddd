"""All randomness of a sample comes from (seed, epoch, index).

Transforms of any library draw from Python's ``random``, numpy's global generator or
torch's CPU generator. :func:`sample_seed` seeds the three around the pipeline, so a
sample is the same in whichever process, however many workers there are, and
after a resume.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

_MASK = 2**64 - 1
# Swapping generators takes microseconds, numpy's get_state and set_state 60 each.
_SPARE: list[np.random.MT19937] = []


def hash_numbers(*numbers: int) -> int:
    """One 64-bit number from several; order matters, neighbours differ everywhere.

    SplitMix64 (Steele et al., 2014, https://doi.org/10.1145/2660193.2660195),
    chained.
    """
    state = 0
    for number in numbers:
        state = (state + number + 0x9E3779B97F4A7C15) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        state ^= state >> 31
    return state


@contextmanager
def sample_seed(seed: int, epoch: int, index: int) -> Iterator[None]:
    """Seed ``random``, ``np.random`` and torch's CPU generator; restore them after.

    About 50 microseconds. Other generators (of a GPU, or made by hand) are left
    alone. What is restored of numpy lacks one thing: the spare of a pair of
    normal deviates.

    Args:
        seed: of the run.
        epoch: from 0.
        index: of the sample in its dataset.
    """
    key = hash_numbers(seed, epoch, index)
    # Python and numpy hold the same Mersenne twister: one key would make them draw
    # the same numbers.
    python, numpy, pytorch = (hash_numbers(key, stream) for stream in range(3))
    python_state = random.getstate()
    torch_state = torch.default_generator.get_state()
    numpy_bits = np.random.get_bit_generator()
    own_bits = _SPARE.pop() if _SPARE else np.random.MT19937()
    try:
        np.random.set_bit_generator(own_bits)
        random.seed(python)
        np.random.seed([numpy >> 32, numpy & 0xFFFFFFFF])
        torch.default_generator.manual_seed(pytorch)
        yield
    finally:
        random.setstate(python_state)
        np.random.set_bit_generator(numpy_bits)
        torch.default_generator.set_state(torch_state)
        _SPARE.append(own_bits)
