"""Write a drawn film as 8-bit JPEG, 16-bit PNG or DICOM, and masks as PNG."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from .drawn_film import DrawnFilm
from .plan import Patient, Study

MAKERS = ('Northlight Imaging', 'Radion', 'Kestrel Medical')


def write_jpg(path: Path, film: DrawnFilm, patient, study, view, rng) -> None:
    """8-bit JPEG of quality 95."""
    _encode(path, np.rint(film.pixels * 255).astype(np.uint8), cv2.IMWRITE_JPEG_QUALITY)


def write_png(path: Path, film: DrawnFilm, patient, study, view, rng) -> None:
    """16-bit PNG over the full depth."""
    _encode(path, np.rint(film.pixels * 65535).astype(np.uint16))


def write_mask(path: Path, mask: np.ndarray) -> None:
    """PNG of 0 and 255 from a (H, W) bool mask."""
    _encode(path, mask.astype(np.uint8) * 255)


def write_dicom(
    path: Path, film: DrawnFilm, patient: Patient, study: Study, view: str, rng
) -> None:
    """12-bit DICOM whose rescale and window show the film's whole range.

    Some are MONOCHROME1. The header says who was filmed when and how, and nothing
    of what the film shows.
    """
    # Imported here because few ask for DICOM and pydicom takes a while.
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, generate_uid

    digital = view != 'AP'
    kind = '1.2.840.10008.5.1.4.1.1.1.1.1' if digital else '1.2.840.10008.5.1.4.1.1.1'
    names = [path.parent.name, path.stem.split('_')[0], path.stem]
    uids = [generate_uid(entropy_srcs=['mmcxr synthetic', name]) for name in names]
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = kind
    meta.MediaStorageSOPInstanceUID = uids[2]
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset(str(path), {}, file_meta=meta, preamble=b'\0' * 128)
    dataset.SOPClassUID, dataset.SOPInstanceUID = kind, uids[2]
    dataset.StudyInstanceUID, dataset.FrameOfReferenceUID = uids[1], uids[0]
    dataset.SeriesInstanceUID = generate_uid(entropy_srcs=[*names, 'series'])
    dataset.Modality = 'DX' if digital else 'CR'
    dataset.Manufacturer = MAKERS[rng.integers(len(MAKERS))]
    dataset.BodyPartExamined, dataset.ViewPosition = 'CHEST', view
    if view == 'LATERAL':
        dataset.ViewPosition = 'LL'
    dataset.PatientID = dataset.PatientName = names[0]
    dataset.PatientSex, dataset.PatientAge = patient.sex, f'{study.age:03d}Y'
    dataset.StudyID, dataset.AccessionNumber = names[1], names[1]
    dataset.StudyDate = f'20{9 + study.number:02d}{rng.integers(1, 13):02d}15'
    dataset.PixelSpacing = [f'{10 * film.spacing:.4f}'] * 2
    _set_pixels(dataset, film.pixels, rng)
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)


WRITERS: dict[str, tuple[str, Callable]] = {
    'jpg': ('.jpg', write_jpg),
    'png': ('.png', write_png),
    'dicom': ('.dcm', write_dicom),
}


def _set_pixels(dataset, pixels: np.ndarray, rng) -> None:
    """Store pixels (H, W) in [0, 1] as 12 bits with rescale and window."""
    low, span = int(rng.integers(50, 500)), int(rng.integers(2800, 3500))
    stored = low + np.rint(pixels * span).astype(np.uint16)
    inverted = rng.random() < 0.3
    if inverted:
        stored, low = 4095 - stored, 4095 - low - span
    intercept = int(rng.choice([0, -1024]))
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = f'MONOCHROME{1 if inverted else 2}'
    dataset.Rows, dataset.Columns = stored.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation = 0
    dataset.RescaleSlope, dataset.RescaleIntercept = '1', str(intercept)
    dataset.RescaleType = 'US'
    # DICOM's linear window runs from center - 0.5 - (width - 1) / 2 upwards.
    dataset.WindowCenter = f'{low + intercept + span / 2 + 0.5:g}'
    dataset.WindowWidth = str(span + 1)
    dataset.PixelData = stored.astype('<u2').tobytes()


def _encode(path: Path, image: np.ndarray, quality: int | None = None) -> None:
    done, data = cv2.imencode(path.suffix, image, [quality, 95] if quality else [])
    if not done:
        raise OSError(f'{path}: OpenCV cannot encode {image.dtype} {image.shape}')
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.tobytes())
