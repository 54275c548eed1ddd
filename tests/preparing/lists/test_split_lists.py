import numpy as np
import pandas as pd
import pytest

from mmcxr.datasets.public.covid19 import COVID19
from mmcxr.datasets.tables.splits import overlap, read_split
from mmcxr.datasets.tables.table import read_table
from mmcxr.datasets.tables.table_file import TableError
from mmcxr.preparing.command import main
from mmcxr.preparing.lists.convert_lists import convert_split_lists, read_schemes
from mmcxr.preparing.lists.split_lists import read_split_lists

TABLE = """image,patient_id,study_id,Edema,Mass
a/1.png,p1,,1,
a/2.png,p1,,0,-1
b/3.png,p2,,,0
b/4.png,p3,,0,0
"""
LISTS = {
    'train.txt': 'Big/a/1.dcm 1 0\nBig/a/2.dcm 1 1\nBig/a/1.dcm 1 0\n',
    'test.txt': 'Big/b/3.dcm 1 0\nBig/b/9.dcm 0 0\n',
}


@pytest.fixture
def dataset(tmp_path):
    (tmp_path / 'data').mkdir()
    (tmp_path / 'data/table.csv').write_text(TABLE)
    (tmp_path / 'lists').mkdir()
    for name, text in LISTS.items():
        (tmp_path / 'lists' / name).write_text(text)
    return tmp_path


def convert(dataset, labels=('Edema', 'Mass'), **options):
    files = {name[:-4]: dataset / 'lists' / name for name in LISTS}
    lists = read_split_lists('mine', files, labels)
    return convert_split_lists(dict(mine=lists), dataset / 'data', **options)


def test_scheme_sizes_and_notes(dataset):
    written = convert(dataset)
    scheme = read_split(dataset / 'data', 'mine', read_table(dataset / 'data'))
    assert {split: rows.tolist() for split, rows in scheme.rows.items()} == {
        'train': [0, 1],
        'test': [2],
    }
    assert scheme.missing() == dict(test=dict(listed=2, missing=1))
    assert scheme.unknown == ('Big/b/9.dcm',) and scheme.unlisted == 1
    assert written.lines() == [
        'mine: train 2, test 1 of 2',
        '3 listed images found by end of the path: Big/a/1.dcm, Big/a/2.dcm, '
        'Big/b/3.dcm',
        '1 listed images that the table lacks: Big/b/9.dcm',
        '1 lines that list an image again: a/1.png (mine)',
        '2 listed labels that are empty in the table: a/1.png (Mass 0), '
        'b/3.png (Edema 1)',
        '1 listed labels that the table contradicts: a/2.png (Edema 1)',
        '1 listed labels of which the table is uncertain: a/2.png (Mass 1)',
    ]
    assert (dataset / 'data/table.csv').read_text() == TABLE


def test_labels_of_the_lists_fill_empty_cells_only(dataset):
    written = convert(dataset, fill=True)
    assert written.tally.count('empty labels filled from the lists') == 2
    cells = pd.read_csv(dataset / 'data/table.csv', dtype=str, keep_default_na=False)
    assert cells['Edema'].tolist() == ['1', '0', '1', '0']
    assert cells['Mass'].tolist() == ['0', '-1', '0', '0']
    before = (dataset / 'data/table.csv').read_bytes()
    convert(dataset, fill=True)
    assert (dataset / 'data/table.csv').read_bytes() == before


@pytest.mark.parametrize('name', ['table.csv.gz', 'table.parquet'])
def test_packed_tables_are_filled_too(dataset, name):
    cells = pd.read_csv(dataset / 'data/table.csv', dtype=str, keep_default_na=False)
    (dataset / 'data/table.csv').unlink()
    path = dataset / 'data' / name
    write = cells.to_parquet if name.endswith('parquet') else cells.to_csv
    write(path, index=False)
    convert(dataset, fill=True)
    assert read_table(dataset / 'data')['Edema'].tolist() == [1, 0, 1, 0]
    assert sorted(p.name for p in path.parent.iterdir()) == ['splits', name]


def test_a_split_without_any_image(dataset):
    (dataset / 'lists/test.txt').write_text('x/8.dcm 0 0\nx/9.dcm 0 0\n')
    with pytest.raises(TableError, match="none of the 2 images of 'test' .*'x/8.dcm'"):
        convert(dataset)
    assert not (dataset / 'data/splits').exists()
    written = convert(dataset, accept=['empty-splits'])
    assert written.lines()[0] == 'mine: train 2, test 0 of 2'


def test_a_class_is_a_positive_of_its_column(dataset):
    schemes = {}
    (dataset / 'lists/train.txt').write_text('a/1.png Edema\na/2.png Edema\n')
    (dataset / 'lists/test.txt').write_text('b/3.png Mass\nb/4.png Other\n')
    schemes = read_schemes('any', dataset / 'lists', None, 'mine')
    tally = convert_split_lists(schemes, dataset / 'data').tally
    assert tally.count('listed labels that the table contradicts') == 2


def test_real_lists_on_real_films(convert_covid19, shared_dir, tmp_path):
    """MRM's ten COVID schemes on the part of the collection that is there."""
    convert_covid19(tmp_path)
    schemes = read_schemes('mrm', shared_dir / 'data/mrm', 'covid19', None)
    written = convert_split_lists(schemes, tmp_path, fill=True)
    assert len(list((tmp_path / 'splits').glob('mrm-*.csv'))) == 10
    tally = written.tally
    found = sum(len(ways) for kind, ways in tally._names.items() if 'found by' in kind)
    assert found == 185
    assert tally.count('listed images that the table lacks') == 323
    assert tally.count('listed images left out as ambiguous') == 1
    assert tally.count('label cells repaired or accepted') == 1
    # Two films of which the collection changed its mind.
    contradicted = tally._names['listed labels that the table contradicts']
    assert {text.split()[0] for text in contradicted} == {
        '7afaaccc.jpg',
        '8fc103ca.jpg',
    }
    table = read_table(tmp_path)
    for fold in range(1, 6):
        scheme = read_split(tmp_path, f'mrm-covid{fold}', table)
        rows = np.concatenate(list(scheme.rows.values()))
        assert len(rows) == len(set(rows)) == 185
        assert all(not shared['images'] for shared in overlap(table, scheme).values())
    for split in ('train', 'test'):
        films = COVID19(tmp_path, 'mrm-viral1', split, classes=['Viral Pneumonia'])
        labels = [films.get_data_info(i)['gt_label'] for i in range(len(films))]
        assert {float(label[0]) for label in labels} == {0.0, 1.0}


def test_command(dataset, capsys):
    def run(*argv):
        try:
            return main(['split-lists', *map(str, argv)])
        except SystemExit as ended:
            return ended.code

    out = ('--out', dataset / 'data')
    assert run('any', dataset / 'lists', '--scheme', 'mine', *out) == 0
    assert capsys.readouterr().out.startswith('mine: train 2, test 1 of 2\n')
    for argv, words in (
        (('mrm', dataset, *out), 'mrm needs --dataset'),
        (('any', dataset, *out), 'any needs --scheme'),
        (('mrm', dataset, '--dataset', 'siim', *out), 'no folder SIIM-ACR'),
    ):
        assert run(*argv) == 2
        assert words in capsys.readouterr().err
