"""PadChest.

Layout: https://bimcv.cipf.es/bimcv-projects/padchest/ and the paper's appendix (zip
files by number, columns); rows as in the table that torchxrayvision ships, whose first
column has no name.
"""

import csv
import io
import zipfile

import cv2
import numpy as np
import pytest
from downloads import check_published, list_source, real_table, write_image, write_text

from mmcxr.datasets.public.padchest import PADCHEST_FINDINGS, PadChest
from mmcxr.datasets.tables.table import TableError, label_columns, read_table
from mmcxr.preparing.convert import convert
from mmcxr.preparing.placing import Options
from mmcxr.preparing.readers.padchest import CONVERTER

NAME = 'PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv'
HEADER = ',ImageID,ImageDir,StudyDate_DICOM,StudyID,PatientID,PatientBirth,'
HEADER += 'PatientSex_DICOM,Projection,Report,MethodLabel,Labels\n'
ROWS = (
    "0,a.png,0,20140915,s1,p1,1930.0,F,PA, sin hallazg .,Physician,['normal']\n"
    '1,b.png,0,20140915,s1,p1,1930.0,F,L, sin hallazg .,RNN_model,'
    "\"['cardiomegaly', ' pleural effusion', '', 'cardiomegaly', 'azygos lobe']\"\n"
    "2,c.png,54,20150101,s2,p2,,nan,AP_horizontal,x,RNN_model,['unchanged']\n"
    '3,d.png,54,20150101,s3,p3,2016.0,O,COSTAL,x,RNN_model,nan\n'
)


@pytest.fixture
def source(tmp_path):
    root = tmp_path / 'padchest'
    write_text(root / NAME, HEADER + ROWS)
    for folder, names in (('0', 'ab'), ('54', 'cd')):
        with zipfile.ZipFile(root / f'{folder}.zip', 'w') as archive:
            for name in names:
                pixels = np.random.default_rng(ord(name)).integers(100, 4096, (40, 50))
                cv2.imwrite(str(tmp_path / f'{name}.png'), pixels.astype(np.uint16))
                archive.write(tmp_path / f'{name}.png', f'{name}.png')
    return root


def test_table(source, tmp_path):
    found = convert(CONVERTER, source, tmp_path / 'out')
    table = read_table(tmp_path / 'out', check_files=-1)
    assert table['image'].tolist() == ['0/a.png', '0/b.png', '54/c.png', '54/d.png']
    assert table['view'].tolist() == ['PA', 'LATERAL', 'AP', '']
    assert table['sex'].tolist() == ['F', 'F', '', 'O']
    assert table['age'].tolist() == ['84', '84', '', '']
    assert label_columns(table) == list(PADCHEST_FINDINGS)
    labels = table[['normal', 'cardiomegaly', 'pleural effusion']]
    assert labels.iloc[:2].values.tolist() == [[1, 0, 0], [0, 1, 1]]
    assert labels.iloc[2:].isna().all(axis=None)
    assert table['extra_findings'][1] == 'cardiomegaly; pleural effusion; azygos lobe'
    assert table['findings'][0] == 'sin hallazg .'
    assert found.tally.count('ages that cannot be') == 1
    assert found.refused() == ['count']
    assert len(PadChest(tmp_path / 'out')) == 2
    split = PadChest(tmp_path / 'out', split_scheme='labelled_by', split='physician')
    assert len(split) == 1


def test_deep_films(source, tmp_path):
    """As they are, 16 bit; shrunk, 8 bit over their own range."""
    convert(CONVERTER, source, tmp_path / 'deep')
    film = cv2.imread(str(tmp_path / 'deep/images/0/a.png'), cv2.IMREAD_UNCHANGED)
    assert film.dtype == np.uint16 and film.shape == (40, 50)
    convert(CONVERTER, source, tmp_path / 'small', Options(size=20))
    film = cv2.imread(str(tmp_path / 'small/images/0/a.png'), cv2.IMREAD_UNCHANGED)
    assert film.dtype == np.uint8 and film.shape == (20, 25)


def test_damage_is_named(source, tmp_path):
    rows = ROWS + (
        "4,e.png,0,2014,s4,p4,1930.0,M,PA,x,Oracle,['normal']\n"
        "5,f.png,0,2014,s5,p5,old,M,TOP,x,Physician,['normal'\n"
        "6,../g.png,..,2014,s5,p5,1930.0,M,PA,x,Physician,['normal']\n"
        '7,b2.png,0,2014,s5,p5,1930.0,M,PA,x,Physician,__import__("os")\n'
    )
    write_text(source / NAME, HEADER + rows)
    (source / '0.zip').rename(tmp_path / 'whole.zip')
    with zipfile.ZipFile(tmp_path / 'whole.zip') as archive:
        for name in ('a.png', 'b.png'):
            data = archive.read(name)
            path = source / '0' / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data if name == 'a.png' else data[: len(data) // 2])
    write_image(source / '0/e.png')
    (source / '0/b2.png').write_bytes(b'')
    write_image(source / '0/unlisted.png')
    faults = convert(CONVERTER, source, tmp_path / 'out', workers=2).tally.faults()
    faults.pop('count')
    unreadable = faults['unreadable'].pop('unreadable: films; left out')
    assert [fault.partition(':')[0] for fault in unreadable] == [
        f'{source}/0/b.png',
        f'{source}/0/b2.png',
    ]
    assert faults == {
        'invalid': {
            'invalid: methods of labelling not known': [
                f'{NAME}: row 5 (e.png): Oracle'
            ],
            'invalid: labels that are no list': [
                f"{NAME}: row 6 (f.png): ['normal'",
                f'{NAME}: row 8 (b2.png): __import__("os")',
            ],
            'invalid: names that are no path under images/': ['../../g.png'],
        },
        'missing': {'missing: listed films that are not there': ['0/f.png']},
        'extra': {'extra: film files that nothing lists': ['0/unlisted.png']},
        'unreadable': {},
    }
    table = read_table(tmp_path / 'out', check_files=-1)
    assert table['image'].tolist() == ['0/a.png', '54/c.png', '54/d.png', '0/e.png']


def test_no_table(tmp_path):
    with pytest.raises(TableError, match=f"holds no '{NAME}' or '{NAME}.gz'"):
        list_source(CONVERTER, tmp_path)


@pytest.mark.slow
def test_the_real_table(tmp_path):
    name = f'{NAME.replace(".csv", "")}.csv.gz'
    data = real_table(f'PADCHEST_{name.removeprefix("PADCHEST_")}')
    (tmp_path / NAME).write_bytes(data)
    row = next(csv.DictReader(io.StringIO(data[:100_000].decode())))
    write_image(tmp_path / row['ImageDir'] / row['ImageID'])
    listing, tally = list_source(CONVERTER, tmp_path)
    assert check_published(CONVERTER, listing) == 15
    assert not tally.faults() and not tally.count('views not understood')
    assert [film.file is not None for film in listing.films[:2]] == [True, False]
    views = [film.cells['view'] for film in listing.films]
    assert views.count('PA') == 91_728 and views.count('LATERAL') == 49_579
    assert views.count('AP') == 14_346 + 4_559
    assert tally.count('ages that cannot be') < 50
