"""What a drawn film is: pixels, masks and boxes; and how it is framed."""

from dataclasses import dataclass

import cv2
import numpy as np

from .geometry import Frame
from .scene import Scene

#: Height over width of the cassettes: square, portrait, landscape.
ASPECTS = (1.0, 1.0, 1.2, 1 / 1.2)


@dataclass(frozen=True)
class DrawnFilm:
    """A finished film.

    Args:
        pixels: (H, W) float32, exactly from 0 to 1: a deeper file holds the same
            film whether its reader stretches it or not.
        spacing: size of a pixel, cm.
        masks: (H, W) bool by name: 'lungs' and 'heart' always, 'pneumothorax'
            where one was drawn.
        boxes: [x, y, w, h, label] in pixels, one per lesion and side.
    """

    pixels: np.ndarray
    spacing: float
    masks: dict[str, np.ndarray]
    boxes: list[list]


def film_frame(size: int, extent, center, portable: bool, rng) -> Frame:
    """Place a patient on a cassette.

    Args:
        size: shorter side of the film in pixels.
        extent: (width, height) in cm that must fit.
        center: patient coordinates (cm) of the middle of ``extent``.
        portable: bedside films are less well centred.
        rng: generator of the film.
    """
    aspect = ASPECTS[rng.integers(len(ASPECTS))]
    height, width = round(size * max(aspect, 1)), round(size * max(1 / aspect, 1))
    scale = min(width / extent[0], height / extent[1]) / rng.uniform(0.98, 1.08)
    loose = 2.0 if portable else 1.0
    rotation = np.clip(loose * rng.normal(0, 1.6), -6, 6)
    jitter = rng.normal(0, 0.35 * loose, 2)
    turned = Frame((height, width), scale, rotation, (0.0, 0.0))
    middle = turned.pixels([np.asarray(center) + jitter])[0]
    origin = (0.5 * width - middle[0], 0.5 * height - middle[1])
    return Frame((height, width), scale, float(rotation), tuple(map(float, origin)))


def finish(film: np.ndarray, scene: Scene, lungs, heart) -> DrawnFilm:
    """Masks and boxes of what the scene recorded."""
    masks = {'lungs': lungs > 0.5, 'heart': heart > 0.5}
    boxes = []
    for name, region in scene.regions:
        drawn = region > 0.5
        if name == 'Pneumothorax':
            masks['pneumothorax'] = masks.get('pneumothorax', False) | drawn
        # Haze has no border to box.
        if name != 'Edema' and drawn.any():
            boxes.append([*map(int, cv2.boundingRect(drawn.astype(np.uint8))), name])
    film = film - film.min()
    film = (film / film.max()).astype(np.float32)
    return DrawnFilm(film, 1 / scene.frame.scale, masks, boxes)
