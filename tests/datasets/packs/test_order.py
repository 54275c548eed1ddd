"""Rows lie shuffled, each once, always in the same way; patients hardly meet."""

import json
import shutil
import tarfile
from importlib.util import module_from_spec, spec_from_file_location
from math import comb
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from film_kinds import IMAGES, SIZE
from killed_run import killed

from mmcxr.datasets.packs import encoding
from mmcxr.datasets.packs.layout import ORDERS, PackError, PackSettings, film_name
from mmcxr.datasets.packs.order import arranged
from mmcxr.datasets.packs.pack import Pack
from mmcxr.datasets.packs.packing import pack_dataset
from mmcxr.datasets.samplers import ShardSampler
from mmcxr.datasets.tables.table import read_table

PATIENTS, FILMS = 400, 5  # films of a patient, of which a study has one or two
ROWS = PATIENTS * FILMS
BATCH, WINDOW, SHARD = 50, 100, 250


@pytest.fixture
def rows():
    """A table by patients; studies of different patients have the same names."""
    numbers = [(patient, film) for patient in range(PATIENTS) for film in range(FILMS)]
    return pd.DataFrame(
        dict(
            image=[f'p{patient}/{film}.jpg' for patient, film in numbers],
            patient_id=[f'p{patient}' for patient, _ in numbers],
            study_id=[f's{film // 2}' for _, film in numbers],
        )
    )


def of_patients(rows):
    return rows['patient_id'].tolist()


def studies_in_turn(rows):
    """Studies in the order in which they are come to, each entry a coming."""
    studies = list(zip(rows['patient_id'], rows['study_id'], strict=True))
    return [s for n, s in enumerate(studies) if not n or studies[n - 1] != s]


@pytest.mark.parametrize('order', ORDERS)
def test_each_row_once_and_always_the_same_way(rows, order):
    found = arranged(rows, order)
    assert sorted(found.index) == list(range(ROWS))
    assert found.equals(rows.loc[found.index])
    assert found.index.equals(arranged(rows.copy(), order).index)
    assert (found.index.tolist() == list(range(ROWS))) == (order == 'table')


def test_films_of_a_study_stay_together_in_their_order(rows):
    found = arranged(rows, 'studies')
    in_turn = studies_in_turn(found)
    assert len(in_turn) == len(set(in_turn)) == PATIENTS * 3
    for _, study in found.groupby(['patient_id', 'study_id']):
        assert study.index.is_monotonic_increasing
    assert len(studies_in_turn(arranged(rows, 'films'))) > 0.99 * ROWS


@pytest.mark.parametrize('order', ['films', 'studies'])
def test_a_row_keeps_its_place_among_the_others(rows, order):
    found = arranged(rows, order)['image'].tolist()
    kept = rows[rows['study_id'] != 's1']
    without = arranged(kept, order)['image'].tolist()
    assert without == [image for image in found if image in set(without)]
    moved = rows.sort_values('study_id', kind='stable', ascending=False)
    assert arranged(moved, order)['image'].tolist() == found


def test_the_order_is_the_same_on_every_machine():
    names = dict(image=IMAGES, patient_id=[i[:2] for i in IMAGES], study_id=IMAGES)
    table = pd.DataFrame(names)
    assert arranged(table, 'films').index.tolist() == [1, 3, 4, 2, 0, 5]
    assert arranged(table, 'studies').index.tolist() == [5, 4, 2, 1, 3, 0]


class Samples:
    """Rows that lie in shards of equal size, in their order."""

    def __init__(self, number):
        place = np.arange(number)
        self.places = np.stack([place // SHARD, place % SHARD], axis=1)
        self.seed = None

    def __len__(self):
        return len(self.places)

    def film_places(self, pack):
        return self.places


def meetings(patients):
    """Pairs of samples of one patient in a batch, in some epochs of a ShardSampler.

    As a share of those that are expected of batches drawn from all samples.
    """
    sampler = ShardSampler(Samples(len(patients)), 'p', BATCH, 2, WINDOW, seed=0)
    patients, found = np.array(patients), 0
    for epoch in range(8):
        sampler.set_epoch(epoch)
        drawn = patients[np.array(list(sampler)) % len(patients)]
        for batch in np.split(drawn, len(drawn) // BATCH):
            _, counts = np.unique(batch, return_counts=True)
            found += sum(comb(count, 2) for count in counts.tolist())
    _, counts = np.unique(patients, return_counts=True)
    pairs = sum(comb(count, 2) for count in counts.tolist())
    chance = (BATCH - 1) / (len(patients) - 1)  # that the other is in the batch, too
    return found / (8 * pairs * chance)


def test_patients_meet_in_a_batch_about_as_rarely_as_if_all_were_shuffled(rows):
    assert meetings(of_patients(rows)) > 5
    assert 0.85 < meetings(of_patients(arranged(rows, 'films'))) < 1.15
    studies = rows.drop_duplicates(['patient_id', 'study_id'])
    assert meetings(of_patients(studies)) > 5
    first = arranged(rows, 'studies').drop_duplicates(['patient_id', 'study_id'])
    assert 0.85 < meetings(of_patients(first)) < 1.15
    everywhere = np.random.default_rng(0).permutation(of_patients(rows))
    assert 0.85 < meetings(everywhere) < 1.15  # what "about" is


# --- packs -------------------------------------------------------------------------


def pack(root, order=None, **options):
    settings = PackSettings(SIZE, 'png', webdataset=True, order=order)
    return pack_dataset(root, settings, shard_bytes=9000, **options)


def content(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.name != 'pack.json'}


def images_of(folder):
    """Of the rows of the tar files, as others read them."""
    images = []
    for path in sorted(folder.glob('*.tar')):
        with tarfile.open(path) as tar:
            for member in tar:
                if member.name.endswith('.json'):
                    row = json.load(tar.extractfile(member))
                    images.append(row['image'])
    return images


@pytest.fixture
def no_film_is_read(monkeypatch):
    def forbid():
        monkeypatch.setattr(encoding, 'open_film', None)

    return forbid


@pytest.mark.parametrize('order', ORDERS)
def test_tar_files_hold_each_row_once_in_that_order(films, order):
    found = pack(films, order)
    expected = arranged(read_table(films), order)['image'].tolist()
    assert images_of(found.folder) == expected
    assert sorted(expected) == sorted(IMAGES) and len(found.facts['files']) > 1
    starts = [found.start(film_name(image)) for image in expected]
    assert starts == sorted(starts) and found.facts['rows'] == len(IMAGES)
    assert sorted(found.places(IMAGES).tolist()) == [list(start) for start in starts]
    assert not found.verify()


def test_what_is_read_from_front_to_back_is_shuffled_unless_one_says(films):
    assert PackSettings(webdataset=True).order == 'films'
    assert PackSettings().order == 'table'
    assert content(pack(films).folder) == content(pack(films, 'films').folder)


def test_another_order_reads_no_film_anew(films, no_film_is_read):
    whole = {}
    for order in ORDERS:
        whole[order] = content(pack(films, order).folder)
        shutil.rmtree(films / 'packs')
    assert len({str(sorted(files.items())) for files in whole.values()}) == 3
    pack(films, 'table')
    no_film_is_read()
    for order in ('films', 'studies', 'table'):
        found = pack(films, order)
        assert content(found.folder) == whole[order]
        assert Pack(found.folder).settings.order == order


def test_packs_from_before_there_were_orders(films, no_film_is_read):
    before = pack(films, 'table')
    facts = json.loads((before.folder / 'pack.json').read_text())
    assert 'order' not in facts['settings']
    whole = content(before.folder)
    no_film_is_read()
    assert Pack(before.folder, films).settings.order == 'table'
    assert content(pack(films, 'table').folder) == whole


def test_a_table_in_another_order(films, no_film_is_read):
    """Shuffled rows stay where they are; others move with the table."""
    shuffled = content(pack(films, 'films').folder)
    plain = pack_dataset(films, PackSettings(SIZE)).places(IMAGES)
    assert plain[:, 1].argsort().tolist() == [0, 1, 2, 3, 4, 5]
    table = films / 'table.csv'
    head, *lines = table.read_text().splitlines()
    table.write_text('\n'.join([head, *lines[::-1]]) + '\n')
    no_film_is_read()
    assert content(pack(films, 'films').folder) == shuffled
    moved = pack_dataset(films, PackSettings(SIZE)).places(IMAGES)
    assert moved[:, 1].argsort().tolist() == [5, 4, 3, 2, 1, 0]


def test_unfinished_in_another_order(films):
    settings = PackSettings(SIZE, 'png', webdataset=True)
    killed(films, settings, 2, shard_bytes=9000)
    with pytest.raises(PackError, match=r"begun with other .*order='films'.*; give"):
        pack(films, 'table')
    assert sorted(images_of(pack(films).folder)) == sorted(IMAGES)


def test_command_line(films, capsys):
    path = Path(__file__).parents[3] / 'tools/misc/pack_dataset.py'
    spec = spec_from_file_location('pack_dataset_tool', path)
    tool = module_from_spec(spec)
    spec.loader.exec_module(tool)
    arguments = [str(films), '--size', str(SIZE), '--webdataset']
    folder = films / f'packs/{SIZE}-jpeg-tar'
    for more, order in (([], 'films'), (['--order', 'studies'], 'studies')):
        tool.main([*arguments, *more])
        expected = arranged(read_table(films), order)['image'].tolist()
        assert images_of(folder) == expected
    table = films / 'table.csv'
    table.write_text(table.read_text().replace('s1,PA', 's1,AP'))
    with pytest.raises(PackError, match=r'stale.*--webdataset --order studies$'):
        Pack(folder, films)
