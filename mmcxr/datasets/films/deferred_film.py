"""A film that is decoded when a part of it is asked for, no larger than needed.

A JPEG decodes at 1/2, 1/4 or 1/8 of its size for a fraction of the work: the inverse
transform of each block of 8 x 8 is computed at the smaller size (libjpeg's scaled
DCT), which is a low-pass filter by itself.
"""

from collections.abc import Callable
from io import BytesIO
from os import PathLike

import cv2
import numpy as np
from PIL import Image

from .film import decode_film, read_bytes, refuse_cut_jpeg
from .grey import UnreadableFilm, check_film
from .resampling import resized_box

_ORIENTATION = 274  # EXIF tag
_FLAGS = {
    2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
    4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
    8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
}


class DeferredFilm:
    """A film to be decoded at a size that suits what is asked of it.

    It never changes, and keeps what it has decoded.

    Args:
        decode: from a reduction k to (h / k, w / k) uint8, sides rounded up.
        stored: (h, w) that ``decode(1)`` gives.
        shape: (H, W) of the film, in whose pixels boxes are counted; other than
            ``stored`` where a smaller copy stands for it.
        reductions: which k there are, besides 1.
    """

    def __init__(
        self,
        decode: Callable[[int], np.ndarray],
        stored: tuple[int, int],
        shape: tuple[int, int],
        reductions: tuple[int, ...] = (),
    ):
        self._decode = decode
        self._decoded: dict[int, np.ndarray] = {}
        self.stored = tuple(stored)
        self.shape = tuple(shape)
        self.reductions = reductions

    def whole(self) -> np.ndarray:
        """The film as it is stored, (h, w) uint8."""
        return self._at(1)

    def region(
        self,
        box: tuple[int, int, int, int],
        shape: tuple[int, int],
        resample: int,
        spare: float = 1,
    ) -> np.ndarray:
        """A part of the film, resized.

        Args:
            box: (top, left, height, width) in pixels of :attr:`shape`.
            shape: of the result.
            resample: one of PIL's filters.
            spare: how many pixels there must be, along a side, for one of the result.

        Returns:
            uint8 of shape ``shape``, which the caller may change.

        Raises:
            UnreadableFilm: the film is damaged or constant.
        """
        k = self.reduction(box, shape, spare)
        # A side that k does not divide is rounded up: the last pixel is there in part.
        whole = [
            side * -(-held // k) * k / held
            for side, held in zip(self.shape, self.stored, strict=True)
        ]
        held = self._at(k)
        part = resized_box(held, whole, box, shape, resample)
        return part.copy() if np.may_share_memory(part, held) else part

    def reduction(
        self,
        box: tuple[int, int, int, int],
        shape: tuple[int, int],
        spare: float = 1,
    ) -> int:
        """The greatest reduction that leaves enough pixels; see :meth:`region`."""
        most = min(
            length * held / side / (spare * wanted)
            for length, held, side, wanted in zip(
                box[2:], self.stored, self.shape, shape, strict=True
            )
        )
        return max((k for k in self.reductions if k <= most), default=1)

    def copy(self) -> 'DeferredFilm':
        """Itself."""
        return self

    def _at(self, k: int) -> np.ndarray:
        if k not in self._decoded:
            self._decoded[k] = self._decode(k)
        return self._decoded[k]


def open_film(path: str | PathLike) -> DeferredFilm | np.ndarray:
    """Open a JPEG without decoding it; read any other file.

    What is read at once, as by :func:`read_film`: other formats,
    JPEGs that an EXIF tag turns or whose colours are not RGB.

    Raises:
        UnreadableFilm: as by ``read_film``; what only decoding can find is raised by
            the film.
    """
    data = read_bytes(path)
    try:
        with Image.open(BytesIO(data)) as image:
            deferrable = (
                image.format == 'JPEG'
                and image.mode in ('L', 'RGB')
                and image.getexif().get(_ORIENTATION, 1) == 1
            )
            shape = image.size[::-1]
    except Exception:  # no image of PIL's, or a broken one: read_film tells
        deferrable = False
    if not deferrable:
        return decode_film(data, path)
    return deferred_jpeg(data, path, shape, shape)


def deferred_jpeg(
    data: bytes, name: str | PathLike, stored: tuple[int, int], shape: tuple[int, int]
) -> DeferredFilm:
    """The film of the bytes of an upright JPEG, grey or RGB, undecoded.

    Args:
        data: the whole file.
        name: of the file, for messages.
        stored: (h, w) of the JPEG.
        shape: (H, W) of the film it stands for.
    """

    def decode(k: int) -> np.ndarray:
        if k == 1:
            return decode_film(data, name)
        try:
            refuse_cut_jpeg(data)
            film = cv2.imdecode(np.frombuffer(data, np.uint8), _FLAGS[k])
            if film is None:
                raise ValueError('broken JPEG data')
            return check_film(film)
        except (ValueError, cv2.error) as error:
            raise UnreadableFilm(f'{name}: {error}') from error

    return DeferredFilm(decode, stored, shape, tuple(_FLAGS))


def decoded(film: DeferredFilm | np.ndarray) -> np.ndarray:
    """The pixels of a film, (H, W) uint8, whether it was deferred or not."""
    return film.whole() if isinstance(film, DeferredFilm) else film
