"""Shapes of the frontal chest: lungs, heart, mediastinum and body, in cm."""

from dataclasses import dataclass

import numpy as np

from .geometry import smooth_curve
from .plan import Finding, Patient

#: Cardiothoracic ratio of each level of cardiomegaly: (lowest, range).
CARDIOMEGALY_RATIO = ((0.58, 0.035), (0.625, 0.04), (0.675, 0.05))

# The right lung's outline on a lung of height 1 and half-thorax of width 1.
MEDIAL = [(0.19, 0.93), (0.17, 0.80), (0.19, 0.55), (0.20, 0.30), (0.19, 0.14)]
APEX = [(0.23, 0.06), (0.36, 0.0), (0.51, 0.015), (0.66, 0.09)]
LATERAL = [(0.80, 0.23), (0.90, 0.46), (0.96, 0.65), (0.99, 0.82), (0.985, 1.0)]
DOME = [(0.985, 1.0), (0.88, 0.935), (0.70, 0.875), (0.48, 0.86), (0.30, 0.885)]


@dataclass(frozen=True)
class Thorax:
    """A patient's chest as one film shows it; the heart's right is negative x.

    Args:
        half_width: inner half-width of the thorax, cm.
        heights: of the right and the left lung, apex to costophrenic angle, cm.
        shift: of the mediastinum to the image's right, cm.
        lungs: outline of the pleural cavity by side, (N, 2) cm.
        heart: outline of the heart.
        mediastinum: outline of the vessels and trachea above the heart.
        body: outline of the skin.
        hila: centre of each hilum by side, (2,) cm.
    """

    half_width: float
    heights: dict[str, float]
    shift: float
    lungs: dict[str, np.ndarray]
    heart: np.ndarray
    mediastinum: np.ndarray
    body: np.ndarray
    hila: dict[str, np.ndarray]


def sign(side: str) -> int:
    """-1 for the right, which is on the image's left; 1 for the left."""
    return {'right': -1, 'left': 1}[side]


def frontal_thorax(patient: Patient, view: str, findings: dict[str, Finding], rng):
    """The chest of a patient on a PA or AP film.

    Args:
        patient: the patient.
        view: 'PA' or 'AP'; the latter magnifies the heart and is taken in bed,
            with less air in the chest.
        findings: those drawn, by name; they change heart and diaphragm.
        rng: generator of the film (inspiration, position).
    """
    portable = view == 'AP'
    breath = rng.uniform(0.84, 0.95) if portable else rng.uniform(0.93, 1.0)
    width = patient.half_width * rng.uniform(0.985, 1.015)
    heights = {'right': patient.height * breath}
    heights['left'] = heights['right'] + rng.uniform(0.5, 1.5)
    shift = _shift(findings)
    ratio = heart_ratio(patient, view, findings)
    atelectasis = findings.get('Atelectasis')
    if atelectasis:
        loss = 1.6 + 0.7 * atelectasis.level + 0.5 * atelectasis.extent
        heights[atelectasis.side] -= loss
        shift += 0.25 * loss * sign(atelectasis.side)
    lungs = {side: lung_outline(width, heights[side], side) for side in heights}
    top = {side: lungs[side][:, 1].max() for side in lungs}
    base = 0.905 * max(top.values())
    return Thorax(
        half_width=width,
        heights=heights,
        shift=shift,
        lungs=lungs,
        heart=_heart(ratio, width, base, shift, patient.anatomy),
        mediastinum=_mediastinum(width, base, shift, patient, portable),
        body=_body(width, patient),
        hila={
            'right': np.array([-0.27 * width + shift, 0.47 * heights['right']]),
            'left': np.array([0.29 * width + shift, 0.43 * heights['left']]),
        },
    )


def heart_ratio(patient: Patient, view: str, findings: dict[str, Finding]) -> float:
    """Cardiothoracic ratio on this view; above 0.55 with cardiomegaly only."""
    magnified = 0.03 if view == 'AP' else 0.0
    if 'Cardiomegaly' not in findings:
        return patient.heart_ratio + magnified
    finding = findings['Cardiomegaly']
    lowest, span = CARDIOMEGALY_RATIO[finding.level]
    return lowest + span * finding.extent + magnified / 2


def lung_outline(width: float, height: float, side: str) -> np.ndarray:
    """Outline of one pleural cavity, (N, 2) cm, with a sharp costophrenic angle."""
    wall = smooth_curve(MEDIAL + APEX + LATERAL)
    dome = smooth_curve([*DOME, MEDIAL[0]])
    outline = np.concatenate([wall, dome[1:-1]])
    return outline * [sign(side) * width, height]


def lateral_wall(thorax: Thorax, side: str, y) -> np.ndarray:
    """Distance (cm) of the lateral chest wall from the midline at heights ``y``."""
    wall = np.array(APEX[1:] + LATERAL)
    return thorax.half_width * np.interp(
        np.asarray(y) / thorax.heights[side], wall[:, 1], wall[:, 0]
    )


def _shift(findings: dict[str, Finding]) -> float:
    """Mediastinal shift: large collections of air or fluid push it away."""
    shift = 0.0
    for name in ('Pleural Effusion', 'Pneumothorax'):
        finding = findings.get(name)
        if finding and finding.level == 2 and finding.side != 'bilateral':
            shift -= (0.8 + 0.6 * finding.extent) * sign(finding.side)
    return shift


def _heart(ratio: float, chest: float, base, shift, anatomy) -> np.ndarray:
    """Heart ``ratio`` of the chest wide; its apex points to the image's right."""
    width = 2 * ratio * chest
    height = 0.5 * base * (0.92 + 0.007 * width) + 0.3 * anatomy[0]
    lean = 0.68 + 0.015 * np.clip(anatomy[1], -2, 2)
    lean = min(lean, 0.88 * chest / width)  # the apex stays inside the ribs
    right, left = (1 - lean) * width, lean * width
    outline = smooth_curve(
        [
            (-0.55 * right, base - height),
            (-0.90 * right, base - 0.70 * height),
            (-1.00 * right, base - 0.40 * height),
            (-0.86 * right, base - 0.08 * height),
            (0.10 * left, base + 0.10 * height),
            (0.70 * left, base + 0.08 * height),
            (0.95 * left, base - 0.06 * height),
            (0.98 * left, base - 0.22 * height),
            (0.82 * left, base - 0.47 * height),
            (0.54 * left, base - 0.76 * height),
            (0.33 * left, base - height),
        ],
        closed=True,
    )
    x = outline[:, 0]
    outline[:, 0] = (x - x.min()) / np.ptp(x) * width - right + shift
    return outline


def _mediastinum(width, base, shift, patient: Patient, portable: bool) -> np.ndarray:
    """Great vessels: straight right border, aortic knob and descending aorta."""
    wide = 1.12 if portable else 1.0
    knob = 0.235 * width * wide + 0.012 * max(patient.age - 50, 0)
    knob += 0.15 * np.clip(patient.anatomy[2], -2, 2)
    half = 0.19 * width * wide
    outline = np.array(
        [
            (-0.75 * half, -5.0),
            (-0.85 * half, 0.0),
            (-0.95 * half, 0.12 * base),
            (-1.05 * half, 0.30 * base),
            (-1.15 * half, 0.50 * base),
            (-0.6 * half, 0.90 * base),
            (0.9 * half, 0.95 * base),
            (1.25 * half, 0.60 * base),
            (1.15 * half, 0.42 * base),
            (0.98 * knob, 0.345 * base),
            (knob, 0.28 * base),
            (0.85 * knob, 0.215 * base),
            (0.95 * half, 0.12 * base),
            (0.80 * half, 0.0),
            (0.75 * half, -5.0),
        ]
    )
    outline[:, 0] += shift * np.clip(outline[:, 1] / base + 0.4, 0, 1)
    return smooth_curve(outline, closed=True)


def _body(width: float, patient: Patient) -> np.ndarray:
    """Skin: neck, shoulders, axillae and flanks, running off the film below."""
    side = width + 1.6 + patient.fat
    half = np.array(
        [
            (5.0 + 0.3 * patient.fat, -12.0),
            (5.2 + 0.3 * patient.fat, -5.5),
            (7.5, -3.6),
            (13.0, -2.2),
            (width + 6.0, 0.8),
            (width + 9.0, 5.0),
            (width + 9.5, 9.0),
            (side + 2.6, 12.0),
            (side + 0.4, 15.0),
            (side, 20.0),
            (side + 0.1, 28.0),
            (side - 0.5, 50.0),
        ]
    )
    curve = smooth_curve(half)
    return np.concatenate([curve, curve[::-1] * [-1, 1]])
