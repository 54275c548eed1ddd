"""What becomes of damaged downloads: each fault is named and counted, once.

The downloads are those of the tests of the converters; a function here does the damage.
"""

import gzip
import os
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import zipfile

import cv2
import numpy as np
import pydicom
import pytest
from downloads import write_dicom, write_image
from test_chest_xray14 import IMAGES, TABLE, write_nih
from test_chexpert import TRAIN, write_chexpert
from test_covidx import TRAIN as COVIDX_TRAIN
from test_covidx import write_covidx
from test_mimic_cxr import DICOMS, write_gz, write_mimic
from test_nlm_tuberculosis import write_mask, write_montgomery
from toy_download import tree

from mmcxr.datasets.tables.table import TableError, read_table
from mmcxr.preparing.convert import convert
from mmcxr.preparing.placing import Options, strip_suffix
from mmcxr.preparing.readers import (
    chest_xray14,
    chexpert,
    covidx,
    mimic_cxr,
    montgomery,
)

NIH = (chest_xray14.CONVERTER, write_nih)
CHEXPERT = (chexpert.CONVERTER, write_chexpert)
MIMIC = (mimic_cxr.CONVERTER, write_mimic)
COVIDX = (covidx.CONVERTER, write_covidx)
MONTGOMERY = (montgomery.CONVERTER, write_montgomery)
NIH_FILM = f'images_001/images/{IMAGES[0]}'
CHEXPERT_STUDY = 'train/patient00001/study1'
CHEXPERT_FILM = f'{CHEXPERT_STUDY}/view1_frontal.jpg'
JPG, REPORTS = 'mimic-cxr-jpg/2.1.0', 'mimic-cxr/2.1.0/mimic-cxr-reports.zip'
MIMIC_STUDY = f'{JPG}/files/p10/p10000032/s50414267'
LEFT = 'ManualMask/leftMask/MCUCXR_0104_1.png'


def cut(name, share=0.5):
    def damage(root):
        data = (root / name).read_bytes()
        (root / name).write_bytes(data[: int(len(data) * share)])

    return damage


def fill(name, data=b''):
    def damage(root):
        (root / name).unlink(missing_ok=True)
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)

    return damage


def write(name, text):
    return fill(name, text.encode())


def black(root):
    cv2.imwrite(str(root / NIH_FILM), np.zeros((256, 256), np.uint8))


def circle(root):
    (root / 'images_001/images/more').symlink_to(root / 'images_001')


def dangling(root):
    film = root / 'train/000001-4.png'
    film.unlink()
    film.symlink_to(root / 'train/gone.png')


def link_to_itself(root):
    film = root / 'train/000001-4.png'
    film.unlink()
    film.symlink_to(film)


def same_bytes(root):
    shutil.copy(
        root / CHEXPERT_FILM, root / 'train/patient00003/study1/view2_frontal.jpg'
    )


def twice_on_disk(root):
    target = root / 'copy' / CHEXPERT_FILM
    target.parent.mkdir(parents=True)
    shutil.copy(root / CHEXPERT_FILM, target)


def pack_nih(root, keep=1.0):
    with tarfile.open(root / 'images_001.tar.gz', 'w:gz') as archive:
        archive.add(root / 'images_001/images', 'images')
    shutil.rmtree(root / 'images_001')
    cut('images_001.tar.gz', keep)(root)


def cut_tar(root):
    pack_nih(root, 0.6)


def no_tar(root):
    pack_nih(root)
    write('images_001.tar.gz', '<html>please log in</html>')(root)


def pack_train(root, change=None, evil=''):
    """train/ as a zip, one byte of its first film changed."""
    path = root / 'train.zip'
    with zipfile.ZipFile(path, 'w') as archive:
        for film in sorted((root / 'train').rglob('*.jpg')):
            archive.write(film, film.relative_to(root))
        if evil:
            archive.write(root / 'train.csv', evil)
        offset = archive.getinfo(CHEXPERT_FILM).header_offset
    shutil.rmtree(root / 'train')
    if change:
        data = bytearray(path.read_bytes())
        change(data, offset)
        path.write_bytes(data)


def bad_sum(root):
    def change(data, offset):
        data[offset + 400] ^= 0xFF

    pack_train(root, change)


def encrypted(root):
    def change(data, offset):
        data[offset + 6] |= 1
        data[data.index(b'PK\x01\x02') + 8] |= 1

    pack_train(root, change)


def leads_out(root):
    pack_train(root, evil='../../train.jpg')


def dicom_only(root):
    """The JPEG give way to DICOM, of which one has no pixels."""
    for path in sorted(root.rglob('*.jpg')):
        write_dicom(path.with_suffix('.dcm'), name=path.stem)
        path.unlink()
    path = root / f'{MIMIC_STUDY}/{DICOMS[0]}.dcm'
    dataset = pydicom.dcmread(path)
    del dataset.PixelData
    dataset.save_as(path)


def repeat_column(root):
    path = root / JPG / 'mimic-cxr-2.0.0-metadata.csv.gz'
    text = gzip.decompress(path.read_bytes()).decode()
    write_gz(root / JPG, 'metadata', text.replace(',study_id', ',subject_id', 1))


def small_mask(root):
    write_mask(root / LEFT, 3, (60, 48))


def grey_mask(root):
    write_image(root / LEFT, (64, 48))


def cut_mask(root):
    cut(LEFT)(root)


def two_tables(table):
    return lambda old, new: table.replace(old, new, 1)


nih, train = two_tables(TABLE), two_tables(TRAIN)
ENTRY = 'Data_Entry_2017_v2020.csv'

#: (download, damage, kind of the fault, part of the name).
FAULTS = [
    (NIH, fill(NIH_FILM), 'unreadable: films; left out', 'the file is empty'),
    (NIH, cut(NIH_FILM), 'unreadable: films; left out', IMAGES[0]),
    (NIH, black, 'unreadable: films; left out', 'constant image'),
    (NIH, circle, 'unreadable: links that lead back to a folder above', '/more'),
    (NIH, cut_tar, 'unreadable: archives', 'images_001.tar.gz'),
    (NIH, no_tar, 'unreadable: archives', 'images_001.tar.gz'),
    (
        NIH,
        write(ENTRY, nih(IMAGES[0], '../00000001_000.png')),
        'invalid: names that are no path under images/',
        '../00000001_000.png',
    ),
    (
        NIH,
        write(ENTRY, nih(IMAGES[1], IMAGES[0])),
        'duplicate: films whose name another has, but for the suffix; left out',
        IMAGES[0],
    ),
    (
        NIH,
        write(
            'BBox_List_2017.csv',
            'Image Index,Finding Label,Bbox [x,y,w,h],,,\n'
            f'{IMAGES[0]},Mass,nan,1,5,5,,,\n',
        ),
        'invalid: boxes that are none',
        f'BBox_List_2017.csv: row 1 ({IMAGES[0]})',
    ),
    (CHEXPERT, cut(CHEXPERT_FILM, 0.9), 'unreadable: films; left out', 'truncated'),
    (
        CHEXPERT,
        write(CHEXPERT_FILM, '<!DOCTYPE html><title>Sign in</title>'),
        'unreadable: films; left out',
        'cannot identify image file',
    ),
    (CHEXPERT, same_bytes, 'duplicate: images of the same bytes', CHEXPERT_FILM),
    (
        CHEXPERT,
        twice_on_disk,
        'duplicate: files of a name that another has; not read',
        f'copy/{CHEXPERT_FILM}',
    ),
    (CHEXPERT, bad_sum, 'unreadable: films; left out', 'Bad CRC-32'),
    (CHEXPERT, encrypted, 'unreadable: films; left out', 'encrypted'),
    (
        CHEXPERT,
        leads_out,
        'invalid: names in archives that lead out of them',
        '../../train.jpg',
    ),
    (
        CHEXPERT,
        write(f'{CHEXPERT_STUDY}/view9_frontal.jpg', 'x'),
        'extra: film files that nothing lists',
        'view9_frontal.jpg',
    ),
    (MIMIC, dicom_only, 'unreadable: films; left out', 'without pixel data'),
    (MIMIC, cut(REPORTS), 'unreadable: archives', 'mimic-cxr-reports.zip'),
    (
        MIMIC,
        write(f'{MIMIC_STUDY}/{DICOMS[0]}.jpg', 'x' * 300),
        'unreadable: films; left out',
        DICOMS[0],
    ),
    (COVIDX, dangling, 'unreadable: links that lead nowhere', '000001-4.png'),
    (COVIDX, link_to_itself, 'unreadable: links that lead nowhere', '000001-4.png'),
    (
        COVIDX,
        write('train.txt', COVIDX_TRAIN + '1 ../../x.png positive rsna\n'),
        'invalid: names that are no path under images/',
        'train/../../x.png',
    ),
    (MONTGOMERY, small_mask, 'invalid: masks; left out', '60x48'),
    (MONTGOMERY, grey_mask, 'invalid: masks; left out', '0 and 255; found'),
    (MONTGOMERY, cut_mask, 'invalid: masks; left out', 'MCUCXR_0104_1.png'),
]

#: (download, damage, message of the error).
REFUSED = [
    (NIH, write(ENTRY, nih('No Finding', '"No Finding')), f'{ENTRY}: .*quote'),
    (NIH, write(ENTRY, TABLE[:-60]), f'{ENTRY}: row 4 .*cut short'),
    (NIH, write(ENTRY, ''), f'{ENTRY}: the file is empty'),
    (NIH, fill('test_list.txt', 'é'.encode('utf-16')), 'test_list.txt: not UTF-8'),
    (
        CHEXPERT,
        fill('train.csv', TRAIN.replace('Female', 'Fémale').encode('latin-1')),
        'train.csv: not UTF-8',
    ),
    (CHEXPERT, write('train.csv', train('Path', 'path')), "no column 'Path' .did you"),
    (CHEXPERT, write('train.csv', train(',1.0,', ',2.0,')), "row 1, column .*'2.0'"),
    (
        MIMIC,
        cut(f'{JPG}/mimic-cxr-2.0.0-metadata.csv.gz'),
        'metadata.csv.gz: cannot be',
    ),
    (
        MIMIC,
        write(f'{JPG}/mimic-cxr-2.0.0-split.csv.gz', 'dicom_id,split\n'),
        'split.csv.gz: cannot be read .*gzip',
    ),
    (MIMIC, repeat_column, "names 'subject_id' more than once"),
    (COVIDX, write('train.txt', ''), None),
]


def names_of(found):
    return {
        kind: names
        for fault, kinds in found.tally.faults().items()
        if fault != 'count'
        for kind, names in kinds.items()
    }


@pytest.mark.parametrize(('download', 'damage', 'kind', 'name'), FAULTS)
def test_a_fault_is_named(download, damage, kind, name, tmp_path):
    converter, build = download
    root = build(tmp_path / 'source')
    whole = convert(converter, root, tmp_path / 'whole')
    before = names_of(whole)
    damage(root)
    found = convert(converter, root, tmp_path / 'out')
    after = names_of(found)
    (named,) = set(after[kind]) - set(before.get(kind, ()))
    assert name in named
    # What is not damaged is there, as it was.
    stems = [
        [strip_suffix(image) for image in read_table(tmp_path / made)['image']]
        for made in ('whole', 'out')
    ]
    assert len(stems[1]) >= len(stems[0]) - 2 and set(stems[1]) <= set(stems[0])
    first, second = tree(tmp_path / 'whole/images'), tree(tmp_path / 'out/images')
    assert sum(first[image] != second[image] for image in first.keys() & second) <= 1
    assert found.refused()


@pytest.mark.parametrize(('download', 'damage', 'message'), REFUSED)
def test_what_cannot_be_used_is_refused(download, damage, message, tmp_path):
    converter, build = download
    root = build(tmp_path / 'source')
    damage(root)
    if message is None:  # an empty list: its films are listed nowhere
        found = convert(converter, root, tmp_path / 'out')
        assert len(names_of(found)['extra: film files that nothing lists']) == 4
        return
    with pytest.raises(TableError, match=message):
        convert(converter, root, tmp_path / 'out')
    assert not (tmp_path / 'out/table.csv').exists()


KILLED = """
import sys, time
from mmcxr.preparing import convert, placing
from mmcxr.preparing.readers.{module} import CONVERTER
put = placing._put
def slowly(*args):
    time.sleep(0.02)
    put(*args)
placing._put = slowly
print('start', flush=True)
_, source, out, workers = sys.argv
convert.convert(CONVERTER, source, out, placing.Options(size=32), int(workers))
print('end', flush=True)
"""


@pytest.mark.parametrize(
    ('module', 'download', 'pack', 'workers'),
    [
        ('chest_xray14', NIH, pack_nih, 2),
        pytest.param(
            'montgomery', MONTGOMERY, lambda root: None, 0, marks=pytest.mark.slow
        ),
    ],
)
def test_a_killed_conversion_ends_with_the_same_bytes(
    module, download, pack, workers, tmp_path, repo_dir
):
    converter, build = download
    root = build(tmp_path / 'source')
    pack(root)
    convert(converter, root, tmp_path / 'whole', Options(size=32))
    whole = tree(tmp_path / 'whole')
    out = tmp_path / 'out'
    script = KILLED.format(module=module)
    rng = random.Random(os.getpid())
    num_whole = len(tree(tmp_path / 'whole/images'))
    for _ in range(2):
        before = len(tree(out / 'images'))
        command = [sys.executable, '-c', script, root, out, workers]
        run = subprocess.Popen(
            list(map(str, command)), stdout=subprocess.PIPE, cwd=repo_dir, text=True
        )
        assert run.stdout.readline() == 'start\n'
        while run.poll() is None and len(tree(out / 'images')) == before:
            time.sleep(0.002)
        time.sleep(rng.uniform(0, 0.03))
        run.send_signal(signal.SIGKILL)
        run.communicate()
        there = {name: data for name, data in tree(out).items() if 's/' in name[:7]}
        assert all(whole[name] == data for name, data in there.items())
        finished = len(tree(out / 'images')) == num_whole
        assert finished or not (out / 'table.csv').exists()
    convert(converter, root, out, Options(size=32))
    assert tree(out) == whole
