"""What is kept of a film to know it again: a digest of its pixels and thumbnails.

F frames of N films: a film is one frame, and another without its border where it has
one (a copy padded to a square, a black band).
"""

import hashlib
import os
import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import cv2
import numpy as np

from mmcxr.datasets.films.grey import UnreadableFilm
from mmcxr.datasets.tables.table_file import TableError

SIDE = 64  # of a thumbnail, pixels
_BORDER_SPREAD = 8  # grey levels; a line at the edge with no more is border
_MIN_BORDER = 0.02  # share of a side; less is not worth a frame of its own
_MIN_INSIDE = 0.5  # of each side; a film that is mostly border is left as it is
_FORMAT = 1


@dataclass(frozen=True)
class FilmPrints:
    """Prints of N films.

    Args:
        images: N names.
        digests: (N,) uint64 pairs as (N, 2); equal for equal pixels.
        film: (F,) which film a frame is of.
        thumbs: (F, 64, 64) uint8, the whole frame whatever its shape.
        shapes: (F, 2) height and width of the frame, pixels of the film.
    """

    images: tuple[str, ...]
    digests: np.ndarray
    film: np.ndarray
    thumbs: np.ndarray
    shapes: np.ndarray

    def __len__(self) -> int:
        return len(self.images)

    def of(self, numbers: Sequence[int]) -> 'FilmPrints':
        """The prints of some films, in the order of ``numbers``."""
        numbers = np.asarray(numbers, np.int64)
        place = np.full(len(self), -1)
        place[numbers] = np.arange(len(numbers))
        kept = place[self.film] >= 0
        frames = np.flatnonzero(kept)[np.argsort(place[self.film[kept]], kind='stable')]
        return FilmPrints(
            tuple(self.images[number] for number in numbers),
            self.digests[numbers],
            place[self.film[frames]],
            self.thumbs[frames],
            self.shapes[frames],
        )


def print_films(
    names: Sequence[str],
    read: Callable[[str], np.ndarray],
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[FilmPrints, dict[str, str]]:
    """Prints of films; of each, only thumbnails stay in memory.

    Args:
        names: of the films.
        read: gives the (H, W) uint8 film of a name, or raises UnreadableFilm.
        workers: threads that read.
        progress: called with the numbers of films done and to do.

    Returns:
        Prints of the films that can be read, and why the others cannot.
    """

    def print_one(name: str) -> tuple | str:
        try:
            return _print(read(name))
        except UnreadableFilm as error:
            return str(error)

    kept, unreadable = {}, {}
    with ThreadPoolExecutor(max(workers, 1)) as pool:
        found = zip(names, pool.map(print_one, names), strict=True)
        for number, (name, one) in enumerate(found, start=1):
            (unreadable if isinstance(one, str) else kept)[name] = one
            if progress is not None:
                progress(number, len(names))
    digests, thumbs, shapes = zip(*kept.values(), strict=True) if kept else ((),) * 3
    number = np.repeat(np.arange(len(kept)), [len(part) for part in thumbs])
    prints = FilmPrints(
        tuple(kept),
        np.array(digests, np.uint64).reshape(-1, 2),
        number.astype(np.int64),
        np.array(list(chain(*thumbs)), np.uint8).reshape(-1, SIDE, SIDE),
        np.array(list(chain(*shapes)), np.int64).reshape(-1, 2),
    )
    return prints, unreadable


def join_prints(parts: Sequence[FilmPrints]) -> FilmPrints:
    """Prints of several sets of films as one."""
    starts = np.cumsum([0, *map(len, parts)])
    return FilmPrints(
        tuple(image for part in parts for image in part.images),
        np.concatenate([part.digests for part in parts]),
        np.concatenate([p.film + s for p, s in zip(parts, starts, strict=False)]),
        np.concatenate([part.thumbs for part in parts]),
        np.concatenate([part.shapes for part in parts]),
    )


def write_prints(path: Path, prints: FilmPrints, stamps: np.ndarray) -> None:
    """Write prints with the (N, 2) size and time of each film's file, atomically."""
    part = path.with_name(f'.{path.name}.part')
    with part.open('wb') as file:
        np.savez(
            file,
            format=_FORMAT,
            images=np.array(prints.images, np.str_),
            stamps=stamps,
            **{name: getattr(prints, name) for name in _ARRAYS},
        )
    os.replace(part, path)


def read_prints(path: Path) -> tuple[FilmPrints, np.ndarray]:
    """Prints and stamps of :func:`write_prints`.

    Raises:
        TableError: the file is no such file, or of another version.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            if int(file['format']) != _FORMAT:
                raise ValueError(f'of format {int(file["format"])}')
            arrays = {name: file[name] for name in _ARRAYS}
            images, stamps = tuple(file['images'].tolist()), file['stamps']
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise TableError(
            f'{path}: not a file of film prints ({error}); delete it, it is made anew'
        ) from error
    return FilmPrints(images, **arrays), stamps


_ARRAYS = ('digests', 'film', 'thumbs', 'shapes')


def _print(film: np.ndarray) -> tuple[np.ndarray, list[np.ndarray], list[tuple]]:
    """Digest of a film, thumbnails and shapes of its frames."""
    film = np.ascontiguousarray(film)
    state = hashlib.sha256(film)
    state.update(repr(film.shape).encode())
    frames = _frames(film)
    thumbs = [cv2.resize(f, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for f in frames]
    digest = np.frombuffer(state.digest()[:16], np.uint64)
    return digest, thumbs, [frame.shape for frame in frames]


def _frames(film: np.ndarray) -> list[np.ndarray]:
    """The film, and its inside where it has a border."""
    top, bottom = _ends(film, 1)
    left, right = _ends(film, 0)
    height, width = film.shape
    inside = film[top:bottom, left:right]
    cut = max(1 - inside.shape[0] / height, 1 - inside.shape[1] / width)
    if not _MIN_BORDER < cut <= 1 - _MIN_INSIDE:
        return [film]
    return [film, inside]


def _ends(film: np.ndarray, axis: int) -> tuple[int, int]:
    """First line and end of what is not border, across ``axis``."""
    spread = film.max(axis) - film.min(axis)
    lines = np.flatnonzero(spread > _BORDER_SPREAD)
    if len(lines) == 0:
        return 0, len(spread)
    return int(lines[0]), int(lines[-1]) + 1
