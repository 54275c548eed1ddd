"""Films of every kind, larger than what they are packed to."""

import cv2
import numpy as np

COLUMNS = ('image', 'patient_id', 'study_id', 'view', 'mask', 'mask_heart', 'boxes')
COLUMNS += ('Edema',)
# The last film cannot be read; the one before is smaller than the pack.
IMAGES = ('p0/a.jpg', 'p0/b.png', 'p1/c.jpg', 'p1/d.png', 'p2/e.jpg', 'p2/f.png')
SHAPES = ((301, 247), (200, 333), (260, 260), (231, 170), (40, 57), (99, 99))
SIZE = 64


def film_like(shape, seed):
    """Smooth anatomy, an edge and grain."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: shape[0], : shape[1]] / min(shape)
    film = 110 + 50 * np.sin(5 * x + seed) * np.cos(4 * y) + 40 * (x + 0.3 * y > 0.6)
    noise = cv2.GaussianBlur(rng.normal(size=shape), (0, 0), 0.8)
    return np.clip(film + 6 * noise / noise.std(), 0, 255).astype(np.uint8)


def mask_of(shape, seed):
    y, x = np.mgrid[: shape[0], : shape[1]] / min(shape)
    return ((x - 0.5) ** 2 + (y - 0.4) ** 2 < 0.02 * (seed + 2)).astype(np.uint8)


def rows_of(images=IMAGES):
    for number, image in enumerate(images):
        mask = f'{image[:-4]}.png' if number in (0, 1, 4) else ''
        heart = 'heart.png' if number == 2 else ''
        boxes = '[[10, 20, 60, 40, ""x""]]' if number == 0 else ''
        yield f'{image},{image[:2]},s{number},PA,{mask},{heart},"{boxes}",{number % 2}'
