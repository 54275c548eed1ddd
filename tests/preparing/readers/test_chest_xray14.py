"""ChestX-ray14.

Layout: https://nihcc.app.box.com/v/ChestXray-NIHCC and its copy
https://www.kaggle.com/datasets/nih-chest-xrays/data. Header lines and line ends: the
corrected table as github.com/sunlabuiuc/PyHealth quotes it ("Patient Sex", a comma at
the end of each line), the first one as read by github.com/torchxrayvision (ages such
as 058Y), the boxes as in torchxrayvision's wheel (three names too many in the header).
"""

import dataclasses
import tarfile

import pytest
from downloads import (
    check_published,
    list_source,
    real_table,
    write_image,
    write_text,
)

from mmcxr.datasets.public.chest_xray14 import ChestXray14
from mmcxr.datasets.tables.splits import read_split
from mmcxr.datasets.tables.table import TableError, read_table
from mmcxr.preparing.convert import convert
from mmcxr.preparing.placing import Options
from mmcxr.preparing.readers.chest_xray14 import CONVERTER

SIZES = 'OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y],'
START = 'Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age'
TABLE = f"""{START},Patient Sex,View Position,{SIZES}
00000001_000.png,Cardiomegaly,0,1,57,M,PA,2682,2749,0.14300000000000002,0.143,
00000001_001.png,Cardiomegaly|Emphysema,1,1,58,M,PA,2894,2729,0.143,0.143,
00000002_000.png,No Finding,0,2,80,F,AP,2500,2048,0.171,0.171,
00013118_008.png,Atelectasis|Infiltration,8,13118,69,M,AP,2500,2048,0.168,0.168,
"""
BOXES = """Image Index,Finding Label,Bbox [x,y,w,h],,,
00013118_008.png,Atelectasis,225.084745762712,547.019216763771,86.779,79.186
00013118_008.png,Infiltrate,600.5,300,512.25,64
"""
IMAGES = [line.split(',')[0] for line in TABLE.splitlines()[1:]]


def write_nih(root):
    """Four films in two folders."""
    write_text(root / 'Data_Entry_2017_v2020.csv', TABLE)
    write_text(root / 'BBox_List_2017.csv', BOXES)
    write_text(root / 'train_val_list.txt', '\n'.join(IMAGES[:2]))
    write_text(root / 'test_list.txt', '\n'.join(IMAGES[2:]))
    for number, image in enumerate(IMAGES):
        folder = f'images_00{1 + number // 2}/images'
        write_image(root / folder / image, (256, 256))
    return root


@pytest.fixture
def source(tmp_path):
    return write_nih(tmp_path / 'nih')


def test_labels_boxes_and_lists(source, tmp_path):
    found = convert(CONVERTER, source, tmp_path / 'out', Options(size=128))
    table = read_table(tmp_path / 'out', check_files=-1)
    assert table['image'].tolist() == IMAGES
    patients = ['00000001', '00000001', '00000002', '00013118']
    assert table['patient_id'].tolist() == patients
    assert table['age'].tolist() == ['57', '58', '80', '69']
    assert table['sex'].tolist() == ['M', 'M', 'F', 'M']
    assert table['view'].tolist() == ['PA', 'PA', 'AP', 'AP']
    assert table['Emphysema'].tolist() == [0, 1, 0, 0]
    assert table['No Finding'].tolist() == [0, 0, 1, 0]
    assert table['extra_follow_up'].tolist() == ['0', '1', '0', '8']
    # From 1,024 pixels to 128, and cut at the edge.
    assert table['boxes'][3] == [
        [28.14, 68.38, 10.85, 9.9, 'Atelectasis'],
        [75.06, 37.5, 52.94, 8, 'Infiltration'],
    ]
    assert table['boxes'][0] == []
    scheme = read_split(tmp_path / 'out', 'official', table)
    assert scheme.of('train').tolist() == [0, 1]
    assert scheme.of('test').tolist() == [2, 3]
    assert found.refused() == ['count']
    dataset = ChestXray14(tmp_path / 'out', 'official', 'test')
    assert len(dataset) == 2


def test_as_the_nih_packs_it(source, tmp_path):
    convert(CONVERTER, source, tmp_path / 'plain')
    for number in (1, 2):
        folder = source / f'images_00{number}'
        with tarfile.open(source / f'images_00{number}.tar.gz', 'w:gz') as archive:
            archive.add(folder / 'images', 'images')
        for path in (folder / 'images').iterdir():
            path.unlink()
    convert(CONVERTER, source, tmp_path / 'packed')
    for name in ('table.csv', 'splits/official.csv', 'verification.json'):
        plain, packed = (tmp_path / made / name for made in ('plain', 'packed'))
        assert plain.read_bytes() == packed.read_bytes()


def test_a_smaller_copy_in_jpeg(source, tmp_path):
    convert(CONVERTER, source, tmp_path / 'plain')
    for path in sorted(source.rglob('*.png')):
        write_image(path.with_suffix('.jpg'), (64, 64))
        path.unlink()
    convert(CONVERTER, source, tmp_path / 'out')
    table = read_table(tmp_path / 'out', check_files=-1)
    assert table['image'][3] == '00013118_008.jpg'
    assert table['boxes'][3][0] == [14.07, 34.19, 5.42, 4.95, 'Atelectasis']
    text = (tmp_path / 'plain/splits/official.csv').read_text()
    jpeg = (tmp_path / 'out/splits/official.csv').read_text()
    assert jpeg == text.replace('.png', '.jpg')


def test_the_first_table(source, tmp_path):
    """Ages of three digits and a unit, some of them impossible."""
    (source / 'Data_Entry_2017_v2020.csv').unlink()
    text = TABLE.replace('Patient Sex', 'Patient Gender').replace(',57,M', ',057Y,M')
    text = text.replace(',58,M', ',414Y,M').replace(',80,F', ',006M,F')
    write_text(source / 'Data_Entry_2017.csv', text.replace('\n', '\r\n'))
    listing, tally = list_source(CONVERTER, source)
    assert [film.cells['age'] for film in listing.films] == ['57', '', '0.5', '69']
    name = 'row 2 (00000001_001.png): 414Y'
    assert tally.names('ages not understood') == [name] and not tally.faults()


def test_what_is_amiss_is_named(source):
    text = TABLE.replace('No Finding', 'No Finding|Mass').replace(',13118,', ',13,')
    text = text.replace('Cardiomegaly|Emphysema', 'Cardiomegaly|Emphysemia')
    write_text(source / 'Data_Entry_2017_v2020.csv', text)
    more = '00000001_000.png,Mass,9,9,wide,9\n00000009_000.png,Mass,9,9,9,9\n'
    write_text(source / 'BBox_List_2017.csv', f'{BOXES}{more}')
    write_text(source / 'test_list.txt', '00000002_000.png\n00099999_000.png\n')
    (source / 'train_val_list.txt').unlink()
    _, tally = list_source(CONVERTER, source)
    kind = 'invalid: findings that contradict themselves or have no such name'
    assert tally.faults() == {
        'invalid': {
            'invalid: boxes that are none': [
                'BBox_List_2017.csv: row 3 (00000001_000.png)'
            ],
            kind: [
                "row 2 (00000001_001.png): 'Cardiomegaly|Emphysemia'",
                "row 3 (00000002_000.png): 'No Finding|Mass'",
            ],
            "invalid: films whose name is not their patient's": [
                'row 4 (00013118_008.png): patient 13'
            ],
            'invalid: boxes of films that the table lacks': ['00000009_000.png'],
            'invalid: listed films that the table lacks': [
                'test_list.txt: 00099999_000.png'
            ],
        }
    }
    assert tally.names('lists not there') == ['train_val_list.txt']
    write_text(source / 'Data_Entry_2017_v2020.csv', TABLE.replace('Finding ', ''))
    with pytest.raises(TableError, match="v2020.csv: no column 'Finding Labels'"):
        list_source(CONVERTER, source)


def test_the_real_tables(tmp_path):
    for name in ('Data_Entry_2017_v2020.csv', 'BBox_List_2017.csv'):
        (tmp_path / name).write_bytes(real_table(f'{name}.gz'))
    write_image(tmp_path / 'images/00013118_008.png')
    listing, tally = list_source(CONVERTER, tmp_path)
    tables = [claim for claim in CONVERTER.reported if not claim.splits]
    converter = dataclasses.replace(CONVERTER, reported=tuple(tables))
    assert check_published(converter, listing) == 2 + 1 + 15
    assert not tally.faults()
    present = [film for film in listing.films if film.file]
    assert [film.image for film in present] == ['00013118_008.png']
    (box,) = present[0].boxes
    assert box[4] == 'Atelectasis' and box[0] == pytest.approx(225.085, abs=1e-3)
    assert sum(film.boxes is not None for film in listing.films) == 880
    assert all(film.cells['age'] and film.cells['sex'] for film in listing.films)
