"""SIIM-ACR Pneumothorax: both stages, both id schemes, three layouts.

Layouts: the challenge's data page and kernels as kept in
github.com/prasadsawant5/kaggle-pneumothorax (folders, ``train-rle.csv``), the table
that torchxrayvision ships (header with a leading blank), the PNG copy as read by
github.com/arc144/siim-pneumothorax and others (``new_filename``, ``ImageId``,
``has_pneumo``), and MRM's read-me for the folders.
"""

import csv
import json

import cv2
import numpy as np
import pytest
from downloads import (
    check_published,
    list_source,
    pixels_of,
    real_table,
    write_dicom,
    write_image,
    write_text,
)

from mmcxr.datasets.films.run_length import decode_run_lengths, encode_run_lengths
from mmcxr.datasets.public.siim import SIIMPneumothorax, SIIMPneumothoraxSeg
from mmcxr.datasets.tables.splits import read_split
from mmcxr.datasets.tables.table import TableError, read_table
from mmcxr.preparing.convert import convert
from mmcxr.preparing.placing import Options
from mmcxr.preparing.readers.siim import CONVERTER

ROOT = '1.2.276.0.7230010.3.1.4.8323329'
UIDS = [f'{ROOT}.{n}.1517875201.85081{n}' for n in range(6)]


def square(x, y, size) -> np.ndarray:
    mask = np.zeros((1024, 1024), np.uint8)
    mask[y : y + size, x : x + size] = 1
    return mask


MASKS = {
    UIDS[1]: [square(100, 500, 80)],
    UIDS[3]: [square(0, 0, 64), square(32, 32, 64)],
}


def write_stage(root, table='train-rle.csv', header='ImageId, EncodedPixels'):
    """DICOM of 1,024 px two folders down, and the table of run lengths."""
    lines = [header]
    for number, uid in enumerate(UIDS):
        folder = 'dicom-images-test' if number == 5 else 'dicom-images-train'
        study, series = f'{uid}.1', f'{uid}.2'
        write_dicom(
            root / folder / study / series / f'{uid}.dcm',
            (1024, 1024),
            SOPInstanceUID=uid,
            PatientSex='FM'[number % 2],
            PatientAge=f'{30 + number:03}Y',
            ViewPosition='PA',
        )
        codes = map(encode_run_lengths, MASKS.get(uid, [np.zeros((9, 9))]))
        lines += [
            f'{uid}, {code}' if code == '-1' else f'{uid},{code}' for code in codes
        ]
    write_text(root / table, '\n'.join(lines) + '\n')
    return root


def test_run_lengths_and_dicom(tmp_path):
    source = write_stage(tmp_path / 'source')
    out = tmp_path / 'out'
    found = convert(CONVERTER, source, out, workers=2)
    table = read_table(out, check_files=-1)
    assert table['image'].tolist() == [f'{uid}.png' for uid in UIDS]
    assert table['Pneumothorax'].tolist() == [0, 1, 0, 1, 0, 0]
    assert table['sex'].tolist() == ['F', 'M'] * 3 and table['age'][2] == '32'
    assert set(table['view']) == {'PA'}
    film = cv2.imread(str(out / 'images' / table['image'][0]), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(film, pixels_of(UIDS[0], (1024, 1024)))
    for uid, parts in MASKS.items():
        mask = cv2.imread(str(out / f'masks/{uid}.png'), cv2.IMREAD_UNCHANGED)
        assert np.array_equal(mask, np.maximum.reduce(parts))
    # Six films are fewer than were published, and that is all there is to say.
    assert found.refused() == ['count']
    assert 'Doe' not in (out / 'table.csv').read_text()
    assert len(SIIMPneumothorax(out)) == 6 and len(SIIMPneumothoraxSeg(out)) == 6


def test_shrunk(tmp_path):
    out = tmp_path / 'out'
    convert(CONVERTER, write_stage(tmp_path / 'source'), out, Options(size=256))
    mask = cv2.imread(str(out / f'masks/{UIDS[1]}.png'), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(mask, square(100, 500, 80)[::4, ::4])


def test_films_under_another_name(tmp_path):
    """stage_2_images/ID_….dcm: the table knows the UID in the header."""
    source = tmp_path / 'source'
    write_stage(source, 'stage_2_train.csv', 'ImageId,EncodedPixels')
    paths = sorted(source.rglob('*.dcm'))
    for path in paths:
        number = UIDS.index(path.stem)
        path.rename(source / f'ID_{number:09x}.dcm')
    write_dicom(source / 'ID_unlisted.dcm')
    (source / 'ID_broken.dcm').write_bytes(b'x' * 200)
    found = convert(CONVERTER, source, tmp_path / 'out')
    table = read_table(tmp_path / 'out')
    assert table['image'].tolist() == [f'{uid}.png' for uid in UIDS]
    assert table['extra_file'].tolist() == [f'ID_{n:09x}' for n in range(6)]
    assert found.tally.names('films without annotation; left out') == [
        'ID_broken.dcm',
        'ID_unlisted.dcm',
    ]
    assert [path.name for path in (tmp_path / 'out/splits').iterdir()] == ['gloria.csv']


def test_png_copy(tmp_path):
    source = tmp_path / 'siim-acr-pneumothorax'
    for split, numbers in dict(train=range(4), test=range(4, 6)).items():
        lines = ['new_filename,ImageId,has_pneumo']
        for number in numbers:
            label = int(UIDS[number] in MASKS)
            name = f'{number}_{split}_{label}_.png'
            write_image(source / 'png_images' / name, (64, 64))
            mask = np.zeros((64, 64), np.uint8)
            mask[5:9, 5 : 9 + number] = 255 * label
            (source / 'png_masks').mkdir(exist_ok=True)
            cv2.imwrite(str(source / 'png_masks' / name), mask)
            lines.append(f'{name},{UIDS[number]},{label}')
        write_text(source / f'stage_1_{split}_images.csv', '\r\n'.join(lines) + '\r\n')
    out = tmp_path / 'out'
    convert(CONVERTER, source, out)
    table = read_table(out, check_files=-1)
    assert table['image'].tolist() == [f'{uid}.png' for uid in UIDS]
    assert table['extra_file'].tolist()[:2] == ['0_train_0_', '1_train_1_']
    assert table['Pneumothorax'].tolist() == [0, 1, 0, 1, 0, 0]
    assert (table['mask'] != '').tolist() == [False, True, False, True, False, False]
    scheme = read_split(out, 'official', table)
    assert scheme.of('test').tolist() == [4, 5]
    text = (source / 'stage_1_test_images.csv').read_text().replace(',0', ',no')
    write_text(source / 'stage_1_test_images.csv', text)
    with pytest.raises(TableError, match="test_images.csv: row 1, .*'no' is neither"):
        convert(CONVERTER, source, out)


def test_folders_of_mrm(tmp_path):
    """The label is what the mask shows; a film in two splits is in both."""
    source, out = tmp_path / 'siim', tmp_path / 'out'
    folders = dict(training=[0, 1, 2], validation=[3], test=[1, 4])
    for folder, numbers in folders.items():
        for number in numbers:
            write_image(source / f'images/{folder}/{UIDS[number]}.jpg', (64, 64))
            mask = np.zeros((64, 64), np.uint8)
            mask[10:20, 10:30] = int(number in (1, 3))
            path = source / f'annotations/{folder}/{UIDS[number]}.png'
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), mask)
    found = convert(CONVERTER, source, out)
    table = read_table(out, check_files=-1)
    assert table['Pneumothorax'].tolist() == [0, 1, 0, 1, 0]
    assert (table['mask'] != '').sum() == 2
    scheme = read_split(out, 'mrm', table)
    rows = {split: scheme.of(split).tolist() for split in ('train', 'val', 'test')}
    assert rows == dict(train=[0, 1, 2], val=[3], test=[1, 4])
    assert found.refused() == ['count']
    write_image(source / f'images/test/{UIDS[1]}.jpg', (32, 32))
    (source / f'annotations/training/{UIDS[0]}.png').unlink()
    tally = convert(CONVERTER, source, out).tally
    assert tally.count('duplicate: films of one name in two splits that differ') == 1
    assert tally.names('missing: masks of films') == [f'training/{UIDS[0]}']
    assert read_table(out)['Pneumothorax'].isna().sum() == 1


def test_bad_run_lengths(tmp_path):
    source = write_stage(tmp_path / 'source')
    lines = (source / 'train-rle.csv').read_text().split('\n')
    lines[1] = f'{UIDS[0]},7 8 9'
    lines[3] = f'{UIDS[2]},1048570 8'
    lines.insert(4, f'{UIDS[1]}, -1')
    write_text(source / 'train-rle.csv', '\n'.join(lines))
    (source / 'dicom-images-test').rename(tmp_path / 'gone')
    found = convert(CONVERTER, source, tmp_path / 'out')
    faults = found.tally.faults()
    place = 'train-rle.csv: row {} (image {!r})'
    assert faults['invalid'] == {
        'invalid: images both with and without runs': [place.format(2, UIDS[1])],
        'invalid: masks; left out': [
            f'{place.format(1, UIDS[0])}: 3 numbers; run lengths are pairs of gap and '
            'length',
            f'{place.format(3, UIDS[2])}: run 1 of 1 ends outside 1024x1024',
        ],
    }
    assert faults['missing'] == {
        'missing: listed films that are not there': [f'{UIDS[5]}.dcm']
    }
    # What cannot be drawn is no negative: it is unknown to the segmentation.
    assert len(SIIMPneumothoraxSeg(tmp_path / 'out')) == 3


def test_crosswalk(tmp_path):
    source = write_stage(tmp_path / 'source')
    rows = [{'SOPInstanceUID': UIDS[0], 'img_id': '00000013_026.png'}]
    path = write_text(tmp_path / 'walk.json', json.dumps(rows))
    found = convert(CONVERTER, source, tmp_path / 'out', crosswalk=str(path))
    table = read_table(tmp_path / 'out')
    assert table['patient_id'].tolist() == ['00000013', *table['image'][1:]]
    assert table['extra_nih_image'][0] == '00000013_026.png'
    assert found.tally.count('films that the crosswalk lacks') == 5


def test_nothing_known(tmp_path):
    write_dicom(tmp_path / 'a.dcm')
    with pytest.raises(TableError, match='holds no table of run lengths'):
        convert(CONVERTER, tmp_path, tmp_path / 'out')
    write_text(tmp_path / 'train-rle.csv', 'ImageId,Pixels\na,-1\n')
    with pytest.raises(TableError, match="no column 'EncodedPixels'"):
        convert(CONVERTER, tmp_path, tmp_path / 'out')


def test_the_real_table(tmp_path):
    data = real_table('siim-pneumothorax-train-rle.csv.gz')
    (tmp_path / 'train-rle.csv').write_bytes(data)
    listing, _ = list_source(CONVERTER, tmp_path)
    assert listing.release == 'stage 2'
    assert check_published(CONVERTER, listing) == 4
    masks = {film.image: film.masks.get('mask') for film in listing.films}
    several = [mask for mask in masks.values() if mask and len(mask.rows) > 1]
    assert len(several) == 624
    assert all(mask.draw((64, 64)).any() for mask in several[::100])
    rows = list(csv.reader(data.decode().splitlines()))[1:]
    for image, code in rows[5:500:50]:
        if code != '-1':
            mask = decode_run_lengths(code, (1024, 1024), image)
            assert encode_run_lengths(mask) == code


def test_the_real_table_of_stage_1(tmp_path, shared_dir):
    """MRM's lists hold every annotated film of stage 1."""
    lists = shared_dir / 'data/mrm/DatasetsSplits/SIIM-ACR_Pneumothorax'
    names = {name for path in lists.glob('*.txt') for name in path.read_text().split()}
    lines = real_table('siim-pneumothorax-train-rle.csv.gz').decode().splitlines()
    kept = [line for line in lines[1:] if line.split(',')[0] in names]
    assert len(kept) == 11_582
    write_text(tmp_path / 'train-rle.csv', '\n'.join([lines[0], *kept]))
    listing, _ = list_source(CONVERTER, tmp_path)
    assert listing.release == 'stage 1' and check_published(CONVERTER, listing) == 4
