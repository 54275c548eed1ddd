"""Official downloads rebuilt in small: films of random pixels, and real tables."""

import gzip
import hashlib
import importlib.util
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmcxr.preparing.convert import collect
from mmcxr.preparing.films import Listing
from mmcxr.preparing.source import Source
from mmcxr.preparing.verify import counts_by_name
from mmcxr.preparing.writing import Tally


def real_table(name: str) -> bytes:
    """A published annotation table that torchxrayvision carries, unpacked."""
    found = importlib.util.find_spec('torchxrayvision')
    if found is None:
        pytest.skip('real tables come with "pip install torchxrayvision"')
    data = (Path(found.submodule_search_locations[0]) / 'data' / name).read_bytes()
    return gzip.decompress(data) if name.endswith('.csv.gz') else data


def pixels_of(name: str, shape=(48, 48)) -> np.ndarray:
    """A film of its own for each name, 0 and 255 among its values."""
    seed = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest(), 'big')
    film = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    film[0, :2] = 0, 255
    return film


def write_image(path: Path, shape=(48, 48), name: str = '') -> Path:
    """A film as PNG or JPEG; ``name`` says which, if not the file's name does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels_of(name or path.stem, shape))
    return path


def write_dicom(path: Path, shape=(48, 48), name: str = '', **elements) -> Path:
    """A film as 8-bit DICOM, with elements of its header."""
    import pydicom
    from pydicom.uid import ExplicitVRLittleEndian, generate_uid

    pixels = pixels_of(name or path.stem, shape)
    dataset = pydicom.Dataset()
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = '1.2.840.10008.5.1.4.1.1.7'
    dataset.SOPInstanceUID = elements.pop('SOPInstanceUID', generate_uid())
    dataset.Modality, dataset.PatientName = 'CR', 'Doe^Jane'
    dataset.PatientBirthDate = '19700101'
    dataset.Rows, dataset.Columns = shape
    dataset.SamplesPerPixel, dataset.PixelRepresentation = 1, 0
    dataset.PhotometricInterpretation = 'MONOCHROME2'
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit = 7
    dataset.PixelData = pixels.tobytes()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path


def write_text(path: Path, text: str) -> Path:
    """Exactly this text, line ends included."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def list_source(converter, root, **options) -> tuple[Listing, Tally]:
    """What a converter lists, films unread."""
    tally = Tally()
    options = {**dict.fromkeys(converter.options), **options}
    return converter.read(Source(root, tally), tally, **options), tally


def listed_counts(listing: Listing) -> Counter:
    """Numbers of a listing by the names that the verification uses."""
    rows = (film.known_cells() for film in listing.films)
    table = collect(rows, len(listing.films))
    counts = Counter(images=len(table))
    for name in ('patient_id', 'study_id'):
        ids = table[name] if name in table else table['image']
        table[name] = ids.where(ids != '', table['image'])
    studies = table[['patient_id', 'study_id']]
    counts['patients'] = studies['patient_id'].nunique()
    counts['studies'] = len(studies.drop_duplicates())
    for name in table:
        if set(table[name].unique()) <= {0, 1, -1, '0', '1', '-1', ''}:
            for label, meaning in ((1, 'positive'), (0, 'negative'), (-1, 'uncertain')):
                found = table[name].isin([label, str(label)]).sum()
                counts[f'{name} {meaning}'] = int(found)
    if 'findings' in table:
        told = (table['findings'] != '') | (table.get('impression', '') != '')
        counts['reports'] = len(studies[told].drop_duplicates())
    for film in listing.films:
        counts['boxes'] += len(film.boxes or ())
        counts.update(f'{name} masks' for name in film.masks)
    for scheme, listed in listing.splits.items():
        counts.update(f'{scheme} {split}' for _, split in listed)
    return counts


def check_published(converter, listing: Listing) -> int:
    """Compare with all that is published of the release; returns how many numbers."""
    found, compared = listed_counts(listing), 0
    for claim in converter.reported:
        if claim.covers(listing.release):
            for name, number in counts_by_name(claim).items():
                assert found[name] == number, (name, claim.source)
                compared += 1
    return compared
