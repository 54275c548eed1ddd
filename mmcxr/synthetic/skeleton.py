"""Bones of the frontal film: ribs, clavicles, scapulae, spine and shoulders."""

import numpy as np

from .anatomy import Thorax, lateral_wall
from .geometry import Frame, ellipse, smooth_curve

NUM_RIBS = 11


def ribs(thorax: Thorax, slope: float) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Posterior and anterior arcs of all ribs, cm.

    A rib is half a tilted ring: from the spine it runs outwards, nearly level,
    turns down at the lateral wall and comes back in front, one arc crossing the
    next ones.

    Args:
        thorax: the chest.
        slope: how steeply the rings are tilted, about 1.

    Returns:
        One curve (N, 2) per rib and side: the posterior arcs, the anterior arcs.
    """
    back, front = [], []
    turn = np.linspace(0.05 * np.pi, 0.83 * np.pi, 26)
    for side, flip in (('right', -1), ('left', 1)):
        height = thorax.heights[side]
        spacing = height / 10.4
        for number in range(NUM_RIBS):
            start = (number - 0.45) * spacing + 0.1
            drop = slope * spacing * (1.6 + 0.30 * min(number, 7))
            y = start + drop * (0.5 - 0.5 * np.cos(turn)) + 0.5 * np.sin(turn)
            wide = lateral_wall(thorax, side, start + 0.45 * drop) + 0.15
            x = flip * np.maximum(wide * np.sin(turn) ** 0.8, 1.6)
            curve = np.stack([x, y], axis=1)
            half = 13
            back.append(curve[: half + 1])
            if number < 8:
                stop = len(curve) - (6 if number < 2 else 2)
                front.append(curve[half:stop])
    return back, front


def rib_layer(frame: Frame, arcs: list[np.ndarray], width: float) -> np.ndarray:
    """Ribs as hollow tubes: bright at the cortex; (H, W) in [0, 1]."""
    # Neighbours overlap near the spine; two layers let them add up.
    layers = [
        frame.stroke(part, width) - 0.38 * frame.stroke(part, 0.62 * width)
        for part in (arcs[::2], arcs[1::2])
        if part
    ]
    return frame.blur(sum(layers), 0.06)


def clavicles(thorax: Thorax, raised: float) -> list[np.ndarray]:
    """Both clavicles, cm; ``raised`` moves their outer ends up (AP films)."""
    wide = thorax.half_width
    curve = smooth_curve(
        [
            (1.7, 3.1 - 0.3 * raised),
            (0.28 * wide, 2.2 - 0.5 * raised),
            (0.55 * wide, 1.1 - raised),
            (0.82 * wide, -0.2 - 1.3 * raised),
            (1.05 * wide, -0.4 - 1.4 * raised),
        ]
    )
    return [curve * [-1, 1], curve]


def scapulae(thorax: Thorax, over_lung: float) -> list[np.ndarray]:
    """Both shoulder blades as closed outlines, cm.

    Args:
        thorax: the chest.
        over_lung: 0 rotated off the lungs (PA), 1 lying over them (AP).
    """
    inner = thorax.half_width * (1.05 - 0.28 * over_lung)
    outline = smooth_curve(
        [
            (inner + 0.8, 1.2),
            (inner + 5.0, 0.3),
            (inner + 6.2, 2.2),
            (inner + 4.6, 5.0),
            (inner + 2.6, 10.5),
            (inner + 1.4, 13.0),
            (inner + 0.4, 11.0),
            (inner, 6.0),
        ],
        closed=True,
    )
    return [outline * [-1, 1], outline]


def spine_layer(frame: Frame, length: float) -> np.ndarray:
    """Vertebral bodies with discs and spinous processes; (H, W) in [0, 1.5]."""
    tops = np.arange(-6.0, length + 8.0, 2.35)
    half = 1.25 + 0.022 * (tops + 6)
    bodies, pedicles = [], []
    for top, wide in zip(tops, half, strict=True):
        box = [(-wide, top), (-0.88 * wide, top + 0.95), (-wide, top + 1.95)]
        mirrored = [(-x, y) for x, y in box[::-1]]
        bodies.append(np.array(box + mirrored))
        for flip in (-1, 1):
            pedicles.append(ellipse((flip * 0.68 * wide, top + 0.7), (0.28, 0.42)))
        pedicles.append(ellipse((0, top + 1.5), (0.25, 0.55)))
    return frame.blur(frame.fill(*bodies) + 0.5 * frame.fill(*pedicles), 0.10)


def shoulder_layer(frame: Frame, thorax: Thorax, raised: float) -> np.ndarray:
    """Heads and shafts of the upper arms; (H, W) in [0, 1]."""
    x, y = thorax.half_width + 5.2, 2.0 - raised
    shapes = []
    for flip in (-1, 1):
        shapes.append(ellipse((flip * x, y), (2.3, 2.4)))
        shaft = np.array([(x - 1.2, y), (x + 1.6, y), (x + 3.4, 16), (x + 1.4, 16)])
        shapes.append(shaft * [flip, 1])
    return frame.blur(frame.fill(*shapes), 0.12)
