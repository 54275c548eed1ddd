"""Damaged sources: each fault is named and counted, and the rest is converted."""

import gzip
import hashlib
import io
import os
import tarfile
import zipfile

import cv2
import numpy as np
import pytest
from downloads import write_dicom
from PIL import Image
from toy_download import HEADER, TOY, draw_pixels, write_csv, write_film

from mmcxr.datasets.tables.table import TableError, read_table
from mmcxr.preparing.convert import convert

NAME = 'a/04.png'


def png(pixels) -> bytes:
    return cv2.imencode('.png', pixels)[1].tobytes()


def png_of(name: str) -> bytes:
    return png(draw_pixels(name))


def jpeg() -> bytes:
    return cv2.imencode('.jpg', draw_pixels('x', (120, 160)))[1].tobytes()


def dicom(tmp_path, **elements) -> bytes:
    return write_dicom(tmp_path / 'made.dcm', **elements).read_bytes()


def frames() -> bytes:
    buffer = io.BytesIO()
    films = [Image.fromarray(draw_pixels(name)) for name in 'ab']
    films[0].save(buffer, 'TIFF', save_all=True, append_images=films[1:])
    return buffer.getvalue()


def nan_tiff() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.full((8, 8), np.nan, np.float32)).save(buffer, 'TIFF')
    return buffer.getvalue()


FILMS = {
    'zero bytes': lambda tmp: b'',
    'text': lambda tmp: b'<html>404 not found</html>',
    'half a PNG': lambda tmp: png_of('x')[:600],
    'PNG header only': lambda tmp: png_of('x')[:33],
    'PNG with a broken chunk': lambda tmp: png_of('x')[:60] + b'xx' + png_of('x')[62:],
    'half a JPEG': lambda tmp: jpeg()[: len(jpeg()) // 2],
    'JPEG whose tail is zeros': lambda tmp: jpeg()[:3000] + bytes(len(jpeg()) - 3000),
    'JPEG header only': lambda tmp: jpeg()[:20],
    'all black': lambda tmp: png(np.zeros((9, 9), np.uint8)),
    'several frames': lambda tmp: frames(),
    'NaN': lambda tmp: nan_tiff(),
    'GIF cut short': lambda tmp: b'GIF89a\x10\0\x10\0\0\0\0',
    'DICOM without pixels': lambda tmp: dicom(tmp, PixelData=b''),
    'DICOM with too few pixels': lambda tmp: dicom(tmp, PixelData=bytes(100)),
    'DICOM of several frames': lambda tmp: dicom(tmp, NumberOfFrames='3'),
    'DICOM of unknown colours': lambda tmp: dicom(
        tmp, PhotometricInterpretation='PALETTE COLOR'
    ),
    'DICOM cut in its header': lambda tmp: dicom(tmp)[:250],
    'DICOM preamble only': lambda tmp: bytes(128) + b'DICM',
    'DICOM and then noise': lambda tmp: (
        bytes(128) + b'DICM' + np.random.default_rng(0).bytes(500)
    ),
}


@pytest.mark.filterwarnings('ignore::UserWarning:pydicom')
@pytest.mark.parametrize('damage', FILMS)
def test_a_film(toy_source, tmp_path, damage):
    path = toy_source / 'films' / NAME
    path.write_bytes(FILMS[damage](tmp_path))
    found = convert(TOY, toy_source, tmp_path / 'out')
    named = found.tally.names('unreadable: films; left out')
    assert len(named) == 1 and named[0].startswith(f'{path}: ')
    assert found.refused() == ['unreadable']
    table = read_table(tmp_path / 'out', check_files=-1)
    assert len(table) == 11 and NAME not in set(table['image'])
    # The list, too, is of what is there.
    assert NAME not in (tmp_path / 'out/splits/official.csv').read_text()
    assert not list((tmp_path / 'out').rglob('*.part'))


def test_bytes_that_are_not_those_published(toy_source, tmp_path):
    """PhysioNet lists the SHA-256 of each file."""
    films = sorted((toy_source / 'films').rglob('*.png'))
    sums = {film: hashlib.sha256(film.read_bytes()).hexdigest() for film in films}
    lines = [f'{sums[film]} {film.relative_to(toy_source)}\n' for film in films]
    (toy_source / 'SHA256SUMS.txt').write_text(''.join(lines))
    assert not convert(TOY, toy_source, tmp_path / 'out').refused()
    path = toy_source / 'films' / NAME
    write_film(path.with_name('other.png')).replace(path)
    found = convert(TOY, toy_source, tmp_path / 'out')
    named = found.tally.names('unreadable: films; left out')
    assert named == [f'{path}: not the bytes of SHA256SUMS.txt']


def zipped(folder, damage: str) -> bytes:
    """The films in one archive, of which something is damaged."""
    buffer = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if damage == 'cut short' else zipfile.ZIP_STORED
    with zipfile.ZipFile(buffer, 'w', method) as archive:
        for path in sorted(folder.rglob('*.png')):
            archive.write(path, path.relative_to(folder))
    data = bytearray(buffer.getvalue())
    local = data.index(NAME.encode()) - 30  # headers of the film, here
    central = data.rindex(NAME.encode()) - 46  # and in the directory
    if damage == 'checksum':
        data[local + 300] ^= 255
    elif damage == 'encrypted':
        data[local + 6] |= 1
        data[central + 8] |= 1
    elif damage == 'cut short':
        data[central + 20 : central + 24] = (200).to_bytes(4, 'little')
    elif damage == 'unknown method':
        data[central + 10] = 97
    return bytes(data)


@pytest.mark.parametrize(
    'damage', ['checksum', 'cut short', 'encrypted', 'unknown method']
)
def test_a_member_of_a_zip(toy_source, tmp_path, damage):
    films = toy_source / 'films'
    data = zipped(films, damage)
    films.rename(tmp_path / 'films')
    (toy_source / 'films.zip').write_bytes(data)
    found = convert(TOY, toy_source, tmp_path / 'out')
    named = found.tally.names('unreadable: films; left out')
    assert len(named) == 1
    assert named[0].startswith(f'{toy_source}/films.zip:{NAME}: ')
    assert len(read_table(tmp_path / 'out', check_files=-1)) == 11


@pytest.mark.parametrize('name', ['films.zip', 'films.tar', 'films.tar.gz'])
@pytest.mark.parametrize('share', [0.1, 0.4, 0.7])
def test_an_archive_cut_short(toy_source, tmp_path, name, share):
    """What can be got out of it is converted, and the rest is missing."""
    (toy_source / 'films').rename(tmp_path / 'films')
    path = toy_source / name
    if name.endswith('zip'):
        with zipfile.ZipFile(path, 'w') as archive:
            for film in sorted((tmp_path / 'films').rglob('*.png')):
                archive.write(film, film.relative_to(tmp_path / 'films'))
    else:
        with tarfile.open(path, 'w:gz' if name.endswith('gz') else 'w') as archive:
            for film in sorted((tmp_path / 'films').rglob('*.png')):
                archive.add(film, str(film.relative_to(tmp_path / 'films')))
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    try:
        found = convert(TOY, toy_source, tmp_path / 'out')
    except ValueError as error:  # nothing at all was left
        assert 'no film can be used' in str(error) or 'nothing to' in str(error)
        assert not (tmp_path / 'out/table.csv').exists()
        return
    tally = found.tally
    assert 'unreadable' in found.refused()
    assert any(str(path) in name for name in tally.names('unreadable: archives'))
    kept = len(read_table(tmp_path / 'out', check_files=-1))
    missing = tally.count('missing: listed films that are not there')
    broken = tally.count('unreadable: films; left out')
    assert kept + missing + broken == 12 and kept < 12


def with_rows(*rows) -> str:
    lines = [','.join(HEADER), *(','.join(row) for row in rows)]
    return '\n'.join(lines) + '\n'


GOOD = [('a/00.png', 'p0', '1', '5', 'train'), ('a/02.png', 'p1', '0', '', 'train')]
TABLES = {
    'not UTF-8': (with_rows(*GOOD).replace('p1', 'pé').encode('latin-1'), 'not UTF-8'),
    'UTF-16': (with_rows(*GOOD).encode('utf-16'), 'not UTF-8'),
    'a quote that is not closed': (
        with_rows(*GOOD).replace('p1', '"p1').encode(),
        'a quote is never closed',
    ),
    'a row too long': (with_rows(*GOOD, ('x',) * 6).encode(), 'more cells'),
    'a row too short': (with_rows(*GOOD, ('x',) * 3).encode(), 'row 3 .* has 3 cells'),
    'cut short': (with_rows(*GOOD)[:-12].encode(), 'row 2 .* has'),
    'a column missing': (with_rows(*GOOD).replace('mask', 'musk').encode(), "'musk'"),
    'a column twice': (
        with_rows(*GOOD).replace('mask', 'label').encode(),
        "'label' more than once",
    ),
    'empty': (b'', 'the file is empty'),
    'other separators': (with_rows(*GOOD).replace(',', ';').encode(), 'no column'),
    'gzip under another name': (gzip.compress(with_rows(*GOOD).encode()), 'not UTF-8'),
}


@pytest.mark.parametrize('damage', TABLES)
def test_a_table(toy_source, tmp_path, damage):
    data, fault = TABLES[damage]
    (toy_source / 'list.csv').write_bytes(data)
    with pytest.raises(TableError, match=f'list.csv.*{fault}|{fault}.*list.csv'):
        convert(TOY, toy_source, tmp_path / 'out')
    assert not (tmp_path / 'out/table.csv').exists()


@pytest.mark.parametrize(
    ('row', 'fault'),
    [
        (('a/04.png', 'p9', 'yes', '', 'train'), "'Edema': 'yes' is no label"),
        (('a/04.png', 'p9', '2', '', 'train'), "'Edema': '2' is no label"),
    ],
)
def test_a_cell_that_the_table_cannot_hold(toy_source, tmp_path, row, fault):
    (toy_source / 'list.csv').write_text(with_rows(*GOOD, row))
    with pytest.raises(TableError, match=f'row 3 .image .a/04.png.*{fault}'):
        convert(TOY, toy_source, tmp_path / 'out')
    assert not (tmp_path / 'out/table.csv').exists()


@pytest.mark.parametrize(
    'name',
    ['../a/04.png', '/etc/04.png', 'a//04.png', 'a\\04.png', 'C:/04.png', './04.png'],
)
def test_a_name_that_leads_out(toy_source, tmp_path, name):
    row = (name, 'p9', '1', '5', 'train')
    (toy_source / 'list.csv').write_text(with_rows(*GOOD, row))
    found = convert(TOY, toy_source, tmp_path / 'x/out')
    kind = 'invalid: names that are no path under images/'
    assert found.tally.names(kind) == [name]
    assert sorted(path.name for path in (tmp_path / 'x').iterdir()) == ['out']
    assert len(read_table(tmp_path / 'x/out', check_files=-1)) == 2


def test_an_image_listed_twice(toy_source, tmp_path):
    write_csv(
        toy_source / 'list.csv', [HEADER, *GOOD, GOOD[0], ('a/02.jpg', *GOOD[1][1:])]
    )
    write_film(toy_source / 'films/a/02.jpg')
    tally = convert(TOY, toy_source, tmp_path / 'out').tally
    assert tally.names(
        'duplicate: films whose name another has, but for the suffix; left out'
    ) == ['a/00.png', 'a/02.jpg']


@pytest.mark.parametrize('kind', ['dangling', 'itself', 'folder', 'pipe'])
def test_what_is_no_file(toy_source, tmp_path, kind):
    path = toy_source / 'films' / NAME
    path.unlink()
    if kind == 'dangling':
        path.symlink_to('nowhere.png')
    elif kind == 'itself':
        path.symlink_to(path.name)
    elif kind == 'folder':
        path.mkdir()
    else:
        os.mkfifo(path)
    found = convert(TOY, toy_source, tmp_path / 'out')
    tally = found.tally
    assert tally.names('missing: listed films that are not there') == [NAME]
    assert tally.count('unreadable: links that lead nowhere') == (
        kind in ('dangling', 'itself')
    )


def test_folders_in_a_circle(toy_source, tmp_path):
    (toy_source / 'films/a/again').symlink_to(toy_source)
    found = convert(TOY, toy_source, tmp_path / 'out')
    kind = 'unreadable: links that lead back to a folder above'
    assert found.tally.names(kind) == [f'{toy_source}/films/a/again']
    assert len(read_table(tmp_path / 'out', check_files=-1)) == 12


def test_a_mask_that_cannot_be_drawn(toy_source, tmp_path):
    (toy_source / 'list.csv').write_text(
        with_rows(*GOOD, ('a/04.png', 'p9', '1', '99', 'train'))
    )
    found = convert(TOY, toy_source, tmp_path / 'out')
    assert found.tally.names('invalid: masks; left out') == ['a corner of 99 rows']
    table = read_table(tmp_path / 'out', check_files=-1)
    assert table['mask'].tolist() == ['a/00.png', '', '']


def test_a_film_lost_between_listing_and_reading(toy_source, tmp_path, monkeypatch):
    from mmcxr.preparing import convert as room

    place = room.place_film

    def lose(film, *arguments):
        if film.image == NAME:
            film.file.container.unlink()
        return place(film, *arguments)

    monkeypatch.setattr(room, 'place_film', lose)
    tally = convert(TOY, toy_source, tmp_path / 'out').tally
    (named,) = tally.names('unreadable: films; left out')
    assert NAME in named and 'No such file' in named
