import gzip
import time

import numpy as np
import pandas as pd
import pytest

from mmcxr.datasets.tables.table import (
    FACTS,
    MissingTable,
    TableError,
    label_columns,
    mask_columns,
    missing_files,
    read_table,
)
from mmcxr.datasets.tables.table_file import _count_commas

HEADER = 'image,patient_id,study_id,view,findings,Edema,Mass'
ROWS = [
    'a/1.png,0012,s1,PA,"Clear, mostly.",1,0',
    'a/2.png,0012,s1,LATERAL,,-1,',
    'b.png,,,,nan,,NaN',
]


def write(root, rows=ROWS, header=HEADER, name='table.csv'):
    text = '\n'.join([header, *rows]) + '\n'
    data = text.encode()
    root.mkdir(exist_ok=True)
    (root / name).write_bytes(gzip.compress(data) if name.endswith('gz') else data)
    return root


def refused(root, *words):
    with pytest.raises(TableError) as caught:
        read_table(root)
    for word in words:
        assert word in str(caught.value), caught.value
    return str(caught.value)


def test_cells(tmp_path):
    table = read_table(write(tmp_path))
    assert table['image'].tolist() == ['a/1.png', 'a/2.png', 'b.png']
    assert table['patient_id'].tolist() == ['0012', '0012', 'b.png']
    assert table['study_id'].tolist() == ['s1', 's1', 'b.png']
    assert table['findings'].tolist() == ['Clear, mostly.', '', '']
    assert (
        table['impression'].tolist() == ['', '', ''] == table['view'][2:].tolist() * 3
    )
    assert label_columns(table) == ['Edema', 'Mass']
    np.testing.assert_array_equal(table['Edema'], np.float32([1, -1, np.nan]))
    np.testing.assert_array_equal(table['Mass'], np.float32([0, np.nan, np.nan]))
    assert table['Edema'].dtype == np.float32
    assert set(FACTS) <= set(table) and table['boxes'].tolist() == [[], [], []]


@pytest.mark.parametrize('name', ['table.csv.gz', 'table.parquet'])
def test_other_formats_read_alike(tmp_path, name):
    plain = read_table(write(tmp_path / 'plain'))
    if name.endswith('parquet'):
        pytest.importorskip('pyarrow')
        (tmp_path / 'other').mkdir()
        # With numbers as numbers and missing cells as nulls.
        frame = pd.read_csv(tmp_path / 'plain/table.csv', dtype={'patient_id': str})
        frame.to_parquet(tmp_path / 'other' / name)
    else:
        write(tmp_path / 'other', name=name)
    pd.testing.assert_frame_equal(read_table(tmp_path / 'other'), plain)


def test_parquet_of_other_types(tmp_path):
    pytest.importorskip('pyarrow')
    pd.DataFrame(
        dict(
            image=['x', 'y'],
            patient_id=[3, 4],
            study_id=[7.0, np.nan],
            age=[54.0, 3.5],
            Edema=[True, False],
        )
    ).to_parquet(tmp_path / 'table.parquet')
    table = read_table(tmp_path)
    assert table['patient_id'].tolist() == ['3', '4']
    assert table['study_id'].tolist() == ['7', 'y']
    assert table['age'].tolist() == ['54.0', '3.5']
    assert table['Edema'].tolist() == [1, 0]


def test_pandas_written_labels_and_byte_order_mark(tmp_path):
    rows = ['x,p,s,1.0', 'y,p,s,-1.0', 'z,p,s,']
    text = '\ufeff' + '\n'.join(['image,patient_id,study_id,Edema', *rows])
    (tmp_path / 'table.csv').write_text(text, encoding='utf-8')
    assert read_table(tmp_path)['Edema'].tolist()[:2] == [1, -1]


def test_missing_folder_and_table(tmp_path):
    with pytest.raises(MissingTable, match='no such folder'):
        read_table(tmp_path / 'nowhere')
    with pytest.raises(FileNotFoundError, match='holds none of table.csv'):
        read_table(tmp_path)


def test_two_tables(tmp_path):
    write(write(tmp_path), name='table.csv.gz')
    refused(tmp_path, 'table.csv and table.csv.gz', 'keep the one')


@pytest.mark.parametrize('column', ['image', 'patient_id', 'study_id'])
def test_needed_columns(tmp_path, column):
    root = write(tmp_path, header=HEADER.replace(column, column.title() + 's'))
    refused(root, 'table.csv', f'no column {column!r}', f'mean {column.title()}'[:5])


def test_nearest_column_is_named(tmp_path):
    root = write(tmp_path, header=HEADER.replace('patient_id', 'PatientID'))
    refused(root, "did you mean 'PatientID'?")


def test_no_rows_and_empty_file(tmp_path):
    refused(write(tmp_path, rows=[]), 'has no rows')
    (tmp_path / 'table.csv').write_text('')
    refused(tmp_path, 'the file is empty')


def test_repeated_images(tmp_path):
    refused(
        write(tmp_path, rows=[*ROWS, 'a/2.png,7,8,,,,', 'a/2.png,7,8,,,,']),
        "'a/2.png' is in rows 2, 4, 5",
        '2 repeated rows',
    )


@pytest.mark.parametrize(
    'image',
    ['/etc/x.png', '../x.png', 'a/../../x.png', 'a//b.png', './a.png', 'a/']
    + ['a\\b.png', 'C:/x.png', '..', ''],
)
def test_paths_that_leave_the_folder(tmp_path, image):
    root = write(tmp_path, rows=[*ROWS, f'{image},1,2,,,,'])
    refused(root, 'row 4', "column 'image'", repr(image), 'not a path under images/')


def test_harmless_dots(tmp_path):
    images = ['..a.png', 'a..b/c...png', '.hidden/x.png', 'x y,z.png']
    write(tmp_path, rows=[f'"{image}",1,2,,,,' for image in images])
    assert read_table(tmp_path)['image'].tolist() == images


def test_mask_paths(tmp_path):
    header = 'image,patient_id,study_id,mask,mask_heart'
    write(tmp_path, ['x,1,1,,h.png', 'y,1,2,m.png,../m.png'], header)
    refused(tmp_path, 'row 2', "'mask_heart'", 'under masks/')
    table = read_table(write(tmp_path, ['x,1,1,,h.png', 'y,1,2,m.png,'], header))
    assert mask_columns(table) == ['mask', 'mask_heart'] and not label_columns(table)


@pytest.mark.parametrize(
    ('cell', 'fix'),
    [('yes', '1'), ('Positive', '1'), (' 0', '0')]
    + [
        ('absent', '0'),
        ('2', 'nothing'),  # what it was meant to say is anybody's guess
        ('0.3', 'nothing'),
        ('U', '-1'),
        ('?', 'nothing'),
        ('none', 'nothing'),
    ],
)
def test_label_values(tmp_path, cell, fix):
    rows = [*ROWS, f'x,1,2,,,{cell},', 'y,1,2,,,7,']
    refused(
        write(tmp_path, rows),
        "row 4 (image 'x'), column 'Edema'",
        repr(cell),
        f'write {fix}',
        'extra_Edema',
        '(and 1 more rows)',
    )


def test_extra_columns_are_no_labels(tmp_path):
    header = 'image,patient_id,study_id,extra_license,extra_day'
    table = read_table(write(tmp_path, ['x,1,1,CC BY,007'], header))
    assert label_columns(table) == [] and table['extra_day'][0] == '007'


@pytest.mark.parametrize(
    ('column', 'cell', 'words'),
    [
        ('view', 'pa', 'write PA'),
        ('view', 'LL', 'write LATERAL'),
        ('view', 'AP Supine', 'write AP'),
        ('view', 'swimmer', 'none of PA, AP, LATERAL, empty'),
        ('sex', 'Female', 'write F'),
        ('age', '045Y', 'write 45'),
        ('age', '-1', 'no age in years'),
        ('boxes', 'Pneumonia', "'Pneumonia' is not a JSON list of [x, y, width"),
        ('boxes', '"[[1, 2, 3, 4]]"', 'JSON list'),
        ('boxes', '"[[1, 2, 0, 4, ""x""]]"', 'JSON list'),
        ('boxes', '"[[1, 2, NaN, 4, ""x""]]"', 'JSON list'),
    ],
)
def test_values(tmp_path, column, cell, words):
    rows = ['x,1,1,', f'y,1,2,{cell}']
    write(tmp_path, rows, f'image,patient_id,study_id,{column}')
    refused(tmp_path, "row 2 (image 'y')", f'column {column!r}', words)


def test_boxes(tmp_path):
    header = 'image,patient_id,study_id,boxes'
    cell = '"[[1, 2.5, 3, 4, ""Nodule""], [0, 0, 1, 1, ""Mass""]]"'
    table = read_table(write(tmp_path, [f'x,1,1,{cell}', 'y,1,1,[]'], header))
    assert table['boxes'][0] == [[1, 2.5, 3, 4, 'Nodule'], [0, 0, 1, 1, 'Mass']]
    assert table['boxes'][1] == []


def test_headers(tmp_path):
    refused(
        write(tmp_path, header=HEADER.replace('Mass', 'Edema')),
        "names 'Edema' more than once",
    )
    refused(write(tmp_path, header=HEADER.replace('Mass', '')), 'column 7 has no name')


def test_rows_of_the_wrong_length(tmp_path):
    refused(write(tmp_path, [*ROWS, 'x,1,2,PA,"a,\nb"', *ROWS[:1]]), 'row 4', '5 cells')
    refused(write(tmp_path, [*ROWS, 'x,1,2,,,1,0,1']), 'more cells than the header')
    refused(write(tmp_path, ['x,1,2,,,1,0,1']), 'more cells than the header')
    refused(write(tmp_path, [*ROWS, 'x,1,2,,"never closed,1,0']), 'never')


def test_quotes_do_not_fool_the_count(tmp_path):
    rows = ['x,1,2,,"say ""a, b"", c\n,d",1,0', 'y,1,2,,5" tube,1,0']
    table = read_table(write(tmp_path, rows))
    assert table['findings'].tolist() == ['say "a, b", c\n,d', '5" tube']


def test_cut_gzip_and_encoding(tmp_path):
    data = gzip.compress(('\n'.join([HEADER, *ROWS * 50])).encode())
    (tmp_path / 'table.csv.gz').write_bytes(data[:-20])
    refused(tmp_path, 'cannot be read', 'copy or convert it again')
    (tmp_path / 'table.csv.gz').unlink()
    (tmp_path / 'table.csv').write_bytes(f'{HEADER}\nx,1,1,,'.encode() + b'\xe9,,\n')
    refused(tmp_path, 'not UTF-8')
    (tmp_path / 'table.csv').rename(tmp_path / 'table.parquet')
    pytest.importorskip('pyarrow')
    refused(tmp_path, 'not a parquet file')


def test_files_on_disk(tmp_path):
    root = write(tmp_path)
    assert len(missing_files(root, read_table(root))) == 3
    with pytest.raises(TableError, match=r'3 files of the 3 rows .* a/1.png|images'):
        read_table(root, check_files=-1)
    (root / 'images/a').mkdir(parents=True)
    (root / 'images/a/1.png').touch()
    (root / 'elsewhere.png').touch()
    (root / 'images/b.png').symlink_to(root / 'elsewhere.png')
    assert missing_files(root, read_table(root)) == [root / 'images/a/2.png']
    assert len(read_table(root, check_files=2)) == 3  # first and last
    with pytest.raises(TableError, match='1 files of the 3 rows'):
        read_table(root, check_files=99)


def test_large_tables_are_fast(tmp_path):
    num = 40_000
    frame = pd.DataFrame({'image': [f'p/{i}.jpg' for i in range(num)]})
    frame['patient_id'] = frame['study_id'] = [f'{i // 3:08d}' for i in range(num)]
    frame['findings'] = 'Heart "normal", lungs clear. ' * 5
    for name in range(14):
        frame[f'label {name}'] = np.random.default_rng(name).integers(-1, 2, num)
    frame.to_csv(tmp_path / 'table.csv', index=False)
    start = time.perf_counter()
    assert len(read_table(tmp_path)) == num
    assert time.perf_counter() - start < 5


def test_commas_outside_quotes():
    """Whatever the pieces it is read in, as a loop over characters counts."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        data = bytes(rng.choice(list(b'ab,,""\n'), 60).tolist())
        count, inside = 0, False
        for letter in data.decode():
            inside ^= letter == '"'
            count += letter == ',' and not inside
        assert [_count_commas(data, chunk) for chunk in (1, 7, 60, 99)] == [count] * 4
