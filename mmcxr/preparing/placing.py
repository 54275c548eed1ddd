"""Put the files of one film in their place: what a worker does.

A film keeps its bytes where it can. It is decoded and written anew where it is DICOM
(as 8-bit PNG, unless DICOM is kept) or larger than wanted: JPEG as JPEG of quality 95,
anything else as 8-bit PNG. Boxes and masks follow the film.
"""

import json
import os
from dataclasses import asdict, dataclass, field, replace
from hashlib import blake2b, sha256
from pathlib import Path

import cv2
import numpy as np

from mmcxr.datasets.films.film import decode_film, is_dicom
from mmcxr.datasets.films.grey import UnreadableFilm

from .archives import ARCHIVE_ERRORS
from .films import Film, Mask

_SUFFIXES = ('png', 'jpg', 'jpeg', 'dcm', 'dicom', 'tif', 'tiff', 'gif', 'bmp', 'webp')
_JPEG_QUALITY = [cv2.IMWRITE_JPEG_QUALITY, 95]


@dataclass(frozen=True)
class Options:
    """How films are stored.

    Args:
        size: films whose shorter side is longer are shrunk to it; None: none are.
            The shorter side, for that is what pipelines resize and crop by.
        link: films that keep their bytes become symbolic links to the source.
        keep_dicom: DICOM files are stored as they are.
    """

    size: int | None = None
    link: bool = False
    keep_dicom: bool = False


@dataclass(frozen=True)
class Placed:
    """What became of a film. All of it can be written as JSON.

    Args:
        image: as the converter calls it.
        key: of :func:`film_key`.
        name: path under ``images/``; empty where it could not be read.
        digest: of the stored bytes.
        files: sizes in bytes by path under the dataset's folder; of a link its target.
        cells: of the table that only the file could tell, masks and boxes included.
        faults: (fault, kind, name); notes have an empty fault.
    """

    image: str
    key: str
    name: str = ''
    digest: str = ''
    files: dict[str, int | str] = field(default_factory=dict)
    cells: dict[str, str | int | float] = field(default_factory=dict)
    faults: list[tuple[str, str, str]] = field(default_factory=list)

    def line(self) -> str:
        """As one line of JSON."""
        return json.dumps(asdict(self), separators=(',', ':'), ensure_ascii=False)


def film_key(film: Film, checksum: str, options: Options) -> str:
    """Digest of all that the placed files and cells depend on."""
    target = str(film.file.container.resolve()) if options.link else ''
    header = _wanted(film)
    file = (film.file.name, film.file.stamp, checksum)
    facts = (film.image, file, header, options, target)
    if film.translate:
        facts += (film.translate.__qualname__,)
    shapes = (dict(film.masks), film.boxes, film.frame, dict(film.shown_by))
    return blake2b(repr((facts, shapes)).encode(), digest_size=16).hexdigest()


def place_film(
    film: Film,
    checksum: str,
    key: str,
    root: Path,
    options: Options,
    data: bytes | None = None,
) -> Placed:
    """Write film and masks; each appears whole or not at all.

    Args:
        film: with a file.
        checksum: SHA-256 its file must have; empty: any.
        key: of :func:`film_key`.
        root: folder of the dataset.
        options: how to store it.
        data: content of the file, if it has been read.
    """
    placed = Placed(film.image, key)
    try:
        data = film.file.read() if data is None else data
        if checksum and sha256(data).hexdigest() != checksum:
            raise UnreadableFilm(f'{film.file}: not the bytes of SHA256SUMS.txt')
        official = data
        if film.translate:
            data = film.translate(data, str(film.file))
        pixels = decode_film(data, str(film.file))
        header = _read_header(film, data)
    except (*ARCHIVE_ERRORS, UnreadableFilm) as error:
        fault = str(error)
        if not isinstance(error, UnreadableFilm):
            fault = f'{film.file}: {fault}'
        placed.faults.append(('unreadable', 'films; left out', fault))
        return placed
    placed.cells.update(header)
    shape = _shrunk(pixels.shape, options.size)
    name, stored = _encode(film, data, pixels, shape, options)
    link = options.link and stored is official and not film.file.inside
    target = film.file.container.resolve() if link else None
    _place_masks(film, placed, root, name, pixels.shape, shape)
    if film.boxes is not None:
        boxes = _fit_boxes(film, placed, pixels.shape, shape)
        placed.cells['boxes'] = json.dumps(boxes, ensure_ascii=False)
    _put(root, f'images/{name}', stored, placed, target)
    digest = blake2b(stored, digest_size=16).hexdigest()
    return replace(placed, name=name, digest=digest)


def strip_suffix(image: str) -> str:
    """A path without the suffix of an image file; ids may hold dots themselves."""
    stem, dot, suffix = image.rpartition('.')
    return stem if dot and suffix.lower() in _SUFFIXES else image


def shrink_mask(mask: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """A mask (H, W) of 0 and 1 in another size: 1 where at least half was."""
    if mask.shape == shape:
        return mask
    shares = cv2.resize(mask * np.uint8(255), shape[::-1], interpolation=cv2.INTER_AREA)
    return (shares >= 128).astype(np.uint8)


def _wanted(film: Film) -> list[str]:
    """Cells that a DICOM header is to fill."""
    cells = film.known_cells() if film.header else {}
    return [name for name in film.header if cells.get(name, '') == '']


def _read_header(film: Film, data: bytes) -> dict[str, str]:
    wanted = _wanted(film)
    if not wanted or not is_dicom(data, film.file.name):
        return {}
    from mmcxr.datasets.films.dicom import read_facts

    facts = read_facts(data)
    return {name: facts[name] for name in wanted}


def _shrunk(shape: tuple[int, int], size: int | None) -> tuple[int, int]:
    """(H, W) with the shorter side at most ``size``."""
    if size is None or min(shape) <= size:
        return shape
    height, width = (max(1, round(side * size / min(shape))) for side in shape)
    return height, width


def _encode(
    film: Film, data: bytes, pixels: np.ndarray, shape: tuple[int, int], options
) -> tuple[str, bytes]:
    """(name under ``images/``, bytes) of the stored film."""
    dicom = is_dicom(data, film.file.name)
    if pixels.shape == shape and (options.keep_dicom or not dicom):
        return film.image, data
    if pixels.shape != shape:
        pixels = cv2.resize(pixels, shape[::-1], interpolation=cv2.INTER_AREA)
    if data[:2] == b'\xff\xd8' and film.image.lower().endswith(('.jpg', '.jpeg')):
        return film.image, cv2.imencode('.jpg', pixels, _JPEG_QUALITY)[1].tobytes()
    return f'{strip_suffix(film.image)}.png', _png(pixels)


def _place_masks(
    film: Film, placed: Placed, root: Path, name: str, shape: tuple, target: tuple
) -> None:
    """Write the masks; fill their cells and the labels that hang on them."""
    labels = {column: label for label, column in film.shown_by.items()}
    for column, source in film.masks.items():
        mask = _draw(source, shape, placed)
        if mask is None:
            continue
        if column in labels:
            placed.cells[labels[column]] = int(mask.any())
            if not mask.any():
                continue
        small = shrink_mask(mask, target)
        if not mask.any():
            placed.faults.append(('', 'masks without a pixel', film.image))
        elif not small.any():
            placed.faults.append(('', 'masks that shrinking emptied', film.image))
        folder = column.removeprefix('mask').removeprefix('_')
        path = f'{folder}/{strip_suffix(name)}.png'.lstrip('/')
        _put(root, f'masks/{path}', _png(small), placed)
        placed.cells[column] = path


def _draw(source: Mask, shape: tuple[int, int], placed: Placed) -> np.ndarray | None:
    try:
        return source.draw(shape)
    except ValueError as error:
        placed.faults.append(('invalid', 'masks; left out', str(error)))
        return None


def _fit_boxes(film: Film, placed: Placed, shape: tuple, target: tuple) -> list[list]:
    """Boxes cut at the edge of the film, in pixels of the stored one."""
    fitted = []
    frame = film.frame or shape
    if film.boxes and abs(frame[0] * shape[1] / (frame[1] * shape[0]) - 1) > 0.01:
        name = f'{film.image}: film {shape[0]}x{shape[1]}, boxes {frame[0]}x{frame[1]}'
        placed.faults.append(('invalid', 'boxes that count in another shape', name))
        return []
    size = np.array(frame[::-1], float)
    scale = np.array(target[::-1]) / size
    for x, y, width, height, label in film.boxes:
        box = np.array([[x, y], [x + width, y + height]], float)
        low, high = np.clip(box, 0, size)
        name = f'{film.image} {[x, y, width, height, label]}'
        if not (high > low).all():
            placed.faults.append(('invalid', 'boxes outside their film', name))
            continue
        if np.abs(box - [low, high]).max() >= 1:
            placed.faults.append(('', 'boxes cut at the edge of their film', name))
        numbers = [*low * scale, *(high - low) * scale]
        fitted.append([*map(_plain, numbers), label])
    return fitted


def _plain(number: float) -> int | float:
    """Two decimals, none for a whole number."""
    rounded = round(float(number), 2)
    return int(rounded) if rounded.is_integer() else rounded


def _png(pixels: np.ndarray) -> bytes:
    return cv2.imencode('.png', pixels)[1].tobytes()


def _put(
    root: Path, name: str, data: bytes, placed: Placed, target: Path | None = None
) -> None:
    """Write ``data``, or a link to ``target``, atomically."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    part = root / '.conversion/parts' / str(os.getpid())
    part.parent.mkdir(parents=True, exist_ok=True)
    part.unlink(missing_ok=True)
    if target:
        part.symlink_to(target)
    else:
        part.write_bytes(data)
    os.replace(part, path)
    placed.files[name] = str(target) if target else len(data)
