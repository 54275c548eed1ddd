"""Packs whose data is one ``films.bin``, as they were written before, are read."""

import json
import shutil

import numpy as np
import pytest
from film_kinds import IMAGES, SIZE
from killed_run import killed

from mmcxr.datasets.packs import encoding
from mmcxr.datasets.packs.layout import PackSettings, file_digest, part_folder
from mmcxr.datasets.packs.pack import Pack
from mmcxr.datasets.packs.packing import pack_dataset


def make_former(folder):
    """Write the data of a pack anew, data after data."""
    pack = Pack(folder)
    records = np.load(folder / 'records.npy')
    order, end = records['offset'].argsort(), 0
    with (folder / 'films.bin').open('wb') as file:
        for number in order:
            data = pack._data(number).tobytes()
            records['offset'][number] = end
            end += file.write(data)
    for path in folder.glob('*.tar'):
        path.unlink()
    np.save(folder / 'records.npy', records)
    facts = dict(pack.facts, files=[dict(name='films.bin', bytes=end)])
    facts['digests']['records.npy'] = file_digest(folder / 'records.npy')
    (folder / 'pack.json').write_text(json.dumps(facts))


@pytest.fixture(params=['jpeg', 'raw', 'png'])
def former(films, request):
    """Settings; the pack is there."""
    settings = PackSettings(SIZE, request.param)
    make_former(pack_dataset(films, settings).folder)
    return settings


def same(one, two):
    return all(
        np.array_equal(one.film(image).whole(), two.film(image).whole())
        for image in IMAGES[:5]
    )


def test_it_is_read_and_up_to_date(films, former):
    found = pack_dataset(films, former)
    assert [path.name for path in found.folder.glob('films.bin')] == ['films.bin']
    assert not found.verify() and found.unreadable() == 1
    assert same(found, pack_dataset(films, former, name='new'))


def test_it_is_brought_up_to_date_without_reading_films(films, former, monkeypatch):
    new = pack_dataset(films, former, name='new')
    monkeypatch.setattr(encoding, 'open_film', None)
    found = pack_dataset(films, PackSettings(SIZE, former.codec, order='films'))
    assert found.facts['files'][0]['name'] == '000000.tar' and same(found, new)
    assert not (found.folder / 'films.bin').exists()


def test_an_unfinished_one_is_begun_anew(films):
    settings = PackSettings(SIZE)
    whole = pack_dataset(films, settings)
    expected = (whole.folder / '000000.tar').read_bytes()
    shutil.rmtree(films / 'packs')
    killed(films, settings, 3)
    part = part_folder(films / 'packs' / settings.name)
    (part / '000000.tar').rename(part / 'films.bin')
    found = pack_dataset(films, settings)
    assert (found.folder / '000000.tar').read_bytes() == expected
    assert not (found.folder / 'films.bin').exists()
