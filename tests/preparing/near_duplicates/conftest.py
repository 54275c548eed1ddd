"""Films to know again, and what may happen to them."""

import cv2
import numpy as np
import pytest


@pytest.fixture(scope='session')
def films(shared_dir):
    """{name: film} of every eighth real film, at most 512 px."""
    from mmcxr.datasets.films.film import read_film

    found = {}
    for path in sorted((shared_dir / 'data/covid_cxr/images').iterdir())[::8]:
        film = read_film(path)
        scale = min(1, 512 / max(film.shape))
        found[path.name] = cv2.resize(
            film, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA
        )
    return found


@pytest.fixture
def drawn():
    """A film-like picture without any file: smooth, with structure at all scales."""

    def draw(seed, height=240, width=200):
        rng = np.random.default_rng(seed)
        film = np.zeros((height, width))
        for size in (3, 6, 12, 25, 50):
            film += cv2.resize(rng.normal(size=(size, size)), (width, height))
        return cv2.normalize(film, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)

    return draw
