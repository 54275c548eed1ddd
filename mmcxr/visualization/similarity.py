"""Image-text similarity maps laid over films."""

import cv2
import numpy as np


def overlay_similarity(
    film: np.ndarray, similarity: np.ndarray, strength: float = 0.5
) -> np.ndarray:
    """Colour a film by how similar each place is to a text.

    The map is stretched to its own range, so colours compare places within one
    film, not films with one another.

    Args:
        film: (H, W) uint8.
        similarity: (h, w) float, any range; resized to the film.
        strength: weight of the colour at the most similar place, 0 to 1.

    Returns:
        (H, W, 3) uint8 RGB; the film itself where the similarity is lowest.
    """
    if film.ndim != 2 or film.dtype != np.uint8:
        raise ValueError(f'film must be uint8 (H, W), got {film.dtype} {film.shape}')
    span = np.ptp(similarity)
    unit = (similarity - similarity.min()) / (span if span > 0 else 1)
    size = film.shape[::-1]
    unit = cv2.resize(unit.astype(np.float32), size, interpolation=cv2.INTER_CUBIC)
    unit = np.clip(unit, 0, 1)
    colour = cv2.applyColorMap((unit * 255).astype(np.uint8), cv2.COLORMAP_INFERNO)
    alpha = (strength * unit)[..., None]
    grey = film[..., None].astype(np.float32)
    blend = (1 - alpha) * grey + alpha * colour[..., ::-1].astype(np.float32)
    return np.rint(blend).astype(np.uint8)
