"""Lung markings: vessels that branch from the hila and thin out to the edge."""

import numpy as np

from .geometry import Frame
from .scene import Lung

NUM_BRANCHES = 16
WIDTHS = (0.50, 0.38, 0.29, 0.22, 0.17, 0.13)  # cm, from hilum to periphery
STEPS = 4  # points of a branch at each width


def vessel_layer(frame: Frame, lung: Lung, engorged: float, rng) -> np.ndarray:
    """Vessels of one lung.

    Args:
        frame: patient to pixels.
        lung: the lung; only its hilum, height and side are read.
        engorged: 0 healthy, 1 wide and upper-lobe vessels of severe edema.
        rng: generator of the film.

    Returns:
        (H, W) in about [0, 1]; not yet cut to the lung.
    """
    outward = 0.0
    if len(lung.sides) == 1:
        outward = np.pi if lung.sides[0] == 'right' else 0.0
        # Most run up to the apex or down to the base, few straight outwards.
        fan = np.linspace(-1, 1, NUM_BRANCHES)
        fan = 1.5 * np.sign(fan) * np.abs(fan) ** 0.6 + 0.1
    else:
        fan = np.linspace(-np.pi, np.pi, NUM_BRANCHES)
    fan = fan + rng.normal(0, 0.12, len(fan))
    heading = outward + (fan if outward == 0 else -fan)
    reach = 0.42 * lung.height * rng.uniform(0.6, 1.15, len(fan))
    root = lung.hilum + np.stack(
        [
            rng.normal(0, 0.4, len(fan)),
            1.6 * np.sin(fan) + rng.normal(0, 0.5, len(fan)),
        ],
        axis=1,
    )
    paths = _walk(root, heading, reach, rng)
    start = rng.integers(4, 10, len(fan))
    bend = rng.choice([-1, 1], len(fan)) * rng.uniform(0.35, 0.7, len(fan))
    twigs = _walk(paths[np.arange(len(fan)), start], heading + bend, 0.6 * reach, rng)
    layer = np.zeros(frame.shape, np.float32)
    for index, width in enumerate(WIDTHS):
        first, last = index * STEPS, (index + 1) * STEPS + 1
        lines = list(paths[:, first:last])
        if index >= 2:
            lines += list(twigs[:, (index - 2) * STEPS : (index - 1) * STEPS + 1])
        drawn = frame.stroke(lines, width * (1 + 0.9 * engorged))
        layer = np.maximum(layer, drawn * (1 - 0.09 * index))
    return frame.blur(layer, 0.07)


def _walk(start, heading, reach, rng) -> np.ndarray:
    """Wandering paths (N, P, 2) from ``start`` (N, 2) along ``heading`` (N,)."""
    num = STEPS * len(WIDTHS)
    turns = np.cumsum(rng.normal(0, 0.10, (len(heading), num)), axis=1)
    angle = heading[:, None] + turns
    step = (reach / num)[:, None, None]
    moves = np.stack([np.cos(angle), np.sin(angle)], axis=2) * step
    return np.concatenate(
        [start[:, None], start[:, None] + np.cumsum(moves, axis=1)], axis=1
    )
