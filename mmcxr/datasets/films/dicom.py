"""Decode a DICOM file to a film as a viewer would show it.

Modality LUT or rescale, VOI LUT or window, MONOCHROME1 inverted as max - x, then
minimum and maximum to 0..255: the conversion of the CXR-CLIP data sets, before
their shrinking. Compressed pixels go through pydicom's decoders.
"""

import re
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from .grey import luma, stretch

if TYPE_CHECKING:
    from pydicom import Dataset

# LLD and RLD are decubitus films: frontal, though of a patient on the side.
_VIEWS = {'PA': 'PA', 'AP': 'AP', 'LL': 'LATERAL', 'RL': 'LATERAL'}
_VIEWS['LATERAL'] = 'LATERAL'
_PER_YEAR = {'Y': 1, 'M': 12, 'W': 52.18, 'D': 365.25}
_PIXELS = ('PixelData', 'FloatPixelData', 'DoubleFloatPixelData')


def decode_dicom(data: bytes) -> np.ndarray:
    """Decode the single frame of a DICOM file.

    Args:
        data: the whole file; preamble and file meta may be missing.

    Returns:
        (H, W) uint8.

    Raises:
        ValueError: no pixel data, several frames, an unknown photometric
            interpretation, NaN, or a constant image. pydicom raises more.
    """
    # Imported here because few processes read DICOM and pydicom takes a while.
    import pydicom
    from pydicom.pixels import pixel_array

    dataset = pydicom.dcmread(BytesIO(data), force=True)
    if not any(dataset.get(name) for name in _PIXELS):
        raise ValueError('a DICOM file without pixel data, or not a DICOM file')
    frames = int(dataset.get('NumberOfFrames') or 1)
    if frames > 1:
        raise ValueError(f'a DICOM file of {frames} frames; a film is a single one')
    _complete_meta(dataset)
    pixels = pixel_array(dataset)
    photometric = dataset.get('PhotometricInterpretation', '')
    if pixels.ndim == 3 and photometric.startswith(('RGB', 'YBR')):
        return stretch(luma(pixels))  # pixel_array has made YBR into RGB
    if pixels.ndim != 2 or not photometric.startswith('MONOCHROME'):
        raise ValueError(f'photometric interpretation {photometric!r} is not read')
    return _render(pixels, dataset)


def _complete_meta(dataset: 'Dataset') -> None:
    """State the transfer syntax that pydicom guessed for a file without meta."""
    from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

    if 'TransferSyntaxUID' not in dataset.file_meta:
        implicit, _ = dataset.original_encoding
        dataset.file_meta.TransferSyntaxUID = (
            ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
        )


def _render(pixels: np.ndarray, dataset: 'Dataset') -> np.ndarray:
    """(H, W) stored values -> (H, W) uint8 as displayed."""
    if pixels.dtype.kind == 'f' or pixels.dtype.itemsize > 2:
        return stretch(_displayed(pixels, dataset))
    # The steps act on each value alone, so each value that occurs is shown once,
    # not each pixel: a film has millions of pixels and at most 65,536 values.
    low = int(pixels.min())
    index = pixels.astype(np.int32) - low
    occurs = np.zeros(index.max() + 1, dtype=bool)
    occurs[index] = True
    values = np.flatnonzero(occurs) + low
    levels = np.zeros(len(occurs), dtype=np.uint8)
    levels[occurs] = stretch(_displayed(values.astype(pixels.dtype), dataset))
    return levels[index]


def _displayed(values: np.ndarray, dataset: 'Dataset') -> np.ndarray:
    """Modality, VOI and polarity of stored values of any shape."""
    from pydicom.pixels import apply_modality_lut, apply_voi_lut

    shown = apply_modality_lut(values, dataset)
    if dataset.get('VOILUTSequence'):
        shown = np.rint(shown).astype(np.int32)  # a rescale has made them floats
        _widen(dataset.VOILUTSequence[0])
    shown = apply_voi_lut(shown, dataset)
    if shown.min() == shown.max() and values.min() != values.max():
        raise ValueError('its VOI window or LUT makes a constant image of it')
    if dataset.PhotometricInterpretation == 'MONOCHROME1':
        shown = shown.max() - shown
    return shown


def _widen(lut: 'Dataset') -> None:
    """Declare 8-bit entries as 16-bit ones.

    pydicom indexes a table with the number type of its entries, so that a table of
    4,096 8-bit entries would be read modulo 256.
    """
    descriptor = lut.get('LUTDescriptor')
    if descriptor and descriptor[2] == 8:
        lut.LUTDescriptor = [descriptor[0], descriptor[1], 16]


def read_header(data: bytes, *keywords: str) -> 'Dataset':
    """These elements of the header of a DICOM file, and no others."""
    import pydicom

    return pydicom.dcmread(
        BytesIO(data), force=True, stop_before_pixels=True, specific_tags=list(keywords)
    )


def read_facts(data: bytes) -> dict[str, str]:
    """The cells ``view``, ``sex`` and ``age`` as the header of a DICOM file has them.

    Nothing else is read: names, dates and numbers of a patient stay in the file. An
    age in months, weeks or days becomes years with two decimals; one of more than 120
    years is unknown.
    """
    dataset = read_header(data, 'ViewPosition', 'PatientSex', 'PatientAge')
    view = str(dataset.get('ViewPosition') or '').strip().upper()
    sex = str(dataset.get('PatientSex') or '').strip().upper()
    return dict(
        view=_VIEWS.get(view, ''),
        sex=sex if sex in ('M', 'F', 'O') else '',
        age=parse_age(str(dataset.get('PatientAge') or '').strip().upper()),
    )


def parse_age(text: str) -> str:
    """Years of an age as DICOM writes it ('058Y', '003M'); '' where that is none."""
    match = re.fullmatch(r'(\d+)([YMWD]?)', text)
    if not match:
        return ''
    years = int(match[1]) / _PER_YEAR[match[2] or 'Y']
    return f'{round(years, 2):g}' if years <= 120 else ''
