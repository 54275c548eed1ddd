"""From the files of a row of the table to the records of a pack."""

import json
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from mmcxr.datasets.films.deferred_film import DeferredFilm, open_film
from mmcxr.datasets.films.film import MaskError, read_mask
from mmcxr.datasets.films.grey import UnreadableFilm
from mmcxr.datasets.films.resampling import FILTERS, NEAREST, resized

from .layout import PackSettings, film_name, mask_name

_NOWHERE = (0, 0)
UNREADABLE = 'unreadable.txt'  # suffix of the text of an error
_SUFFIXES = dict(jpeg='jpg', raw='raw', png='png')


@dataclass(frozen=True)
class Item:
    """What becomes one record, and one member of a tar.

    Args:
        name: of the record, as :mod:`mmcxr.datasets.packs.layout` forms names.
        suffix: of the member.
        source: what tells whether it is still up to date: bytes and time of change
            of the file, or of a row's own text its length and CRC-32.
        data: encoded; empty while only the name and the source matter.
        stored: (h, w), zeros if the data is the text of an error.
        full: (H, W) of the file.
    """

    name: str
    suffix: str
    source: tuple[int, int]
    data: bytes = b''
    stored: tuple[int, int] = _NOWHERE
    full: tuple[int, int] = _NOWHERE


def plan_row(
    root: Path, row: Mapping, masks: Sequence[str], settings: PackSettings
) -> list[Item]:
    """The items of a row, with mask columns; without data of films and masks."""
    image, items = row['image'], []
    if settings.webdataset:
        cells = {key: _plain(value) for key, value in row.items()}
        text = json.dumps(cells, ensure_ascii=False).encode()
        source = (len(text), zlib.crc32(text))
        items.append(Item(f'rows/{image}', 'json', source, text))
    film = _source(root / 'images' / image)
    items.append(Item(film_name(image), _SUFFIXES[settings.codec], film))
    for column in masks:
        name = mask_name(image, row[column])
        if row[column] and name not in [item.name for item in items]:
            path = root / 'masks' / row[column]
            items.append(Item(name, f'{column}.png', _source(path)))
    return items


def encode_row(root: Path, items: Sequence[Item], settings: PackSettings) -> list[Item]:
    """The items with their data; what cannot be read holds the reason instead."""
    encoded = []
    for item in items:
        kind, _, name = item.name.partition('/')
        path = root / kind / name.partition('\n')[0]
        try:
            if kind == 'images':
                item = film = _encode_film(path, item, settings)
            elif kind == 'masks':
                item = _encode_mask(path, item, film)
        except (UnreadableFilm, MaskError) as error:
            text = str(error).removeprefix(f'{path}: ').encode()
            item = replace(item, suffix=UNREADABLE, data=text)
            film = item if kind == 'images' else film
        encoded.append(item)
    return encoded


def _encode_film(path: Path, item: Item, settings: PackSettings) -> Item:
    film = open_film(path)
    shape = _packed_shape(film.shape, settings.size)
    pixels = _shrunk(film, shape)
    if settings.codec == 'raw':
        data = pixels.tobytes()
    else:
        suffix, options = f'.{item.suffix}', []
        if settings.codec == 'jpeg':
            options = [cv2.IMWRITE_JPEG_QUALITY, settings.quality]
            options += [cv2.IMWRITE_JPEG_OPTIMIZE, 1]
        done, data = cv2.imencode(suffix, pixels, options)
        if not done:
            raise OSError(f'{path}: OpenCV cannot encode {pixels.shape} as {suffix}')
        data = data.tobytes()
    return replace(item, data=data, stored=shape, full=film.shape)


def _encode_mask(path: Path, item: Item, film: Item) -> Item:
    if film.stored == _NOWHERE:
        raise MaskError('its film cannot be read')
    mask = resized(read_mask(path, film.full), film.stored, NEAREST)
    data = BytesIO()
    Image.fromarray(mask * 255).convert('1').save(data, 'PNG', optimize=True)
    return replace(item, data=data.getvalue(), stored=film.stored, full=film.full)


def _packed_shape(shape: tuple[int, int], size: int) -> tuple[int, int]:
    """``shape`` with the shorter side ``size``, unless it is smaller already."""
    short = max(min(shape), size)
    return tuple(round(side * size / short) for side in shape)


def _shrunk(film: DeferredFilm | np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """A film at another size, by the filter that keeps most of it.

    A JPEG is decoded at twice this size or more, which costs nothing that shows.
    """
    if not isinstance(film, DeferredFilm):
        return resized(film, shape, FILTERS['lanczos'])
    box = (0, 0, *film.shape)
    return film.region(box, shape, FILTERS['lanczos'], spare=2)


def _source(path: Path) -> tuple[int, int]:
    """Bytes and time of change of a file; zeros if it is not there."""
    try:
        stat = path.stat()
    except OSError:
        return (0, 0)
    return (stat.st_size, stat.st_mtime_ns)


def _plain(value):
    """A cell as JSON has it; an unknown label is null."""
    if isinstance(value, float | np.floating):
        return None if math.isnan(value) else float(value)
    return value
