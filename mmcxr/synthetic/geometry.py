"""Drawing in centimetres: smooth curves, filled shapes and lines on a film.

Anatomy is described in a patient frame: centimetres, origin between the lung
apices, x to the right of the image (a frontal film's right is the patient's
left), y downwards. A :class:`Frame` carries it to pixels, so that rotation,
position and magnification of the patient reach film, masks and boxes alike.
"""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

#: OpenCV takes fixed-point vertices; four bits are 1/16 of a pixel.
SHIFT = 4


def smooth_curve(points, closed: bool = False, per_segment: int = 8) -> np.ndarray:
    """Catmull-Rom curve through control points.

    Args:
        points: (N, 2) control points; the curve passes through each.
        closed: whether the curve returns to its first point.
        per_segment: points returned for each pair of neighbouring controls.

    Returns:
        (M, 2) points along the curve.
    """
    points = np.asarray(points, dtype=np.float64)
    if closed:
        padded = np.concatenate([points[-1:], points, points[:2]])
    else:
        padded = np.concatenate(
            [2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]]
        )
    before, here, there, after = padded[:-3], padded[1:-2], padded[2:-1], padded[3:]
    t = (np.arange(per_segment) / per_segment)[None, :, None]
    before, here, there, after = (p[:, None] for p in (before, here, there, after))
    curve = here + 0.5 * t * (
        (there - before)
        + t * (2 * before - 5 * here + 4 * there - after)
        + t * t * (3 * (here - there) + after - before)
    )
    curve = curve.reshape(-1, 2)
    return curve if closed else np.concatenate([curve, points[-1:]])


def ellipse(center, radii, angle: float = 0.0, num: int = 40) -> np.ndarray:
    """Closed ellipse: ``center`` and ``radii`` as (x, y), ``angle`` in degrees."""
    t = np.linspace(0, 2 * np.pi, num, endpoint=False)
    ring = np.stack([radii[0] * np.cos(t), radii[1] * np.sin(t)], axis=1)
    turn = np.deg2rad(angle)
    rotation = [[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]
    return ring @ np.array(rotation) + np.asarray(center)


@dataclass(frozen=True)
class Frame:
    """Where the patient lies on the film.

    Args:
        shape: (H, W) of the film in pixels.
        scale: pixels per centimetre.
        rotation: of the patient on the film, degrees.
        origin: pixel (x, y) of the patient frame's origin.
    """

    shape: tuple[int, int]
    scale: float
    rotation: float
    origin: tuple[float, float]

    @cached_property
    def matrix(self) -> np.ndarray:
        """(2, 2) rotation and scale; ``pixels = cm @ matrix.T + origin``."""
        turn = np.deg2rad(self.rotation)
        cos, sin = np.cos(turn), np.sin(turn)
        return self.scale * np.array([[cos, -sin], [sin, cos]])

    @cached_property
    def grid(self) -> tuple[np.ndarray, np.ndarray]:
        """Patient coordinates (cm) of every pixel: x and y, each (H, W) float32."""
        height, width = self.shape
        inverse = np.linalg.inv(self.matrix).astype(np.float32)
        col = np.arange(width, dtype=np.float32)[None] - np.float32(self.origin[0])
        row = np.arange(height, dtype=np.float32)[:, None] - np.float32(self.origin[1])
        x = inverse[0, 0] * col + inverse[0, 1] * row
        y = inverse[1, 0] * col + inverse[1, 1] * row
        return x, y

    def pixels(self, points) -> np.ndarray:
        """Pixel coordinates (N, 2) of patient coordinates (N, 2)."""
        return np.asarray(points) @ self.matrix.T + np.asarray(self.origin)

    def fill(self, *shapes: np.ndarray) -> np.ndarray:
        """Filled closed shapes (their union), anti-aliased; (H, W) in [0, 1]."""
        layer = np.zeros(self.shape, np.uint8)
        for points in self._fixed(shapes):
            cv2.fillPoly(layer, [points], 255, lineType=cv2.LINE_AA, shift=SHIFT)
        return layer.astype(np.float32) * np.float32(1 / 255)

    def stroke(self, lines: list[np.ndarray], width: float) -> np.ndarray:
        """Open lines of ``width`` cm; (H, W) in [0, 1].

        A line thinner than a pixel is drawn one pixel wide and fainter, so that
        small films show what large ones do.
        """
        layer = np.zeros(self.shape, np.uint8)
        pixels = width * self.scale
        cv2.polylines(
            layer,
            self._fixed(lines),
            isClosed=False,
            color=255,
            thickness=max(1, round(pixels)),
            lineType=cv2.LINE_AA,
            shift=SHIFT,
        )
        return layer.astype(np.float32) * np.float32(min(1.0, pixels) / 255)

    def blur(self, layer: np.ndarray, sigma: float) -> np.ndarray:
        """Gaussian blur with ``sigma`` in cm; coarse blurs at reduced size."""
        pixels = sigma * self.scale
        if pixels < 0.2:
            return layer
        if pixels <= 4:
            return cv2.GaussianBlur(layer, (0, 0), pixels)
        factor = pixels / 2
        height, width = self.shape
        small = cv2.resize(
            layer,
            (max(1, round(width / factor)), max(1, round(height / factor))),
            interpolation=cv2.INTER_AREA,
        )
        small = cv2.GaussianBlur(small, (0, 0), 2, borderType=cv2.BORDER_REPLICATE)
        return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)

    def glow(self, center, radii) -> np.ndarray:
        """Gaussian bump, 1 at ``center``, with (x, y) ``radii`` as sigmas, in cm."""
        x, y = self.grid
        x = (x - np.float32(center[0])) * np.float32(1 / radii[0])
        y = (y - np.float32(center[1])) * np.float32(1 / radii[1])
        return np.exp(np.float32(-0.5) * (x * x + y * y))

    def _fixed(self, shapes) -> list[np.ndarray]:
        """Fixed-point pixels of several curves, carried over in one product."""
        pixels = self.pixels(np.concatenate(shapes)) * (1 << SHIFT)
        ends = np.cumsum([len(points) for points in shapes])
        return np.split(np.round(pixels).astype(np.int32), ends[:-1])


def smoothstep(value: np.ndarray, low: float, high: float) -> np.ndarray:
    """0 below ``low``, 1 above ``high``, smooth between; either may be larger."""
    scale = np.float32(1 / (high - low))
    t = np.clip((value - np.float32(low)) * scale, 0, 1)
    return t * t * (3 - 2 * t)
