"""Read a chest film from any file or object as one-channel uint8.

A film is (H, W) uint8, 0 darkest. 8-bit files keep their values; everything deeper
(16-bit PNG, TIFF, DICOM) is stretched from its own minimum and maximum to 0..255,
because the depth a file can hold says nothing of the depth its scanner used.
Colour becomes ITU-R 601 luma with PIL's rounding; transparency is ignored.
"""

from io import BytesIO
from os import PathLike
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from .grey import UnreadableFilm, check_film, luma, stretch

_DICOM_SUFFIXES = ('.dcm', '.dicom')


class MaskError(ValueError):
    """A mask file cannot be used; the message names it and says why."""


def read_film(path: str | PathLike) -> np.ndarray:
    """Read an image file (JPEG, PNG, TIFF, ...) or a DICOM file.

    DICOM is known by its magic bytes, or else by the suffix .dcm or .dicom; see
    :func:`mmcxr.datasets.films.dicom.decode_dicom`. EXIF orientation is applied.

    Returns:
        (H, W) uint8.

    Raises:
        UnreadableFilm: the file is missing, damaged, not an image, of several
            frames, not finite, or constant (an all-black film).
    """
    return decode_film(read_bytes(path), path)


def read_bytes(path: str | PathLike) -> bytes:
    """The bytes of the file of a film; UnreadableFilm names one that is not there."""
    try:
        with open(path, 'rb', buffering=0) as file:
            return file.read()
    except FileNotFoundError as error:
        raise UnreadableFilm(f'{path}: no such file') from error
    except OSError as error:
        raise UnreadableFilm(f'{path}: {_cause(error)}') from error


def decode_film(data: bytes, name: str | PathLike) -> np.ndarray:
    """A film of the bytes of its file; see :func:`read_film`.

    Args:
        data: the whole file.
        name: of the file, for messages and its suffix.
    """
    try:
        if not data:
            raise ValueError('the file is empty')
        if is_dicom(data, name):
            from .dicom import decode_dicom

            film = decode_dicom(data)
        else:
            film = _decode_image(data)
        return check_film(film)
    except (ImportError, MemoryError):
        raise
    except Exception as error:  # decoders raise anything on damaged bytes
        raise UnreadableFilm(f'{name}: {_cause(error)}') from error


def is_dicom(data: bytes, name: str | PathLike) -> bool:
    """Whether bytes of a file of this name are taken for DICOM."""
    return data[128:132] == b'DICM' or str(name).lower().endswith(_DICOM_SUFFIXES)


def as_film(film: str | PathLike | Image.Image | np.ndarray) -> np.ndarray:
    """Take a film as a notebook may hold it.

    Args:
        film: a path, a PIL image, or an array of shape (H, W), (H, W, 1), RGB
            (H, W, 3) or RGBA (H, W, 4). uint8 keeps its values, uint16 is stretched
            from its own range, floats must lie in 0..1 or in 0..255.

    Returns:
        (H, W) uint8.

    Raises:
        UnreadableFilm: a bad file, or a range that could mean two things.
    """
    if isinstance(film, (str, PathLike)):
        return read_film(film)
    try:
        if isinstance(film, Image.Image):
            return check_film(_grey(film))
        if isinstance(film, np.ndarray):
            return check_film(_grey_array(_to_depth(film)))
    except (OSError, ValueError, SyntaxError) as error:  # PIL reads late
        raise UnreadableFilm(f'{_describe(film)}: {error}') from error
    raise UnreadableFilm(
        f'a film is a path, a PIL image or a numpy array, not {type(film).__name__}'
    )


def read_mask(path: str | PathLike, shape: tuple[int, int] | None = None) -> np.ndarray:
    """Read a binary mask whose values are 0 and 1, or 0 and 255.

    Args:
        path: a lossless image file; of a palette file the indices are read.
        shape: (H, W) of the film it belongs to, compared when given.

    Returns:
        (H, W) uint8 of 0 and 1.

    Raises:
        MaskError: an unreadable file, other values, or another size than the film's.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise MaskError(f'{path}: {_cause(error)}') from error
    return decode_mask(data, path, shape)


def decode_mask(
    data: bytes, path: str | PathLike, shape: tuple[int, int] | None = None
) -> np.ndarray:
    """A mask of the bytes of its file, called ``path``; see :func:`read_mask`."""
    try:
        with Image.open(BytesIO(data)) as image:
            values = np.asarray(image)
    except Exception as error:
        raise MaskError(f'{path}: {_cause(error)}') from error
    if values.ndim == 3 and (values[..., :3] == values[..., :1]).all():
        values = values[..., 0]
    if values.ndim != 2:
        raise MaskError(f'{path}: a mask has one channel, this one is in colour')
    if shape is not None and values.shape != tuple(shape):
        raise MaskError(
            f'{path}: the mask is {_size(values.shape)} but its film is {_size(shape)} '
            'pixels (height x width)'
        )
    mask = values != 0
    top = values.max()
    if top not in (0, 1, 255) or not (values[mask] == top).all():
        raise MaskError(
            f'{path}: a mask holds 0 and 1, or 0 and 255; found {_levels(values)}'
        )
    return mask.astype(np.uint8)


def _decode_image(data: bytes) -> np.ndarray:
    """(H, W) uint8 of the bytes of a file that PIL knows."""
    with Image.open(BytesIO(data)) as image:
        if image.format == 'JPEG':
            refuse_cut_jpeg(data)
            if image.mode == 'L':  # same numbers as PIL in two thirds of the time
                film = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
                if film is None:
                    raise ValueError('broken JPEG data')
                return film
        elif image.format == 'PNG' and data[24] == 16 and image.mode[0] != 'I':
            return _decode_deep_colour(data)
        if getattr(image, 'n_frames', 1) > 1 and image.format != 'MPO':
            raise ValueError(f'holds {image.n_frames} frames; a film is a single one')
        return _grey(image)


def refuse_cut_jpeg(data: bytes) -> None:
    """Raise when no end-of-image marker follows the last scan.

    A JPEG cut short, or whose tail an interrupted copy left as zeros, decodes to a
    film that is grey below some line: by OpenCV without a word, by PIL if zeros.
    """
    end = data.rfind(b'\xff\xd9')
    if end < len(data) - 1024 and end < data.rfind(b'\xff\xda'):
        raise ValueError('the JPEG file is truncated (no end-of-image marker)')


def _decode_deep_colour(data: bytes) -> np.ndarray:
    """16 bits a channel: PIL would keep the upper 8 only."""
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise ValueError('broken PNG data')
    if pixels.ndim == 3:
        pixels = luma(pixels[..., 2::-1])  # OpenCV's order is B, G, R, alpha
    return stretch(pixels)


def _grey(image: Image.Image) -> np.ndarray:
    """(H, W) uint8 of a PIL image of any mode, turned upright."""
    image = ImageOps.exif_transpose(image)
    if image.mode == 'F' or image.mode[0] == 'I':  # float, 32 or 16 bits
        return stretch(np.asarray(image))
    return np.array(image.convert('L'))


def _to_depth(array: np.ndarray) -> np.ndarray:
    """uint8, or uint16 as it is."""
    if array.size == 0:
        raise ValueError('the array is empty')
    if array.dtype in (np.uint8, np.uint16):
        return array
    if array.dtype.kind != 'f':
        raise ValueError(
            f'{array.dtype} pixels have no agreed range; pass uint8, uint16 or float'
        )
    low, high = array.min(), array.max()
    if not np.isfinite(low) or not np.isfinite(high):
        raise ValueError('the pixels hold NaN or infinite values')
    if low < 0 or high > 255 or 1 < high <= 2:  # up to 2: 0..1 with an overshoot?
        raise ValueError(
            f'float pixels in {low:g}..{high:g} are neither 0..1 nor 0..255; '
            'rescale them, or pass uint8 or uint16'
        )
    return np.rint(array * (255 if high <= 1 else 1)).astype(np.uint8)


def _grey_array(array: np.ndarray) -> np.ndarray:
    """(H, W) uint8 of a uint8 or uint16 array, grey or in colour."""
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.ndim == 3 and array.shape[2] in (3, 4):
        if array.dtype == np.uint8:
            return _grey(Image.fromarray(array[..., :3]))
        array = luma(array)
    if array.ndim != 2:
        raise ValueError('expected (H, W), (H, W, 1), (H, W, 3) or (H, W, 4)')
    return np.ascontiguousarray(array) if array.dtype == np.uint8 else stretch(array)


def _cause(error: Exception) -> str:
    """One line of an error that may have many, or none."""
    if isinstance(error, UnidentifiedImageError):  # its text holds an address
        return 'cannot identify image file'
    return ' '.join(str(error).split()) or type(error).__name__


def _describe(film: Image.Image | np.ndarray) -> str:
    """Name a film that has no path."""
    if isinstance(film, Image.Image):
        return f'PIL image of mode {film.mode}, {_size(film.size[::-1])} pixels'
    return f'{film.dtype} array of shape {film.shape}'


def _size(shape: tuple[int, int]) -> str:
    return f'{shape[0]}x{shape[1]}'


def _levels(values: np.ndarray) -> str:
    """The first few values of a mask, for a message."""
    found = np.unique(values)
    shown = ', '.join(str(v) for v in found[:6])
    return shown + (f', ... ({len(found)} values)' if len(found) > 6 else '')
