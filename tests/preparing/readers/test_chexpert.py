"""CheXpert v1.0 and CheXpert 5x200.

Layout: https://stanfordmlgroup.github.io/competitions/chexpert/ (folders; header and
cells as in the table that torchxrayvision ships), Stanford AIMI's batches
(chexpertchestxrays-u20210408, ``CheXpert-v1.0 batch 2 (train 1)/patient00001``);
GLoRIA's list as its code writes and reads it (github.com/marshuang80/gloria, ``Path``,
``Report Impression``, an index without a name).
"""

import zipfile

import pytest
from downloads import (
    check_published,
    list_source,
    listed_counts,
    real_table,
    write_image,
    write_text,
)

from mmcxr.datasets.public.chexpert import CHEXPERT_CLASSES, CheXpert, CheXpert5x200
from mmcxr.datasets.tables.splits import read_split
from mmcxr.datasets.tables.table import TableError, read_table
from mmcxr.preparing.convert import convert
from mmcxr.preparing.readers.chexpert import CONVERTER
from mmcxr.preparing.readers.chexpert_5x200 import CONVERTER as CONVERTER_5X200

HEADER = f'Path,Sex,Age,Frontal/Lateral,AP/PA,{",".join(CHEXPERT_CLASSES)}'
SMALL = 'CheXpert-v1.0-small'
TRAIN = f"""{HEADER}
{SMALL}/train/patient00001/study1/view1_frontal.jpg,Female,68,Frontal,AP,1.0,,,,,,,,,0.0,,,,1.0
{SMALL}/train/patient00002/study2/view1_frontal.jpg,Female,87,Frontal,PA,,,-1.0,1.0,,-1.0,-1.0,,-1.0,,-1.0,,1.0,
{SMALL}/train/patient00002/study2/view2_lateral.jpg,Female,87,Lateral,,,,-1.0,1.0,,-1.0,-1.0,,-1.0,,-1.0,,1.0,
{SMALL}/train/patient00003/study1/view2_frontal.jpg,Unknown,0,Frontal,LL,,,,1.0,,,,,,,,,,
"""
VALID = f"""{HEADER}
{SMALL}/valid/patient64541/study1/view1_frontal.jpg,Male,73,Frontal,AP,0.0,1.0,1.0,1.0,0.0,0.0,1.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0
"""
TEST = f"""Path,{','.join(CHEXPERT_CLASSES[1:])},No Finding
test/patient64741/study1/view1_frontal.jpg,0,1,1,0,0,0,0,0,0,0,0,0,0,0
"""


def paths_of(*tables) -> list[str]:
    rows = [line.split(',')[0] for text in tables for line in text.splitlines()[1:]]
    return [row.removeprefix(f'{SMALL}/') for row in rows]


def write_chexpert(root):
    """Four training films and one of validation."""
    write_text(root / 'train.csv', TRAIN)
    write_text(root / 'valid.csv', VALID)
    for path in paths_of(TRAIN, VALID):
        write_image(root / path, name=path)
    return root


@pytest.fixture
def source(tmp_path):
    return write_chexpert(tmp_path / SMALL)


def test_labels_views_and_splits(source, tmp_path):
    found = convert(CONVERTER, source, tmp_path / 'out')
    table = read_table(tmp_path / 'out', check_files=-1)
    assert table['image'].tolist() == paths_of(TRAIN, VALID)
    assert table['patient_id'].tolist()[1:4] == ['patient00002'] * 2 + ['patient00003']
    assert table['study_id'].tolist()[:2] == ['study1', 'study2']
    assert table['view'].tolist() == ['AP', 'PA', 'LATERAL', '', 'AP']
    assert table['sex'].tolist() == ['F', 'F', 'F', '', 'M']
    assert table['age'].tolist() == ['68', '87', '87', '', '73']
    assert table['Cardiomegaly'].fillna(9).tolist() == [9, -1, -1, 9, 1]
    assert table['Pneumothorax'].fillna(9).tolist() == [0, 9, 9, 9, 0]
    scheme = read_split(tmp_path / 'out', 'official', table)
    assert scheme.of('train').tolist() == [0, 1, 2, 3]
    assert scheme.of('val').tolist() == [4]
    assert found.tally.count('views not understood') == 1
    assert found.tally.names('tables not there') == ['test_labels.csv']
    assert found.refused() == ['count']
    assert len(CheXpert(tmp_path / 'out', 'official', 'train')) == 4


def test_one_film_may_be_found_in_any_layout(source, tmp_path):
    """SOURCE above the folder, a zip of it, and the batches of Stanford AIMI."""
    convert(CONVERTER, source, tmp_path / 'plain')
    above = tmp_path / 'above'
    above.mkdir()
    batches = above / 'chexpertchestxrays-u20210408'
    folders = {
        'CheXpert-v1.0 batch 1 (validate & csv)': ['train.csv', 'valid.csv', 'valid'],
        'CheXpert-v1.0 batch 2 (train 1)': [
            'train/patient00001',
            'train/patient00002',
        ],
        'CheXpert-v1.0 batch 3 (train 2)': ['train/patient00003'],
    }
    with zipfile.ZipFile(tmp_path / f'{SMALL}.zip', 'w') as archive:
        for path in sorted(source.rglob('*.*')):
            archive.write(path, path.relative_to(tmp_path))
    for folder, names in folders.items():
        for name in names:
            target = batches / folder / name.removeprefix('train/')
            target.parent.mkdir(parents=True, exist_ok=True)
            (source / name).rename(target)
    source.rename(above / SMALL)
    convert(CONVERTER, above, tmp_path / 'batches')
    convert(CONVERTER, tmp_path / f'{SMALL}.zip', tmp_path / 'packed')
    for name in ('table.csv', 'splits/official.csv', 'verification.json'):
        plain = (tmp_path / 'plain' / name).read_bytes()
        assert plain == (tmp_path / 'batches' / name).read_bytes()
        assert plain == (tmp_path / 'packed' / name).read_bytes()


def test_test_films(source):
    write_text(source / 'test_labels.csv', TEST)
    write_image(source / 'test/patient64741/study1/view1_frontal.jpg')
    listing, tally = list_source(CONVERTER, source)
    assert listing.release == 'train, val, test' and not tally.faults()
    film = listing.films[-1]
    assert film.image == 'test/patient64741/study1/view1_frontal.jpg' and film.file
    assert film.cells['Cardiomegaly'] == 1 and film.cells['No Finding'] == 0
    assert film.cells['view'] == film.cells['sex'] == film.cells['age'] == ''
    assert listing.splits['official'][-1] == (film.image, 'test')


def test_what_is_amiss_is_named(source, tmp_path):
    text = TRAIN.replace('patient00001/study1/view1', 'patient00001/view1')
    text = text.replace('87,Lateral', '1987,Frontal').replace('Unknown', 'Other')
    write_text(source / 'train.csv', text)
    _, tally = list_source(CONVERTER, source)
    place = f'train.csv: row {{}} ({SMALL}/train/{{}})'
    lateral = place.format(3, 'patient00002/study2/view2_lateral.jpg')
    assert tally.faults() == {
        'invalid': {
            'invalid: paths that name no film': [
                place.format(1, 'patient00001/view1_frontal.jpg')
            ],
            'invalid: views that contradict the path': [f'{lateral}: Frontal'],
        }
    }
    assert tally.names('ages not understood')[0] == f'{lateral}: 1987'
    assert tally.count('sexes not understood') == 1
    write_text(source / 'train.csv', TRAIN.replace(',1.0\n', ',yes\n', 1))
    with pytest.raises(TableError, match="row 1, column 'Support Devices': 'yes' is"):
        list_source(CONVERTER, source)
    write_text(source / 'train.csv', TRAIN.replace('Lung Opacity', 'Airspace Opacity'))
    with pytest.raises(TableError, match="no column 'Lung Opacity'"):
        list_source(CONVERTER, source)
    with pytest.raises(TableError, match='neither train.csv nor valid.csv'):
        list_source(CONVERTER, tmp_path / SMALL / 'valid')


@pytest.mark.slow
def test_the_real_table(tmp_path):
    (tmp_path / 'train.csv').write_bytes(real_table('chexpert_train.csv.gz'))
    write_image(tmp_path / 'train/patient00001/study1/view1_frontal.jpg')
    listing, tally = list_source(CONVERTER, tmp_path)
    assert listing.release == 'train' and not tally.faults()
    assert check_published(CONVERTER, listing) == 2 + 14 + 1 + 13
    counts = listed_counts(listing)
    assert counts['studies'] == 187_641
    assert counts['Consolidation negative'] == 28_097
    assert tally.count('views not understood') == 17
    assert tally.count('ages not understood') == 3
    assert sum(film.file is not None for film in listing.films) == 1


FIVE = CheXpert5x200.METAINFO['classes']
LIST = f""",Path,Report Impression,{','.join(FIVE)},Pneumonia
17,CheXpert-v1.0/train/patient00001/study1/view1_frontal.jpg,"1.  LOW LUNG VOLUMES.
 ""Mild"" atelectasis, left.",1.0,0.0,0.0,0.0,0.0,0.0
4,CheXpert-v1.0/train/patient00002/study2/view1_frontal.jpg,Edema.,0.0,0.0,0.0,1.0,0.0,0.0
"""


def test_5x200(source, tmp_path):
    write_text(source / 'chexpert_5x200.csv', LIST)
    found = convert(CONVERTER_5X200, source, tmp_path / 'out')
    table = read_table(tmp_path / 'out', check_files=-1)
    assert table['image'].tolist() == paths_of(TRAIN)[:2]
    assert table['impression'].tolist() == [
        '1. LOW LUNG VOLUMES. "Mild" atelectasis, left.',
        'Edema.',
    ]
    assert table['Atelectasis'].tolist() == [1, 0]
    assert found.refused() == ['count']
    dataset = CheXpert5x200(tmp_path / 'out')
    assert dataset[1]['gt_label'].tolist() == [0, 0, 0, 1, 0]


def test_5x200_list_elsewhere(source, tmp_path):
    path = write_text(tmp_path / 'lists/gloria.csv', LIST.replace(',1.0,', ',0.0,', 1))
    listing, tally = list_source(CONVERTER_5X200, source, films=str(path))
    kind = 'invalid: films that are not positive for exactly one class'
    assert tally.names(kind) == [f'{listing.films[0].image} ()']
    with pytest.raises(TableError, match="holds no 'chexpert_5x200.csv'"):
        list_source(CONVERTER_5X200, source)
    with pytest.raises(TableError, match='gone.csv: no such file'):
        list_source(CONVERTER_5X200, source, films='gone.csv')
