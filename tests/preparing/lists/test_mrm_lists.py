"""MRM's text lists, written and read."""

import numpy as np
import pandas as pd
import pytest

from mmcxr.datasets.tables.splits import read_split
from mmcxr.datasets.tables.table import TableError, read_table
from mmcxr.preparing.command import main
from mmcxr.preparing.lists.convert_lists import convert_split_lists, read_schemes
from mmcxr.preparing.lists.mrm_lists import write_mrm_lists
from mmcxr.preparing.placing import strip_suffix

SPLITS = ['train'] * 6 + ['val'] * 2 + ['test'] * 2


@pytest.fixture
def data(tmp_path):
    rng = np.random.default_rng(2)
    table = pd.DataFrame(
        dict(
            image=[f'a/film-{i}.png' for i in range(10)],
            patient_id='',
            study_id='',
            Mass=rng.integers(0, 2, 10),
            Edema=[1, 0, -1, '', 1, 0, 1, 0, 1, 0],
        )
    )
    root = tmp_path / 'data'
    (root / 'splits').mkdir(parents=True)
    table.to_csv(root / 'table.csv', index=False)
    listed = pd.concat(
        [
            pd.DataFrame(dict(image=table['image'], split=SPLITS)),
            pd.DataFrame(dict(image=table['image'][:1], split='train_10')),
        ]
    )
    listed.to_csv(root / 'splits/mine.csv', index=False)
    return root


def test_there_and_back(data, tmp_path):
    tally = write_mrm_lists(
        data, tmp_path / 'lists', 'mine', ['Mass', 'Edema'], 'ones', 'zeros'
    )
    names = sorted(path.name for path in (tmp_path / 'lists').iterdir())
    assert names == ['test_list.txt', 'train_10.txt', 'train_list.txt', 'val_list.txt']
    table = read_table(data)
    lines = (tmp_path / 'lists/train_list.txt').read_text().splitlines()
    edema = [1, 0, 1, 0, 1, 0]
    assert lines == [
        f'a/film-{i}.png {int(table["Mass"][i])} {edema[i]}' for i in range(6)
    ]
    assert tally.count('films written to train_list.txt') == 6
    schemes = read_schemes('any', tmp_path / 'lists', None, 'again')
    convert_split_lists(schemes, data)
    one, other = (read_split(data, name, table).rows for name in ('mine', 'again'))
    assert one.keys() == other.keys()
    assert all(np.array_equal(one[split], other[split]) for split in one)


def test_labels_that_are_none_are_left_out(data, tmp_path):
    tally = write_mrm_lists(data, tmp_path / 'lists', 'mine', ['Edema'])
    kind = 'left out, labels uncertain or unknown'
    assert tally.names(kind) == ['a/film-2.png (train)', 'a/film-3.png (train)']
    assert len((tmp_path / 'lists/train_list.txt').read_text().splitlines()) == 4
    # Without classes a line is a film, as in the lists of SIIM.
    write_mrm_lists(data, tmp_path / 'names', 'mine')
    text = (tmp_path / 'names/test_list.txt').read_text()
    assert text == 'a/film-8.png\na/film-9.png\n'


def test_what_cannot_be_written(data, tmp_path):
    with pytest.raises(TableError, match="no label column 'Oedema'.*'Edema'"):
        write_mrm_lists(data, tmp_path / 'lists', 'mine', ['Oedema'])
    assert not (tmp_path / 'lists').exists()
    text = (data / 'table.csv').read_text().replace('film-2', 'film 2')
    (data / 'table.csv').write_text(text)
    split = data / 'splits/mine.csv'
    before = split.read_text()
    split.write_text(before.replace('film-2', 'film 2'))
    with pytest.raises(TableError, match="'a/film 2.png' holds a blank"):
        write_mrm_lists(data, tmp_path / 'lists', 'mine')
    split.write_text(before)  # which no longer lists it
    write_mrm_lists(data, tmp_path / 'lists', 'mine')
    with pytest.raises(FileExistsError, match='is there; remove it'):
        write_mrm_lists(data, tmp_path / 'lists', 'mine')


def test_the_published_lists_of_covid(convert_covid19, shared_dir, tmp_path):
    """Of the films that are here, the lines are those of the authors.

    But for two, to which the collection now gives another label than MRM's lists.
    """
    convert_covid19(tmp_path / 'data')
    lists = shared_dir / 'data/mrm/DatasetsSplits'
    schemes = read_schemes('mrm', lists, 'covid19', None)
    accept = ('faulty-labels', 'empty-splits')
    convert_split_lists(schemes, tmp_path / 'data', accept, fill=True)
    write_mrm_lists(tmp_path / 'data', tmp_path / 'w', 'mrm-covid1', ['COVID-19'])
    folder = lists / 'COVID-19_Image_Data_Collection/covid1'
    other = set()
    for split in ('train', 'val', 'test'):
        published = known((folder / f'iscovid_{split}.txt').read_text().splitlines())
        written = known((tmp_path / f'w/{split}_list.txt').read_text().splitlines())
        assert len(written) > 10
        assert {name for name, _ in written} <= {name for name, _ in published}
        other |= written - published
    assert other == {('7afaaccc', '0'), ('8fc103ca', '0')}


def known(lines):
    """{(name without suffix, label)}; the lists have other suffixes."""
    return {(strip_suffix(line.split()[0]), line.split()[1]) for line in lines}


def test_command(data, tmp_path, capsys):
    argv = [
        'mrm-lists',
        str(data),
        '--split-scheme',
        'mine',
        '--write',
        str(tmp_path / 'lists'),
    ]
    assert main([*argv, '--class-columns', 'Mass']) == 0
    assert '6 films written to train_list.txt' in capsys.readouterr().out
