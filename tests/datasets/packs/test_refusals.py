"""Packs that must not be read, each refused by its name; and disks that cannot be
written."""

import json
import os
import shutil
import sys

import numpy as np
import pytest
from film_kinds import IMAGES, SIZE
from killed_run import killed
from PIL import Image

from mmcxr.datasets.films.grey import UnreadableFilm
from mmcxr.datasets.packs.layout import PackError, PackSettings
from mmcxr.datasets.packs.pack import Pack, open_pack
from mmcxr.datasets.packs.packing import pack_dataset

WRITTEN = []


def _watch(event, arguments):
    """Note what is opened for writing, once WRITTEN holds a folder."""
    if event == 'open' and WRITTEN and isinstance(arguments[0], str):
        flags = arguments[2]
        if arguments[0].startswith(WRITTEN[0]) and flags & (os.O_WRONLY | os.O_RDWR):
            WRITTEN.append(arguments[0])


sys.addaudithook(_watch)


@pytest.fixture(params=[False, True], ids=['plain', 'tar'])
def pack(films, request):
    settings = PackSettings(SIZE, webdataset=request.param)
    return pack_dataset(films, settings, shard_bytes=9000)


def change_facts(pack, **changes):
    path = pack.folder / 'pack.json'
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_changed_table_makes_it_stale(films, pack):
    table = films / 'table.csv'
    table.write_text(table.read_text().replace('s1,PA', 's1,AP'))
    command = rf'is stale.*pack_dataset\.py {films} --size {SIZE} --codec jpeg'
    with pytest.raises(PackError, match=command):
        Pack(pack.folder, films)
    Pack(pack.folder)  # for who looks at the films alone


def test_a_table_that_was_only_touched_is_the_same(films, pack):
    os.utime(films / 'table.csv', ns=(1, 1))
    Pack(pack.folder, films)


def test_another_kind_of_table_makes_it_stale(films, pack):
    import gzip

    table = films / 'table.csv'
    (films / 'table.csv.gz').write_bytes(gzip.compress(table.read_bytes()))
    table.unlink()
    with pytest.raises(PackError, match='is stale'):
        Pack(pack.folder, films)


@pytest.mark.parametrize('change', [-1, 1])
def test_a_file_of_another_size(pack, change):
    path = sorted(pack.folder.glob('*.tar'))[-1]
    size = path.stat().st_size
    os.truncate(path, size + change)
    message = rf'{path.name}: has {size + change} bytes, and was packed with {size}'
    with pytest.raises(PackError, match=message):
        Pack(pack.folder)


@pytest.mark.parametrize('name', ['keys.npy', 'records.npy', 'first'])
def test_a_missing_file(pack, name):
    if name == 'first':
        name = pack.facts['files'][0]['name']
    (pack.folder / name).unlink()
    with pytest.raises(PackError, match=rf'{name}: (missing|is not there)'):
        Pack(pack.folder)


@pytest.mark.parametrize('name', ['keys.npy', 'records.npy'])
def test_a_damaged_index(pack, name):
    path = pack.folder / name
    content = bytearray(path.read_bytes())
    content[-3] ^= 4
    path.write_bytes(content)
    with pytest.raises(PackError, match=f'{name}: missing or not as it was packed'):
        Pack(pack.folder)


def test_a_damaged_film_is_named_and_the_others_read(pack):
    record, _ = pack.read(f'images/{IMAGES[2]}')
    path = pack.folder / pack.facts['files'][int(record['file'])]['name']
    content = bytearray(path.read_bytes())
    content[int(record['offset']) + 30] ^= 1
    path.write_bytes(content)
    opened = Pack(pack.folder)
    with pytest.raises(UnreadableFilm, match=r"'p1/c\.jpg' is damaged \(its checksum"):
        opened.film(IMAGES[2])
    assert opened.film(IMAGES[0]).whole().any()
    assert len(opened.verify()) == 1


def test_no_pack(films):
    with pytest.raises(PackError, match='there is no pack; make it with'):
        open_pack('512-jpeg', str(films))


def test_an_unfinished_pack(films):
    killed(films, PackSettings(SIZE), 1)
    with pytest.raises(PackError, match='unfinished; give the command'):
        open_pack(f'{SIZE}-jpeg', str(films))


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(format='other'), 'no pack of mmcxr'),
        (dict(version=99), 'a pack of version 99, and this is read: 1'),
    ],
)
def test_a_foreign_pack(pack, changes, message):
    change_facts(pack, **changes)
    with pytest.raises(PackError, match=message):
        Pack(pack.folder)


@pytest.mark.parametrize('content', ['', '[]', '{"format": "mmcxr pack"}', '{'])
def test_a_broken_description(pack, content):
    (pack.folder / 'pack.json').write_text(content)
    with pytest.raises(PackError, match=r'pack\.json: not that of a pack'):
        Pack(pack.folder)


def test_the_pack_of_another_dataset(films, pack, tmp_path):
    """By its table if the root is known, by its films at the latest."""
    other = tmp_path / 'other'
    (other / 'images').mkdir(parents=True)
    pixels = np.random.default_rng(0).integers(0, 255, (70, 70), dtype=np.uint8)
    Image.fromarray(pixels).save(other / 'images/x.png')
    (other / 'table.csv').write_text('image,patient_id,study_id\nx.png,p,s\n')
    with pytest.raises(PackError, match=f'stale, for {other}/table.csv is not'):
        open_pack(str(pack.folder), str(other))
    with pytest.raises(PackError, match=r"has no 'x\.png', so it is the pack of other"):
        pack.film('x.png')


def test_nothing_is_written_to_read(pack):
    """A read-only disk will do; a copy of the folder, too."""
    copy = pack.folder.with_name('copy')
    shutil.copytree(pack.folder, copy)
    for path in copy.iterdir():
        path.chmod(0o444)
    copy.chmod(0o555)
    WRITTEN.append(str(copy))
    try:
        opened = Pack(copy, pack.root)
        for image in IMAGES[:5]:
            assert np.array_equal(opened.film(image).whole(), pack.film(image).whole())
        assert not opened.verify()
        assert WRITTEN == [str(copy)]
    finally:
        WRITTEN.clear()
        copy.chmod(0o755)
