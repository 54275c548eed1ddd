"""cxrlearn's CSV files, both ways."""

import csv

import pytest
from downloads import write_image, write_text

from mmcxr.datasets.tables.splits import read_split
from mmcxr.datasets.tables.table import TableError, label_columns, read_table
from mmcxr.preparing.command import main
from mmcxr.preparing.lists.cxrlearn_csv import convert_cxrlearn_csv, write_cxrlearn_csv

TRAIN = """Path,Edema,Pneumonia,Patient
/old/place/films/a/1.png,1,0,p1
/old/place/films/b/2.png,0.0,1.0,p2
/old/place/films/b/3.png,-1,,p2
"""
TEST = """Path,Edema,Pneumonia,Patient
/old/place/films/b/2.png,0,1,p2
/old/place/films/b/gone.png,0,1,p9
"""


@pytest.fixture
def films(tmp_path):
    for name in ('a/1', 'b/2', 'b/3'):
        write_image(tmp_path / f'films/{name}.png')
    return tmp_path / 'films'


@pytest.fixture
def convert(tmp_path, films):
    def run(classes=('Edema', 'Pneumonia'), patients='Patient', **texts):
        files = {
            split: write_text(tmp_path / f'{split}.csv', text)
            for split, text in texts.items()
        }
        return convert_cxrlearn_csv(
            files, 'Path', classes, films, tmp_path / 'out', patients
        )

    return run


def test_read(convert, tmp_path):
    tally = convert(train=TRAIN, test=TEST)
    table = read_table(tmp_path / 'out', check_files=-1)
    assert table['image'].tolist() == ['a/1.png', 'b/2.png', 'b/3.png']
    assert table['patient_id'].tolist() == ['p1', 'p2', 'p2']
    assert table['Edema'].tolist() == [1, 0, -1]
    assert table['Pneumonia'].fillna(9).tolist() == [0, 1, 9]
    scheme = read_split(tmp_path / 'out', 'cxrlearn', table)
    assert scheme.of('train').tolist() == [0, 1, 2]
    assert scheme.of('test').tolist() == [1]
    gone = ['/old/place/films/b/gone.png']
    assert tally.names('left out, file missing') == gone


def test_a_column_of_several_classes(convert, tmp_path):
    text = 'Path,kind\na/1.png,0\nb/2.png,2\nb/3.png,10\n'
    convert(('kind',), None, train=text)
    table = read_table(tmp_path / 'out')
    assert label_columns(table) == ['kind 0', 'kind 2', 'kind 10']
    assert table['kind 2'].tolist() == [0, 1, 0]
    path = tmp_path / 'multi.csv'
    write_cxrlearn_csv(tmp_path / 'out', path, one_column='kind')
    rows = list(csv.DictReader(path.open()))
    assert [row['kind'] for row in rows] == ['0', '1', '2']


def test_there_and_back(convert, tmp_path, films):
    convert(train=TRAIN, test=TEST)
    path = tmp_path / 'written.csv'
    tally = write_cxrlearn_csv(tmp_path / 'out', path, 'cxrlearn', 'train')
    assert tally.names('left out, labels uncertain or unknown') == ['b/3.png']
    rows = list(csv.reader(path.open()))
    root = films.resolve().as_posix()
    assert rows == [
        ['Path', 'Edema', 'Pneumonia'],
        [f'{root}/a/1.png', '1', '0'],
        [f'{root}/b/2.png', '0', '1'],
    ]
    with pytest.raises(FileExistsError, match='written.csv: is there'):
        write_cxrlearn_csv(tmp_path / 'out', path)
    again = tmp_path / 'again'
    convert_cxrlearn_csv({'train': path}, 'Path', ['Edema', 'Pneumonia'], films, again)
    names = ['image', 'Edema', 'Pneumonia']
    first, second = read_table(tmp_path / 'out'), read_table(again)
    assert first[names][:2].equals(second[names])


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (('Pneumonia,', 'Pneumonai,'), "no column 'Pneumonia' .did you mean"),
        (('1,0,p1', '2,0,p1'), "row 1, column 'Edema': '2' is none of"),
        (('/old/place/films/a/1.png', ''), "row 1, column 'Path': is empty"),
        (
            ('b/3.png,-1', 'b/2.png,-1'),
            'row 3: .* has other labels or another patient than in',
        ),
    ],
)
def test_bad_files(convert, change, message):
    text = TRAIN.replace(*change)
    with pytest.raises(TableError, match=f'train.csv: {message}'):
        convert(train=text)


def test_bad_wishes(convert, tmp_path):
    convert(train=TRAIN)
    out = tmp_path / 'out'
    with pytest.raises(TableError, match="no label column 'edema'.*'Edema'"):
        write_cxrlearn_csv(out, tmp_path / 'x.csv', classes=['edema'])
    text = TRAIN.replace('1,0,p1', '1,1,p1')
    convert(train=text)
    with pytest.raises(TableError, match='a/1.png.* is not of exactly one of Edema'):
        write_cxrlearn_csv(out, tmp_path / 'x.csv', one_column='kind')
    convert(train=TRAIN.replace('1,0', '-1,0').replace('0.0,1.0', ',1'))
    with pytest.raises(TableError, match='no image has known labels of Edema'):
        write_cxrlearn_csv(out, tmp_path / 'x.csv', classes=['Edema'])
    assert not (tmp_path / 'x.csv').exists()


def test_the_tool(films, tmp_path, capsys):
    out, path = tmp_path / 'out', write_text(tmp_path / 'train.csv', TRAIN)

    def run(*argv):
        try:
            return main(['cxrlearn-csv', *map(str, argv)])
        except SystemExit as ended:
            return ended.code

    read = [films, '--out', out, '--train-csv', path, '--class-columns', 'Edema']
    assert run(*read) == 0
    assert capsys.readouterr().out.startswith('3 images written: a/1.png')
    assert run(out, '--write', tmp_path / 'new.csv') == 0
    assert (tmp_path / 'new.csv').read_text().startswith('Path,Edema\n')
    for wrong in (
        read[:3],
        [*read[:5]],
        [*read, '--split', 'x'],
        [out, '--write', 'y.csv', '--train-csv', path],
        [out, '--write', tmp_path / 'new.csv'],
    ):
        assert run(*wrong) == 2
