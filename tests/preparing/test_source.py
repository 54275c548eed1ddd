"""Finding files in folders and archives, whole and damaged."""

import tarfile
import time
import zipfile

import pytest

from mmcxr.datasets.tables.table import TableError
from mmcxr.preparing.source import Source
from mmcxr.preparing.writing import Tally


@pytest.fixture
def source(tmp_path):
    """Opens the folder; the tally is its ``tally``."""
    for name in ('x/list.csv', 'x/y/a.png', 'x/y/b.PNG', 'x/z/a.png', '.hidden/a.png'):
        path = tmp_path / 'root' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)

    def open_source():
        tally = Tally()
        opened = Source(tmp_path / 'root', tally)
        opened.tally = tally
        return opened

    open_source.root = tmp_path / 'root'
    return open_source


def test_files_are_found_by_the_end_of_their_path(source):
    opened = source()
    assert list(opened.members) == ['x/list.csv', 'x/y/a.png', 'x/y/b.PNG', 'x/z/a.png']
    assert opened.find('list.csv').read() == b'x/list.csv'
    assert opened.find('z/a.png').name == 'x/z/a.png'
    assert opened.find('x/z/a.png').name == 'x/z/a.png'
    assert opened.find('/a.png') is None and opened.find('st.csv') is None
    assert opened.find('w/x/z/a.png') is None
    assert opened.need('none.csv', 'list.csv').stem == 'list'
    with pytest.raises(TableError, match="no 'lists.csv' .did you mean 'list.csv'"):
        opened.need('lists.csv')


def test_many_files_of_a_name(source):
    """CheXpert has 190,000 of view1_frontal.jpg; finding each takes one look."""
    for number in range(3_000):
        path = source.root / f'deep/p{number}/view1.jpg'
        path.parent.mkdir(parents=True)
        path.touch()
    opened = source()
    before = time.process_time()
    for number in range(3_000):
        assert opened.find(f'p{number}/view1.jpg').name == f'deep/p{number}/view1.jpg'
    assert time.process_time() - before < 1


def test_two_files_of_a_name(source):
    opened = source()
    assert {k: m.name for k, m in opened.named('.png').items()} == {
        'a': 'x/y/a.png',
        'b': 'x/y/b.PNG',
    }
    assert opened.tally.faults()['duplicate'] == {
        'duplicate: files of a name that another has; not read': ['x/z/a.png']
    }
    assert opened.named('.png', under='z')['a'].name == 'x/z/a.png'
    assert not opened.named('.png', under='')['a'].inside


def test_links(source):
    (source.root / 'x/y/circle').symlink_to(source.root / 'x')
    (source.root / 'x/y/itself').symlink_to('itself')
    (source.root / 'other').symlink_to(source.root / 'x/z')
    opened = source()
    assert opened.find('other/a.png')
    assert not opened.find('circle/list.csv')
    names = opened.tally.faults()['unreadable']
    assert names['unreadable: links that lead back to a folder above'] == [
        f'{source.root}/x/y/circle'
    ]
    dead = names['unreadable: links that lead nowhere']
    assert len(dead) == 1 and dead[0].startswith(f'{source.root}/x/y/itself (')


def test_names_that_lead_out_of_an_archive(source):
    with zipfile.ZipFile(source.root / 'films.zip', 'w') as archive:
        for name in ('../evil.png', '/evil.png', 'a/../../evil.png', 'good.png'):
            archive.writestr(name, b'1')
        archive.writestr('__MACOSX/._good.png', b'2')
        archive.writestr('.DS_Store', b'2')
    with tarfile.open(source.root / 'more.tar', 'w') as archive:
        info = tarfile.TarInfo('../evil2.png')
        archive.addfile(info)
        info = tarfile.TarInfo('link.png')
        info.type, info.linkname = tarfile.SYMTYPE, '/etc/passwd'
        archive.addfile(info)
    opened = source()
    assert [name for name in opened.members if 'x/' not in name] == ['films/good.png']
    assert opened.members['films/good.png'].read() == b'1'
    names = opened.tally.names('invalid: names in archives that lead out of them')
    assert len(names) == 4 and all('evil' in name for name in names)


@pytest.mark.parametrize('name', ['films.zip', 'films.tar', 'films.tar.gz'])
def test_an_archive_cut_short(source, name):
    path = source.root / name
    if name.endswith('zip'):
        with zipfile.ZipFile(path, 'w') as archive:
            archive.writestr('one.png', bytes(range(256)) * 400)
    else:
        with tarfile.open(path, 'w:gz' if name.endswith('gz') else 'w') as archive:
            for number in range(3):
                inner = source.root.parent / f'{number}.png'
                inner.write_bytes(bytes(range(256)) * 400)
                archive.add(inner, inner.name)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    opened = source()
    assert opened.tally.count('unreadable: archives') == 1
    assert str(path) in opened.tally.names('unreadable: archives')[0]
    assert opened.find('list.csv')


def test_no_archive_at_all(source):
    (source.root / 'films.zip').write_text('<html>404</html>')
    assert source().tally.count('unreadable: archives') == 1
    with pytest.raises(TableError, match='no such folder, nor a zip'):
        Source(source.root / 'gone', Tally())
    with pytest.raises(TableError, match='no such folder, nor a zip'):
        Source(source.root / 'x/list.csv', Tally())


def test_tables(source):
    path = source.root / 'table.csv'
    path.write_bytes('\ufeffname, value \r\na,"1,5"\r\n'.encode())
    assert source().table('table.csv', ('name', 'value')).values.tolist() == [
        ['a', '1,5']
    ]
    with pytest.raises(TableError, match="table.csv: no column 'vale' .*'value'"):
        source().table('table.csv', ('vale',))
    for data, fault in (
        ('name,value\nä,1\n'.encode('latin-1'), 'not UTF-8'),
        (b'name,value\na,"1\n', 'quote is never closed'),
        (b'name,value\na,1,2\n', 'more cells than the header'),
        (b'name,value\na\n', 'row 1 .* has 1 cells'),
        (b'', 'the file is empty'),
        (b'name,name\na,1\n', "names 'name' more than once"),
    ):
        path.write_bytes(data)
        with pytest.raises(TableError, match=f'table.csv: .*{fault}'):
            source().table('table.csv')


def test_films_by_the_end_of_their_path(tmp_path):
    names = ['x/p1/s1/v.jpg', 'x/p1/s2/v.jpg', 'p1/s1/v.jpg', 'v.jpg', 'p1/s1/v.txt']
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    tally = Tally()
    found = Source(tmp_path, tally).ending(3, '.jpg', '.jpeg')
    assert {path: member.name for path, member in found.items()} == {
        'p1/s1/v.jpg': 'p1/s1/v.jpg',  # the shallower of two
        'p1/s2/v.jpg': 'x/p1/s2/v.jpg',
        'v.jpg': 'v.jpg',
    }
    kind = 'duplicate: files of a name that another has; not read'
    assert tally.names(kind) == ['x/p1/s1/v.jpg']


def test_lines(tmp_path):
    (tmp_path / 'a.txt').write_bytes(b'\xef\xbb\xbfone.png \r\n\r\n two words\n')
    source = Source(tmp_path, Tally())
    assert source.lines('a.txt') == ['one.png', 'two words']
    with pytest.raises(TableError, match="holds no 'b.txt' .did you mean 'a.txt'"):
        source.lines('b.txt')
