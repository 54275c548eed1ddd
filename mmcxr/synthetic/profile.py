"""Shapes of the chest from the side, in cm; the sternum at negative x."""

from dataclasses import dataclass

import numpy as np

from .anatomy import heart_ratio
from .geometry import smooth_curve
from .plan import Finding, Patient

# Walls of a lung of height 1 and depth 1: (u, v), from apex to base.
FRONT = [(0.43, 0.0), (0.33, 0.06), (0.19, 0.18), (0.07, 0.36), (0.02, 0.55)]
FRONT += [(0.02, 0.68), (0.05, 0.78)]
BACK = [(0.60, 0.0), (0.76, 0.06), (0.90, 0.18), (0.98, 0.38), (1.0, 0.60)]
BACK += [(0.985, 0.82), (0.95, 1.0)]
DOME = [(0.95, 1.0), (0.82, 0.91), (0.62, 0.82), (0.38, 0.765), (0.18, 0.765)]


@dataclass(frozen=True)
class Profile:
    """A patient's chest from the side.

    Args:
        depth: of the inner thorax, sternum to posterior wall, cm.
        heights: of the right and the left lung, apex to posterior sulcus, cm.
        lungs: outline by side, (N, 2) cm.
        heart: outline.
        body: outline of the skin.
        spine: middle of the vertebral column, (N, 2).
        vertebrae: outlines of the vertebral bodies.
        sternum: (N, 2).
        ribs: curves of both sides.
    """

    depth: float
    heights: dict[str, float]
    lungs: dict[str, np.ndarray]
    heart: np.ndarray
    body: np.ndarray
    spine: np.ndarray
    vertebrae: list[np.ndarray]
    sternum: np.ndarray
    ribs: list[np.ndarray]


def lateral_profile(patient: Patient, findings: dict[str, Finding], rng) -> Profile:
    """The chest of a patient on a lateral film.

    Args:
        patient: the patient.
        findings: those drawn, by name; they change heart and diaphragm.
        rng: generator of the film (inspiration).
    """
    stout = float(np.clip(patient.anatomy[4], -2, 2))
    depth = 1.32 * patient.half_width + 0.5 * stout
    heights = {'right': 1.02 * patient.height * rng.uniform(0.94, 1.0)}
    heights['left'] = heights['right'] + rng.uniform(0.5, 1.5)
    atelectasis = findings.get('Atelectasis')
    if atelectasis:
        loss = 1.6 + 0.7 * atelectasis.level + 0.5 * atelectasis.extent
        heights[atelectasis.side] -= loss
    height = max(heights.values())
    spine = _spine(depth, height)
    front = np.array(FRONT) * [depth, height] - [0.5 * depth, 0]
    return Profile(
        depth=depth,
        heights=heights,
        lungs={side: _lung(depth, heights[side]) for side in heights},
        heart=_heart(heart_ratio(patient, 'PA', findings), depth, heights),
        body=_body(depth, patient),
        spine=spine,
        vertebrae=_vertebrae(spine),
        sternum=smooth_curve(front[1:6] - [0.9, 0.0]),
        ribs=_ribs(depth, height, rng),
    )


def wall(profile: Profile, v) -> tuple[np.ndarray, np.ndarray]:
    """Anterior and posterior wall, x in cm, at heights ``v`` of the lung."""
    edges = []
    for points in (FRONT, BACK):
        u, heights = np.array(points).T
        edges.append((np.interp(v, heights, u) - 0.5) * profile.depth)
    return edges[0], edges[1]


def _lung(depth: float, height: float) -> np.ndarray:
    wall = smooth_curve(FRONT[::-1] + BACK)
    dome = smooth_curve([*DOME, FRONT[-1]])
    outline = np.concatenate([wall, dome[1:-1]])
    return (outline - [0.5, 0]) * [depth, height]


def _heart(ratio: float, depth: float, heights: dict[str, float]) -> np.ndarray:
    """Heart on the diaphragm behind the sternum; a large one nears the spine."""
    length = depth * (0.46 + 1.15 * (ratio - 0.44))
    base = 0.80 * max(heights.values())
    tall = base * (0.40 + 0.35 * (ratio - 0.44))
    front = -0.47 * depth
    outline = [(0.0, 0.0), (0.04, -0.38), (0.22, -0.76), (0.46, -1.0), (0.70, -0.96)]
    outline += [(0.90, -0.70), (1.0, -0.36), (0.94, -0.06), (0.70, 0.08), (0.3, 0.06)]
    return smooth_curve(np.array(outline) * [length, tall] + [front, base], True)


def _spine(depth: float, height: float) -> np.ndarray:
    """Kyphotic column at the back of the lungs."""
    curve = [(0.66, -0.25), (0.76, 0.0), (0.86, 0.22), (0.90, 0.5), (0.88, 0.8)]
    curve += [(0.83, 1.1), (0.80, 1.5)]
    return smooth_curve((np.array(curve) - [0.5, 0]) * [depth, height], per_segment=16)


def _vertebrae(spine: np.ndarray) -> list[np.ndarray]:
    """Bodies along the column, 2.6 cm apart, with discs between."""
    steps = np.linalg.norm(np.diff(spine, axis=0), axis=1)
    along = np.concatenate([[0], np.cumsum(steps)])
    bodies = []
    for start in np.arange(0.5, along[-1] - 2.6, 2.6):
        ends = [np.interp([start, start + 2.05], along, spine[:, i]) for i in (0, 1)]
        top, bottom = np.array(ends).T
        across = np.array([bottom[1] - top[1], top[0] - bottom[0]])
        across *= (1.35 + 0.012 * start) / np.linalg.norm(across)
        bodies.append(np.array([top - across, top + across, bottom + across]))
        bodies[-1] = np.concatenate([bodies[-1], [bottom - across]])
    return bodies


def _ribs(depth: float, height: float, rng) -> list[np.ndarray]:
    """Ribs of both sides: from the back obliquely down to the front."""
    ribs = []
    offset = rng.uniform(0.01, 0.03)
    for number in range(9):
        for side in (0, 1):
            v = 0.04 + 0.095 * number + offset * side
            u_back = np.interp(v, *np.array(BACK).T[::-1]) - 0.02 + 0.03 * side
            points = [(u_back, v), (0.72, v + 0.07), (0.42, v + 0.19), (0.2, v + 0.26)]
            ribs.append(smooth_curve((np.array(points) - [0.5, 0]) * [depth, height]))
    return ribs


def _body(depth: float, patient: Patient) -> np.ndarray:
    """Skin; the raised arms leave above, the breasts bulge in front."""
    half, fat = 0.5 * depth, patient.fat
    bust = (1.2 + 0.5 * fat) if patient.sex == 'F' else 0.2 * fat
    front = [(-7.5, -12.0), (-6.5, -4.0), (-0.75 * half, 2.0), (-half - 1.2, 8.0)]
    front += [(-half - 1.9 - 0.3 * fat, 12.0), (-half - 1.9 - 0.3 * fat - bust, 17.0)]
    front += [(-half - 1.8 - 0.5 * fat, 22.0), (-half - 1.0 - 0.8 * fat, 50.0)]
    back = [(half + 1.0, 50.0), (half + 1.4, 27.0), (half + 2.2 + 0.3 * fat, 14.0)]
    back += [(half + 2.0 + 0.3 * fat, 6.0), (half + 0.8, 0.0), (half + 0.5, -12.0)]
    return np.concatenate([smooth_curve(front), smooth_curve(back)])
