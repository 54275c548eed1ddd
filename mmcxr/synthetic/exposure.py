"""From attenuation to a film: exposure, scatter, noise, collimation, marker."""

import cv2
import numpy as np

from .geometry import Frame, smoothstep

#: Attenuation of clear lung, soft tissue and bone lie near 0.3, 0.9 and 1.1.
CENTER, WIDTH = 0.60, 0.21


def expose(attenuation: np.ndarray, frame: Frame, portable: bool, rng) -> np.ndarray:
    """Develop a film.

    Args:
        attenuation: (H, W), see :data:`CENTER`.
        frame: patient to pixels.
        portable: bedside films vary more in exposure, scatter and noise.
        rng: generator of the film.

    Returns:
        (H, W) in [0, 1], float32, black where nothing stopped the beam.
    """
    spread = 1.5 if portable else 1.0
    field = rng.normal(size=(3, 3)).astype(np.float32)
    height, width = frame.shape
    field = cv2.resize(field, (width, height), interpolation=cv2.INTER_CUBIC)
    exposed = attenuation * np.float32(rng.uniform(0.94, 1.06)) + 0.018 * spread * field
    veil = rng.uniform(0.05, 0.15) * spread  # scatter lowers contrast
    exposed = (1 - veil) * exposed + veil * frame.blur(exposed, 3.0)
    center = CENTER + float(np.clip(0.045 * spread * rng.normal(), -0.11, 0.11))
    slope = WIDTH * rng.uniform(0.85, 1.25)
    film = 1 / (1 + np.exp((center - exposed) / slope))
    floor = 1 / (1 + float(np.exp(center / slope)))
    film = (film - floor) * (rng.uniform(0.86, 0.97) / (1 - floor))
    film = _noise(film, frame, 0.011 * spread * rng.uniform(0.6, 1.5), rng)
    return np.clip(film + rng.uniform(0.0, 0.05), 0, 1)


def collimate(film: np.ndarray, rng) -> np.ndarray:
    """Black or white borders beyond the collimator's blades, on some films."""
    if rng.random() > 0.35:
        return film
    height, width = film.shape
    left, right, top, bottom = rng.uniform(0.0, 0.045, 4)
    turn = rng.uniform(-0.02, 0.02)
    row = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    col = np.linspace(0, 1, width, dtype=np.float32)[None]
    slanted_col, slanted_row = col + turn * (row - 0.5), row - turn * (col - 0.5)
    margins = np.minimum(
        np.minimum(slanted_col - left, 1 - right - slanted_col),
        np.minimum(slanted_row - top, 1 - bottom - slanted_row),
    )
    inside = smoothstep(margins, -0.002, 0.003)
    blade = 0.97 if rng.random() < 0.15 else 0.02
    return film * inside + np.float32(blade) * (1 - inside)


def mark(film: np.ndarray, frame: Frame, letter: str, spot, rng) -> np.ndarray:
    """Stamp a lead side marker.

    Args:
        film: (H, W) in [0, 1].
        frame: patient to pixels.
        letter: 'L' or 'R'.
        spot: lower left corner of the letter as a share of (width, height).
        rng: generator of the film.
    """
    height, width = film.shape
    size = rng.uniform(1.3, 1.9) * frame.scale  # letter height in pixels
    stamp = np.zeros(film.shape, np.uint8)
    corner = (round(spot[0] * width - size / 2), round(spot[1] * height))
    thick = max(1, round(0.12 * size))
    cv2.putText(
        stamp,
        letter,
        corner,
        cv2.FONT_HERSHEY_SIMPLEX,
        size / 22,
        255,
        thick,
        cv2.LINE_AA,
    )
    layer = stamp.astype(np.float32) * np.float32(rng.uniform(0.8, 1.0) / 255)
    return np.maximum(film, film * (1 - layer) + 0.96 * layer)


def _noise(film: np.ndarray, frame: Frame, strength: float, rng) -> np.ndarray:
    """Grain: quantum noise, some of it blurred by the detector; more in white."""
    grain = rng.standard_normal(film.shape, dtype=np.float32)
    soft = cv2.GaussianBlur(grain, (0, 0), 0.8)
    grain = 0.45 * grain + 1.4 * soft
    return film + np.float32(strength) * grain * (0.7 + 0.6 * film)
