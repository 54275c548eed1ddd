"""Lists in every form that is met, and the faults that are named."""

import collections
import gzip
import json
import pickle

import numpy as np
import pytest

from mmcxr.datasets.tables.table_file import TableError
from mmcxr.preparing.lists.list_columns import split_name
from mmcxr.preparing.lists.list_folders import find_split_lists
from mmcxr.preparing.lists.split_lists import read_split_lists

ROWS = [('a/1.png', '1', '0'), ('a/2.png', '0', '0'), ('b/3.png', '0', '1')]
FORMS = {
    # MRM: blanks, at line ends too, CRLF, no last line end.
    'words.txt': 'a/1.png 1 0 \r\na/2.png 0 0 \r\n\r\nb/3.png 0 1',
    'tabs.txt': 'a/1.png\t1\t0\na/2.png\t0\t0\nb/3.png\t0\t1\n',
    'plain.csv': 'a/1.png,1,0\na/2.png,0,0\nb/3.png,0,1\n',
    'header.csv': '\ufeffPath,Mass,Edema\na/1.png,1.0,0.0\na/2.png,0,0\nb/3.png,0,1\n',
    'semicolon.csv': 'filename;A;B\n"a/1.png";1;0\na/2.png;0;0\nb/3.png;0;1\n',
    'other name.csv': 'film,A,B\na/1.png,1,0\na/2.png,0,0\nb/3.png,0,1\n',
    'backslash.csv': 'image,A,B\n.\\a\\1.png,1,0\na\\2.png,0,0\nb\\3.png,0,1\n',
    'comments.txt': '# film\na/1.png 1 0\n  # more\na/2.png 0 0\nb/3.png 0 1',
    'quoted.txt': '"a/1.png" 1 0\n"a/2.png" 0 0\n"b/3.png" 0 1\n',
    'columns before.csv': 'A,image_path,B\n1,a/1.png,0\n0,a/2.png,0\n0,b/3.png,1\n',
}


def write(path, content):
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(path, split='train', labels=()):
    return read_split_lists('lists', {split: path}, labels)


@pytest.mark.parametrize('name', FORMS)
def test_text_forms(tmp_path, name):
    lists = read(write(tmp_path / name, FORMS[name]))
    rows = lists.rows[['image', *lists.labels]].to_numpy().tolist()
    assert rows == [list(row) for row in ROWS]
    assert lists.splits == ['train'] and not len(lists.faulty())


def test_names_alone_and_lines(tmp_path):
    lists = read(write(tmp_path / 'a.txt', '00001\n\n00002\n'))
    assert lists.rows['image'].tolist() == ['00001', '00002']
    assert lists.rows['line'].tolist() == [1, 3]
    assert lists.labels == lists.categories == ()


def test_names_with_blanks_and_label_names(tmp_path):
    path = write(tmp_path / 'a.txt', 'x 1 (2).png 1\ny.png 0\nz.png 0\n')
    lists = read(path, labels=['Mass'])
    assert lists.rows['image'].tolist() == ['x 1 (2).png', 'y.png', 'z.png']
    assert lists.rows['Mass'].tolist() == ['1', '0', '0']
    with pytest.raises(TableError, match='1 label columns, where 2 are known: A, B'):
        read(path, labels=['A', 'B'])


def test_columns_by_header(tmp_path):
    text = 'dicom_id,study_id,subject_id,split\nx1,s1,p1,train\nx2,s2,p1,validate\n'
    lists = read(write(tmp_path / 'mimic-split.csv', text), 'all')
    assert lists.splits == ['train', 'val'] and lists.labels == ()
    assert lists.rows['patient'].tolist() == ['p1', 'p1']
    # Kaggle's RSNA table: patientId is the image.
    text = 'patientId,x,y,Target\nu1,,,0\nu2,264.0,152.0,1\n'
    lists = read(write(tmp_path / 'kaggle.csv', text))
    assert lists.rows['image'].tolist() == ['u1', 'u2']
    assert lists.labels == ('Target',) and set(lists.rows['patient']) == {''}


def test_packed_tables(tmp_path):
    text = 'image,split,Edema\na.png,train,1\nb.png,test,\n'
    path = write(tmp_path / 'a.csv.gz', gzip.compress(text.encode()))
    lists = read(path)
    assert lists.rows[['image', 'split', 'Edema']].to_numpy().tolist() == [
        ['a.png', 'train', '1'],
        ['b.png', 'test', ''],
    ]
    assert lists.rows['line'].tolist() == [2, 3]


NESTED = {
    'classes': {'Normal': ['n/1.png', 'n/2.png'], 'Mass': ['m/1.png']},
    'names': ['n/1.png', 'n/2.png', 'm/1.png'],
    'set': {'n/1.png', 'n/2.png', 'm/1.png'},
    'ordered': collections.OrderedDict(Normal=['n/1.png', 'n/2.png'], M=['m/1.png']),
    'by default': collections.defaultdict(
        list, Normal=['n/1.png', 'n/2.png', 'm/1.png']
    ),
    'records': [dict(path=p, n=None) for p in ('n/1.png', 'n/2.png', 'm/1.png')],
    'labels': {'n/1.png': 0, 'n/2.png': 0, 'm/1.png': 1},
}


@pytest.mark.parametrize('protocol', range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize('name', NESTED)
def test_pickles(tmp_path, name, protocol):
    data = pickle.dumps(NESTED[name], protocol=protocol)
    lists = read(write(tmp_path / 'a.p', data))
    assert set(lists.rows['image']) == {'n/1.png', 'n/2.png', 'm/1.png'}
    if name == 'classes':
        assert lists.rows['class'].tolist() == ['Normal', 'Normal', 'Mass']
    if name == 'labels':
        assert lists.rows['value'].tolist() == ['0', '0', '1']


def test_json_of_splits(tmp_path):
    """R2Gen's annotation.json: records by split, two films of a report."""
    record = dict(id='CXR1', report='Clear.', image_path=['CXR1/0.png', 'CXR1/1.png'])
    content = dict(train=[record | dict(split='train')], test=[])
    content['test'].append(record | dict(image_path=['CXR2/0.png'], split='test'))
    lists = read(write(tmp_path / 'annotation.json', json.dumps(content)), 'all')
    assert lists.rows[['image', 'split']].to_numpy().tolist() == [
        ['CXR1/0.png', 'train'],
        ['CXR1/1.png', 'train'],
        ['CXR2/0.png', 'test'],
    ]


class Evil:
    def __reduce__(self):
        return print, ('ran',)


@pytest.mark.parametrize(
    ('content', 'words'),
    [
        (Evil(), 'refused: it holds builtins.print'),
        ({'a': [Evil()]}, 'refused: it holds builtins.print'),
        (np.array(['a.png']), 'refused: it holds numpy'),
        ([1.5], "'1.5' is no name of an image"),
        ({}, 'holds no names'),
        ('a.png', 'where a list of images'),
        (
            {'a': {'b': {'c': {'d': {'e': {'f': {'g': {'h': {'i': ['x']}}}}}}}}},
            'nested',
        ),
    ],
)
def test_bad_pickles(tmp_path, capsys, content, words):
    path = write(tmp_path / 'a.pkl', pickle.dumps(content))
    with pytest.raises(TableError, match=f'a.pkl.*{words}'):
        read(path)
    assert 'ran' not in capsys.readouterr().out


def test_a_pickle_cut_short(tmp_path):
    data = pickle.dumps(['a.png'] * 3)
    with pytest.raises(TableError, match='not a readable pickle'):
        read(write(tmp_path / 'a.p', data[:-4]))


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('', 'the list is empty'),
        (' \r\n', 'the list is empty'),
        ('a.png 1 0\nb.png 1\nc.png 0 0\n', 'line 2: 2 cells where most lines have 3'),
        ('a.png 1\nb.png 1\nc 0 0\n', "line 3: 3 cells where .*: 'c 0 0'"),
        ('a.png,1\nb.png,0\nc.png\n', "line 3: 1 cells where .*: 'c.png'"),
        ('image,label\na.png,"1\n', 'a quote is never closed'),
        (
            'image,split\na.png,train\nb.png,\n' + 'c.png,val\n' * 20,
            'line 3: the split',
        ),
        ('image,x\na.png,1\n,0\n', 'line 3: the image is empty'),
        ('Age,Sex\n50,M\n51,F\n', 'no column names images; it has Age, Sex'),
        ('# nothing but this\n', 'empty but for comments'),
        ('<html><body>404</body></html>', 'is a web page'),
        ('version https://git-lfs.github.com/spec/v1\n', 'git-LFS pointer'),
        (b'\xff\xfea\x00', 'not UTF-8'),
    ],
)
def test_bad_texts(tmp_path, text, words):
    with pytest.raises(TableError, match=f'a.csv.*{words}'):
        read(write(tmp_path / 'a.csv', text))


def test_ids_before_the_images(tmp_path):
    """COVIDx: patient, film, class, source; nothing says which is which."""
    text = ''.join(
        f'pat{i // 2} f{i}.png {"positive" if i % 3 else "negative"} ricord\n'
        for i in range(12)
    )
    lists = read(write(tmp_path / 'train_COVIDx9A.txt', text))
    assert lists.rows['image'].tolist() == [f'f{i}.png' for i in range(12)]
    assert lists.rows['patient'].nunique() == 6 and len(lists.categories) == 2


def test_a_patient_column_that_names_images(tmp_path):
    rows = [f'id{i},data/id{i}.dcm,{i % 2}\n' for i in range(12)]
    lists = read(write(tmp_path / 'a.csv', 'patientId,Path,Target\n' + ''.join(rows)))
    assert set(lists.rows['patient']) == {''} and lists.labels == ('Target',)
    assert lists.rows['image'].iloc[0] == 'data/id0.dcm'


def test_classes_as_numbers(tmp_path):
    text = ''.join(f'{i}.png,{i % 4},{20 + i}\n' for i in range(40))
    lists = read(write(tmp_path / 'a.csv', 'image,label,age\n' + text))
    assert lists.categories == ('label',) and lists.labels == ()
    # A rare class is no fault, a rare cell is.
    text = ''.join(f'{i}.png,{2 if i < 5 else i % 2}\n' for i in range(100))
    assert read(write(tmp_path / 'b.csv', text)).categories == ('column 2',)


def test_faulty_labels_are_told_with_file_and_line(tmp_path):
    text = ''.join(f'{i}.png {i % 2}\n' for i in range(20))
    lists = read(write(tmp_path / 'a.txt', text.replace('7.png 1', '7.png 11', 1)))
    fault = lists.faulty()
    assert fault[['image', 'file', 'line', 'column', 'cell']].values.tolist() == [
        ['7.png', 'a.txt', 8, 'column 2', '11']
    ]
    # In the first line it is a fault too, not a header.
    lists = read(write(tmp_path / 'b.txt', '00.png 11\n' + text))
    assert lists.faulty()['line'].tolist() == [1]


@pytest.mark.parametrize(
    ('stem', 'split'),
    [
        ('train_list', 'train'),
        ('train_1', 'train_1'),
        ('train-0.1', 'train_0.1'),
        ('train_10pct', 'train_10'),
        ('iscovid_val', 'val'),
        ('chest14_valid', 'val'),
        ('mimic_cxr_test', 'test'),
        ('class2images_train', 'train'),
        ('train_val_list', 'train_val'),
        ('testlist', 'test'),
        ('Validation', 'val'),
        ('1_test_0_', 'test_0'),
        ('labels', ''),
        ('contest', ''),
    ],
)
def test_split_names(stem, split):
    assert split_name(stem) == split


def test_lists_of_a_folder(tmp_path):
    for name in (
        'x/test.txt',
        'x/train_10.txt',
        'x/train.txt',
        'x/val.txt',
        'x/read.me',
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text('a.png\n')
    (tmp_path / 'mine-split.csv').write_text('image,split\na.png,train\n')
    found = find_split_lists(tmp_path)
    assert list(found) == ['', 'x'] and list(found['']) == ['all']
    assert list(found['x']) == ['train', 'train_10', 'val', 'test']
    # Lists of two datasets in one folder.
    for name in ('a_train.csv', 'a_valid.csv', 'b_train.csv'):
        (tmp_path / 'y').mkdir(exist_ok=True)
        (tmp_path / 'y' / name).write_text('a.png\n')
    found = find_split_lists(tmp_path / 'y')
    assert {name: list(files) for name, files in found.items()} == {
        'a': ['train', 'val'],
        'b': ['train'],
    }
    (tmp_path / 'y/a_train.txt').write_text('b.png\n')
    with pytest.raises(TableError, match="both lists of 'train'; name the files"):
        find_split_lists(tmp_path / 'y')
    with pytest.raises(TableError, match='no such folder'):
        find_split_lists(tmp_path / 'nowhere')
    # The split may be the folder's name, or a column of a file of any name.
    for split in ('train', 'Testing'):
        (tmp_path / 'z' / split).mkdir(parents=True)
        (tmp_path / 'z' / split / 'names.txt').write_text('a.png\n')
    assert list(find_split_lists(tmp_path / 'z')['']) == ['train', 'test']
    (tmp_path / 'w').mkdir()
    (tmp_path / 'w/meta.csv').write_text('image,Fold\na.png,train\nb.png,test\n')
    (tmp_path / 'w/other.csv').write_text('image,age\na.png,7\n')
    assert list(find_split_lists(tmp_path / 'w')) == ['meta']
    (tmp_path / 'empty').mkdir()
    with pytest.raises(TableError, match='named after a split'):
        find_split_lists(tmp_path / 'empty')


def test_comments_keep_the_numbers_of_lines(tmp_path):
    lists = read(write(tmp_path / 'a.txt', '# one\na.png\n\n# two\nb.png\n'))
    assert lists.rows['line'].tolist() == [2, 5]


def pairs_of(root):
    """(image, split) of the one set of lists in a folder."""
    (found,) = find_split_lists(root).items()
    rows = read_split_lists(*found).rows
    return sorted(rows[['image', 'split']].itertuples(index=False, name=None))


COLUMNS = {
    'names': 'train,test\n1.png,3.png\n2.png,\n',
    'marks': 'image,train,test\n1.png,1,0\n2.png,1,0\n3.png,0,1\n4.png,0,0\n',
    'booleans': 'image,is_train,is_test\n1.png,True,False\n2.png,True,False\n'
    '3.png,False,True\n',
    'words': 'image,set\n1.png,Training\n2.png,train\n3.png,TEST\n',
}


@pytest.mark.parametrize('form', COLUMNS)
def test_a_column_of_splits_or_for_each(tmp_path, form):
    write(tmp_path / 'my_splits.csv', COLUMNS[form])
    expected = [('1.png', 'train'), ('2.png', 'train'), ('3.png', 'test')]
    assert pairs_of(tmp_path) == expected


def test_numbers_of_folds(tmp_path):
    path = write(tmp_path / 'meta.csv', 'image,fold\n1.png,0\n2.png,1\n3.png,1\n')
    expected = [('1.png', 'fold0'), ('2.png', 'fold1'), ('3.png', 'fold1')]
    assert pairs_of(tmp_path) == expected
    # In the list of a split they are folds of it, and all are in the split.
    path.rename(tmp_path / 'train.csv')
    assert {split for _, split in pairs_of(tmp_path)} == {'train'}


def test_a_list_for_each_class_in_the_folder_of_a_split(tmp_path):
    for split, name, text in (
        ('train', 'normal', '1.png\n2.png\n'),
        ('train', 'sick', '3.png\n'),
        ('test', 'sick', '1.png\n'),
        ('test', 'normal', '4.png\n'),
    ):
        (tmp_path / split).mkdir(exist_ok=True)
        write(tmp_path / split / f'{name}.txt', text)
        write(tmp_path / split / 'README.txt', 'One film a line.')
    (files,) = find_split_lists(tmp_path).values()
    lists = read_split_lists('mine', files)
    assert lists.categories == ('class',)
    assert lists.rows[['image', 'split', 'class']].to_numpy().tolist() == [
        ['1.png', 'train', 'normal'],
        ['2.png', 'train', 'normal'],
        ['3.png', 'train', 'sick'],
        ['4.png', 'test', 'normal'],
        ['1.png', 'test', 'sick'],
    ]


def test_folders_of_images(tmp_path):
    """Where there is no list at all: Kermany's folders."""
    for name in ('train/NORMAL/1.jpeg', 'train/SICK/2.jpeg', 'test/SICK/1.jpeg'):
        path = tmp_path / 'chest_xray' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b'')
    (tmp_path / 'chest_xray/val').mkdir()
    assert list(find_split_lists(tmp_path)) == ['chest_xray']
    assert pairs_of(tmp_path) == [
        ('test/SICK/1.jpeg', 'test'),
        ('train/NORMAL/1.jpeg', 'train'),
        ('train/SICK/2.jpeg', 'train'),
    ]
    files = find_split_lists(tmp_path)['chest_xray']
    classes = read_split_lists('mine', files).rows['class']
    assert classes.tolist() == ['NORMAL', 'SICK', 'SICK']
    with pytest.raises(TableError, match='holds neither lists nor images'):
        read_split_lists('mine', {'val': tmp_path / 'chest_xray/val'})


def test_lines_of_json(tmp_path):
    lines = [json.dumps(dict(image=f'{i}.png', label=i % 2)) for i in range(4)]
    lists = read(write(tmp_path / 'train.jsonl', '\n'.join([*lines, ''])))
    assert lists.rows['image'].tolist() == [f'{i}.png' for i in range(4)]
    assert lists.labels == ('label',)
    with pytest.raises(TableError, match='a.jsonl: line 2: not JSON'):
        read(write(tmp_path / 'a.jsonl', lines[0] + '\n{"image": '))


def test_lists_of_unequal_columns(tmp_path):
    """What a file lacks is unknown there."""
    texts = dict(train='image,Mass,Edema\na.png,1,0\n', test='image,Edema\nb.png,1\n')
    files = {s: write(tmp_path / f'{s}.csv', text) for s, text in texts.items()}
    lists = read_split_lists('mine', files)
    assert lists.labels == ('Mass', 'Edema')
    assert lists.rows[['Mass', 'Edema']].to_numpy().tolist() == [['1', '0'], ['', '1']]
    with pytest.raises(TableError, match='test.csv: 1 label columns, where 2 are'):
        read_split_lists('mine', files, ['A', 'B'])
