"""Killed, begun again, brought up to date: the same bytes as in one go."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from film_kinds import IMAGES, SIZE
from killed_run import killed
from PIL import Image

from mmcxr.datasets.packs import encoding
from mmcxr.datasets.packs.layout import PackError, PackSettings, part_folder
from mmcxr.datasets.packs.packing import pack_dataset
from mmcxr.datasets.packs.writing import PackWriter

KINDS = {
    'jpeg': PackSettings(SIZE),
    'raw': PackSettings(SIZE, 'raw', order='studies'),
    'tar': PackSettings(SIZE, webdataset=True),
}
SHARD_BYTES = 12000


def pack(root, settings, **options):
    return pack_dataset(root, settings, shard_bytes=SHARD_BYTES, **options)


def content(folder):
    """Bytes of all files but the one that holds a time of change."""
    names = sorted(path.name for path in folder.iterdir())
    assert 'pack.json' in names
    return {n: (folder / n).read_bytes() for n in names if n != 'pack.json'}


@pytest.fixture(params=KINDS)
def settings(request):
    return KINDS[request.param]


@pytest.fixture
def count_films(monkeypatch):
    """Names of the films that are read from files."""
    read = []
    real = encoding.open_film
    monkeypatch.setattr(encoding, 'open_film', lambda p: read.append(p.name) or real(p))
    return read


@pytest.mark.parametrize('after', [1, 3, 6])
def test_a_killed_pack_goes_on(films, settings, after, count_films):
    whole = content(pack(films, settings).folder)
    shutil.rmtree(films / 'packs')
    killed(films, settings, after, shard_bytes=SHARD_BYTES)
    folder = films / 'packs' / settings.name
    assert not folder.exists()
    count_films.clear()
    assert content(pack(films, settings).folder) == whole
    assert len(count_films) == len(IMAGES) - after
    assert not part_folder(folder).exists()


@pytest.mark.parametrize('damage', ['tail', 'half journal', 'lost data', 'zeros'])
def test_what_a_kill_leaves_half_written_is_written_again(films, settings, damage):
    whole = content(pack(films, settings).folder)
    shutil.rmtree(films / 'packs')
    killed(films, settings, 4, shard_bytes=SHARD_BYTES)
    part = part_folder(films / 'packs' / settings.name)
    data = sorted(part.glob('*.tar'))[-1]
    size = data.stat().st_size
    if damage == 'tail':
        with data.open('ab') as file:
            file.write(b'half a film')
    elif damage == 'half journal':
        journal = (part / 'journal.bin').read_bytes()
        (part / 'journal.bin').write_bytes(journal[:-7])
    elif damage == 'lost data':  # the machine lost power before the disk had it
        os.truncate(data, size - 900)
    else:
        os.truncate(data, size - 900)
        os.truncate(data, size)
    assert content(pack(films, settings).folder) == whole


def test_workers_do_not_change_the_bytes(films, settings):
    whole = content(pack(films, settings).folder)
    shutil.rmtree(films / 'packs')
    assert content(pack(films, settings, workers=2).folder) == whole


def test_one_process_writes_a_pack(films):
    settings = KINDS['jpeg']
    folder = films / 'packs' / settings.name
    with PackWriter(folder, settings, 1):
        with pytest.raises(PackError, match='another process is writing'):
            pack(films, settings)
    pack(films, settings)


def test_unfinished_with_other_settings(films):
    killed(films, PackSettings(SIZE, quality=80), 2)
    with pytest.raises(PackError, match='begun with other settings'):
        pack(films, PackSettings(SIZE, quality=90))


def test_finished_with_other_settings(films):
    pack(films, PackSettings(SIZE, quality=80))
    with pytest.raises(PackError, match=r'other settings .*quality=80.*--name'):
        pack(films, PackSettings(SIZE, quality=90))
    pack(films, PackSettings(SIZE, quality=90), name='better')
    assert (films / 'packs/better/pack.json').is_file()


# --- up to date ------------------------------------------------------------------


def edit(path: Path, old: str, new: str):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_nothing_to_do(films, settings, count_films):
    folder = pack(films, settings).folder
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    count_films.clear()
    pack(films, settings)
    after = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    before.pop(folder / 'pack.json'), after.pop(folder / 'pack.json')
    assert not count_films and after == before


def test_a_changed_label_reads_no_film(films, settings, count_films):
    whole = content(pack(films, settings).folder)
    count_films.clear()
    edit(films / 'table.csv', 's1,PA', 's1,AP')
    found = content(pack(films, settings).folder)
    assert not count_films
    assert (found == whole) != settings.webdataset  # whose rows are in it


def test_a_changed_film_is_packed_again(films, settings, count_films):
    pack(films, settings)
    other = np.random.default_rng(3).integers(0, 255, (90, 80), dtype=np.uint8)
    Image.fromarray(other).save(films / 'images' / IMAGES[3])
    count_films.clear()
    found = pack(films, settings)
    assert count_films == ['d.png'] and found.film(IMAGES[3]).shape == (90, 80)
    whole = content(found.folder)
    shutil.rmtree(films / 'packs')
    assert content(pack(films, settings).folder) == whole


def test_rows_come_and_go(films, settings, count_films):
    lines = (films / 'table.csv').read_text().splitlines()
    (films / 'table.csv').write_text('\n'.join(lines[:3]) + '\n')
    pack(films, settings)
    (films / 'table.csv').write_text('\n'.join([lines[0], *lines[2:]]) + '\n')
    count_films.clear()
    found = pack(films, settings)
    assert sorted(count_films) == ['c.jpg', 'd.png', 'e.jpg', 'f.png']
    assert f'images/{IMAGES[0]}' not in found and f'images/{IMAGES[1]}' in found


def test_a_reader_of_the_old_pack_goes_on(films):
    settings = PackSettings(SIZE, 'raw')
    old = pack(films, settings)
    before = old.film(IMAGES[0]).whole().copy()
    Image.fromarray(before[::-1]).save(films / 'images' / IMAGES[0])
    new = pack(films, settings)
    assert np.array_equal(old.film(IMAGES[0]).whole(), before)
    assert new.film(IMAGES[0]).shape == before.shape


def test_a_table_that_changes_meanwhile(films):
    def touch(done, _):
        if done == 2:
            edit(films / 'table.csv', 's1,PA', 's1,AP')

    with pytest.raises(PackError, match='table changed while'):
        pack(films, KINDS['jpeg'], progress=touch)
    pack(films, KINDS['jpeg'])


def test_command_line(films, capsys):
    from importlib.util import module_from_spec, spec_from_file_location

    path = Path(__file__).parents[3] / 'tools/misc/pack_dataset.py'
    spec = spec_from_file_location('pack_dataset_tool', path)
    tool = module_from_spec(spec)
    spec.loader.exec_module(tool)
    arguments = [str(films), '--size', str(SIZE)]
    tool.main(arguments)
    assert '6 rows' in capsys.readouterr().out
    tool.main([*arguments, '--verify'])
    assert '1 files that cannot be read' in capsys.readouterr().out
    data = films / f'packs/{SIZE}-jpeg/000000.tar'
    content = bytearray(data.read_bytes())
    content[550] ^= 1  # of the first film, behind its header
    data.write_bytes(content)
    with pytest.raises(PackError, match='1 of 10 records are damaged'):
        tool.main([*arguments, '--verify'])
