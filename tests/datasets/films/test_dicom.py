"""DICOM films made on the spot, against pydicom's own steps on whole images."""

import io

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, generate_uid

from mmcxr.datasets.films.dicom import read_facts
from mmcxr.datasets.films.film import read_film
from mmcxr.datasets.films.grey import UnreadableFilm

SHAPE = (31, 43)


def make(pixels=None, bits=12, photometric='MONOCHROME2', signed=False, **elements):
    """A small film; ``elements`` are DICOM keywords to set."""
    if pixels is None:
        pixels = np.random.default_rng(0).integers(100, 2**bits - 50, SHAPE)
    pixels = pixels.astype('i2' if signed else 'u1' if bits == 8 else 'u2')
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = '1.2.840.10008.5.1.4.1.1.1'
    dataset.SOPInstanceUID = generate_uid()
    dataset.Modality = 'DX'
    dataset.Rows, dataset.Columns = pixels.shape[:2]
    dataset.SamplesPerPixel = pixels.shape[2] if pixels.ndim == 3 else 1
    if pixels.ndim == 3:
        dataset.PlanarConfiguration = 0
    dataset.PhotometricInterpretation = photometric
    dataset.BitsAllocated = pixels.dtype.itemsize * 8
    dataset.BitsStored, dataset.HighBit = bits, bits - 1
    dataset.PixelRepresentation = int(signed)
    dataset.PixelData = pixels.tobytes()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def lut(values, first, bits):
    item = Dataset()
    item.LUTDescriptor = [len(values), first, bits]
    item['LUTDescriptor'].VR = 'US'
    item.LUTData = [int(v) for v in values]
    item['LUTData'].VR = 'US'
    return item


@pytest.fixture
def read(tmp_path):
    def save_and_read(dataset, name='film.dcm'):
        dataset.save_as(tmp_path / name, enforce_file_format=True)
        return read_film(tmp_path / name)

    return save_and_read


def whole_image_steps(dataset):
    """Every step on the pixels themselves, with no table of values."""
    shown = apply_voi_lut(
        apply_modality_lut(dataset.pixel_array, dataset), dataset
    ).astype(float)
    if dataset.PhotometricInterpretation == 'MONOCHROME1':
        shown = shown.max() - shown
    return np.rint((shown - shown.min()) * (255 / (shown.max() - shown.min())))


WINDOW = dict(WindowCenter=1500, WindowWidth=900)
CASES = {
    'plain': dict(),
    '8 bit': dict(bits=8),
    '16 bit': dict(bits=16),
    'monochrome1': dict(photometric='MONOCHROME1'),
    'window': WINDOW,
    'window monochrome1': dict(photometric='MONOCHROME1', **WINDOW),
    'two windows': dict(WindowCenter=[1500, 900], WindowWidth=[900, 100]),
    'sigmoid': dict(VOILUTFunction='SIGMOID', **WINDOW),
    'exact': dict(VOILUTFunction='LINEAR_EXACT', **WINDOW),
    'rescale': dict(RescaleSlope=2.5, RescaleIntercept=-1024),
    'rescale falling': dict(RescaleSlope=-1, RescaleIntercept=4095, **WINDOW),
    'signed': dict(
        pixels=np.random.default_rng(1).integers(-2048, 2047, SHAPE), signed=True
    ),
    'half a window': dict(WindowCenter=1500),
    'empty window': dict(WindowCenter=None, WindowWidth=None),
}


@pytest.mark.parametrize('case', CASES)
def test_equals_the_steps_on_whole_images(read, case):
    dataset = make(**CASES[case])
    film = read(dataset)
    assert film.dtype == np.uint8 and film.shape == SHAPE
    assert np.array_equal(film, whole_image_steps(dataset))


def test_monochrome1_is_the_negative(read):
    pixels = np.arange(256).reshape(16, 16)
    plain = read(make(pixels, bits=8))
    negative = read(make(pixels, bits=8, photometric='MONOCHROME1'))
    assert np.array_equal(plain, pixels)
    assert np.array_equal(negative, 255 - pixels)


def test_window_saturates_both_ends(read):
    film = read(make(np.arange(4096).reshape(64, 64), **WINDOW)).ravel()
    assert (film[:1050] == 0).all() and (film[1951:] == 255).all()
    assert abs(int(film[1500]) - 127) <= 1 and (np.diff(film.astype(int)) >= 0).all()


def test_modality_lut(read):
    table = np.random.default_rng(2).permutation(4096)
    dataset = make(ModalityLUTSequence=[lut(table, 0, 16)])
    pixels = dataset.pixel_array
    expected = table[pixels].astype(float)
    expected -= expected.min()
    assert np.array_equal(read(dataset), np.rint(expected * (255 / expected.max())))


@pytest.mark.parametrize('bits', [8, 12])
@pytest.mark.parametrize('rescale', [{}, dict(RescaleSlope=1, RescaleIntercept=0)])
@pytest.mark.filterwarnings('error')
def test_voi_lut_that_is_not_monotone(read, bits, rescale):
    """Only values that occur count; a table of 8-bit entries may be long."""
    table = np.abs(np.arange(4096) - 1000) * (2**bits - 1) // 3096
    dataset = make(
        np.random.default_rng(3).integers(900, 2000, SHAPE),
        VOILUTSequence=[lut(table, 0, bits)],
        **rescale,
    )
    expected = table[dataset.pixel_array].astype(float)
    expected -= expected.min()
    assert np.array_equal(read(dataset), np.rint(expected * (255 / expected.max())))


@pytest.mark.parametrize('syntax', ['RLELossless', 'JPEG2000Lossless'])
def test_compressed(read, syntax):
    # 64 px or more: OpenJPEG halves a film five times.
    pixels = np.random.default_rng(5).integers(0, 4096, (65, 71))
    dataset = make(pixels)
    expected = read(dataset)
    dataset.compress(getattr(pydicom.uid, syntax))
    assert np.array_equal(read(dataset), expected)


@pytest.mark.parametrize(
    'name',
    [
        'JPGExtended.dcm',
        'JPEG2000.dcm',
        'MR_small_jpeg_ls_lossless.dcm',
        'SC_rgb_jpeg_gdcm.dcm',
    ],
)
def test_files_of_other_makers(name):
    film = read_film(get_testdata_file(name, download=False))
    assert (film.min(), film.max()) == (0, 255)


def test_lossless_jpeg(read, tmp_path):
    """JPEG process 14: by far the commonest in chest films."""
    dataset = make(np.arange(SHAPE[0] * SHAPE[1]).reshape(SHAPE) % 4000)
    expected = read(dataset)
    stream = lossless_jpeg(dataset.pixel_array, 12)
    dataset.PixelData = pydicom.encaps.encapsulate([stream])
    dataset['PixelData'].VR = 'OB'
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.JPEGLosslessSV1
    assert np.array_equal(read(dataset), expected)


def lossless_jpeg(pixels, bits):
    """A minimal encoder: predictor 1, one Huffman code of 5 bits per category."""
    rows, columns = pixels.shape
    p = pixels.astype(int)
    left = np.empty_like(p)
    left[:, 1:] = p[:, :-1]
    left[1:, 0], left[0, 0] = p[:-1, 0], 2 ** (bits - 1)
    code = []
    for d in (p - left).ravel():
        size = int(abs(d)).bit_length()
        code.append(f'{size:05b}')
        if size:
            code.append(f'{d if d > 0 else d + 2**size - 1:0{size}b}')
    stream = ''.join(code)
    stream += '1' * (-len(stream) % 8)
    data = int(stream, 2).to_bytes(len(stream) // 8, 'big').replace(b'\xff', b'\xff\0')

    def segment(marker, body):
        return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, 'big') + body

    size = rows.to_bytes(2, 'big') + columns.to_bytes(2, 'big')
    return b''.join(
        [
            b'\xff\xd8',
            segment(0xC3, bytes([bits]) + size + bytes([1, 1, 0x11, 0])),
            segment(0xC4, bytes([0] + [0] * 4 + [17] + [0] * 11 + list(range(17)))),
            segment(0xDA, bytes([1, 1, 0, 1, 0, 0])),
            data,
            b'\xff\xd9',
        ]
    )


def test_colour_becomes_luma(read):
    rgb = np.random.default_rng(4).integers(0, 256, (*SHAPE, 3))
    film = read(make(rgb, bits=8, photometric='RGB'))
    expected = rgb @ [0.299, 0.587, 0.114]
    expected = (expected - expected.min()) / np.ptp(expected) * 255
    assert np.abs(film - expected).max() <= 0.5 + 1e-9


def test_known_without_suffix_or_with_a_wrong_one(read):
    dataset = make()
    expected = read(dataset)
    assert np.array_equal(read(dataset, 'film'), expected)
    assert np.array_equal(read(dataset, 'film.jpg'), expected)


@pytest.mark.parametrize('syntax', [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
def test_without_preamble_and_meta(tmp_path, syntax):
    dataset = make()
    path = tmp_path / 'bare.dcm'
    pydicom.dcmwrite(
        path,
        Dataset({e.tag: e for e in dataset}),
        implicit_vr=syntax == ImplicitVRLittleEndian,
        little_endian=True,
    )
    assert path.read_bytes()[128:132] != b'DICM'
    assert np.array_equal(read_film(path), whole_image_steps(dataset))


# --- bad files ------------------------------------------------------------------


def without_pixels():
    dataset = make()
    del dataset.PixelData
    return dataset


@pytest.mark.parametrize(
    ('dataset', 'cause'),
    [
        (without_pixels(), 'without pixel data'),
        (make(PixelData=b''), 'without pixel data'),
        (make(PixelData=b'\0' * 100), 'less than expected'),
        (make(NumberOfFrames=3), '3 frames'),
        (make(photometric='PALETTE COLOR'), "'PALETTE COLOR' is not read"),
        (make(np.zeros(SHAPE)), 'is a constant image'),
        (make(WindowCenter=60000, WindowWidth=2), 'its VOI window'),
        (make(WindowCenter=9, WindowWidth=0), 'Window Width'),
    ],
)
def test_refused(read, dataset, cause):
    with pytest.raises(UnreadableFilm, match=rf'film\.dcm: .*{cause}'):
        read(dataset)


def test_cut_file(read, tmp_path):
    read(make())
    path = tmp_path / 'film.dcm'
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(UnreadableFilm, match=r'film\.dcm: '):
        read_film(path)


@pytest.mark.parametrize('data', [b'\0' * 128 + b'DICM', b'not a DICOM file at all'])
def test_empty_or_alien(tmp_path, data):
    path = tmp_path / 'film.dcm'
    path.write_bytes(data)
    with pytest.raises(UnreadableFilm, match='without pixel data, or not a DICOM'):
        read_film(path)


def test_nan_in_float_pixels(read):
    values = np.linspace(0, 1, SHAPE[0] * SHAPE[1], dtype='f4')
    dataset = make()
    del dataset.PixelData, dataset.BitsStored, dataset.HighBit
    del dataset.PixelRepresentation
    dataset.BitsAllocated = 32
    dataset.FloatPixelData = values.tobytes()
    assert read(dataset)[-1, -1] == 255
    values[5] = np.nan
    dataset.FloatPixelData = values.tobytes()
    with pytest.raises(UnreadableFilm, match='NaN'):
        read(dataset)


def test_damaged_header(tmp_path):
    buffer = io.BytesIO()
    make().save_as(buffer, enforce_file_format=True)
    path = tmp_path / 'film.dcm'
    path.write_bytes(buffer.getvalue()[:300])
    with pytest.raises(UnreadableFilm, match=r'film\.dcm: '):
        read_film(path)


# --- headers --------------------------------------------------------------------


def facts_of(**elements):
    dataset = make(**elements)
    dataset.PatientName, dataset.PatientID = 'Doe^Jane', '1234'
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return read_facts(buffer.getvalue())


@pytest.mark.filterwarnings('ignore:Invalid value for VR')
@pytest.mark.parametrize(
    ('age', 'years'),
    [
        ('058Y', '58'),
        ('006M', '0.5'),
        ('010D', '0.03'),
        ('026W', '0.5'),
        ('51', '51'),
        ('000Y', '0'),
        ('148Y', ''),
        ('old', ''),
        ('', ''),
    ],
)
def test_ages(age, years):
    assert facts_of(PatientAge=age)['age'] == years


@pytest.mark.parametrize(
    ('view', 'ours'),
    [('PA', 'PA'), ('AP', 'AP'), ('LL', 'LATERAL'), ('RL', 'LATERAL'), ('LLD', '')]
    + [('LATERAL', 'LATERAL'), ('', ''), ('GENERICA', '')],
)
def test_views(view, ours):
    assert facts_of(ViewPosition=view)['view'] == ours


def test_only_facts_are_read():
    facts = facts_of(PatientSex='F', ViewPosition='PA', PatientAge='033Y')
    assert facts == dict(view='PA', sex='F', age='33')
    assert facts_of(PatientSex='X')['sex'] == ''
    assert facts_of() == dict(view='', sex='', age='')
