"""Prints of a converted dataset, kept beside its table."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from ..film import read_film
from .prints import FilmPrints, join_prints, print_films, read_prints, write_prints

PRINTS_FILE = 'film_prints.npz'
_BATCH = 20_000  # films read between two writings of the file


def dataset_prints(
    root: str | Path,
    images: Sequence[str],
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[FilmPrints, dict[str, str]]:
    """Prints of the images of a dataset.

    What ``film_prints.npz`` in the folder of the dataset holds of files that have the
    same size and time is taken from there; the rest is read and added to it, every
    20,000 films, so that a search broken off goes on where it was.

    Args:
        root: folder of the dataset.
        images: paths under ``images/``.
        workers: threads that read.
        progress: called with the numbers of films read and to read.

    Returns:
        Prints of the images that can be read, in their order, and why the others
        cannot.

    Raises:
        TableError: the file of prints is damaged.
    """
    root = Path(root)
    path = root / PRINTS_FILE
    stamps = {image: _stamp(root / 'images' / image) for image in images}
    prints, known = print_films((), read_film)[0], np.zeros((0, 2), np.int64)
    if path.is_file():
        prints, known = read_prints(path)
        pairs = zip(prints.images, known.tolist(), strict=True)
        fresh = [i for i, (name, s) in enumerate(pairs) if stamps.get(name) == tuple(s)]
        prints, known = prints.of(fresh), known[fresh]
    have = set(prints.images)
    left = [image for image in images if image not in have]
    unreadable: dict[str, str] = {}

    def read(image: str) -> np.ndarray:
        return read_film(root / 'images' / image)

    for start in range(0, len(left), _BATCH):
        report = progress and (lambda n, _, s=start: progress(s + n, len(left)))
        new, bad = print_films(left[start : start + _BATCH], read, workers, report)
        unreadable |= bad
        prints = join_prints([prints, new])
        added = np.array([stamps[i] for i in new.images], np.int64).reshape(-1, 2)
        known = np.concatenate([known, added])
        write_prints(path, prints, known)
    place = {image: number for number, image in enumerate(prints.images)}
    return prints.of([place[i] for i in images if i in place]), unreadable


def _stamp(path: Path) -> tuple[int, int]:
    """Size and time of a file; of a missing one what no file has."""
    try:
        status = os.stat(path)
    except OSError:
        return -1, -1
    return status.st_size, status.st_mtime_ns
