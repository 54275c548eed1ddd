"""Prints of a converted dataset, kept beside its table."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from mmcxr.datasets.films.film import read_film
from mmcxr.datasets.packs.layout import film_name
from mmcxr.datasets.packs.pack import open_pack

from .prints import FilmPrints, join_prints, print_films, read_prints, write_prints

PRINTS_FILE = 'film_prints.npz'
_BATCH = 20_000  # films read between two writings of the file


def dataset_prints(
    root: str | Path,
    images: Sequence[str],
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
    pack: str | None = None,
) -> tuple[FilmPrints, dict[str, str]]:
    """Prints of the images of a dataset.

    What ``film_prints.npz`` in the folder of the dataset (``film_prints-PACK.npz`` for
    a pack) holds of files that have the same size and time is taken from there; the
    rest is read and added to it, every 20,000 films, so that a search broken off goes
    on where it was.

    Args:
        root: folder of the dataset.
        images: paths under ``images/``.
        workers: threads that read.
        progress: called with the numbers of films read and to read.
        pack: name of a pack of the dataset to read instead of the files, which is
            faster; films then are of equal pixels if they are so in the pack.

    Returns:
        Prints of the images that can be read, in their order, and why the others
        cannot.

    Raises:
        TableError: the file of prints is damaged.
        PackError: no such pack, or it is stale or damaged.
    """
    root = Path(root)
    path, read, stamp = _files(root) if pack is None else _packed(root, pack)
    stamps = {image: stamp(image) for image in images}
    prints, known = print_films((), read_film)[0], np.zeros((0, 2), np.int64)
    if path.is_file():
        prints, known = read_prints(path)
        pairs = zip(prints.images, known.tolist(), strict=True)
        fresh = [i for i, (name, s) in enumerate(pairs) if stamps.get(name) == tuple(s)]
        prints, known = prints.of(fresh), known[fresh]
    have = set(prints.images)
    left = [image for image in images if image not in have]
    unreadable: dict[str, str] = {}

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


Reader = tuple[Path, Callable[[str], np.ndarray], Callable[[str], tuple[int, int]]]


def _files(root: Path) -> Reader:
    """Where prints are kept, how a film is read, and what tells that it is the same."""
    folder = root / 'images'
    return (
        root / PRINTS_FILE,
        lambda image: read_film(folder / image),
        lambda image: _stamp(folder / image),
    )


def _packed(root: Path, name: str) -> Reader:
    """The same of a pack."""
    pack = open_pack(name, str(root))
    return (
        root / f'{Path(PRINTS_FILE).stem}-{pack.folder.name}.npz',
        lambda image: pack.film(image).whole(),
        lambda image: pack.source(film_name(image)),
    )


def _stamp(path: Path) -> tuple[int, int]:
    """Size and time of a file; of a missing one what no file has."""
    try:
        status = os.stat(path)
    except OSError:
        return -1, -1
    return status.st_size, status.st_mtime_ns
