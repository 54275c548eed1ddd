"""RSNA Pneumonia, stage 2.

Layout: https://www.kaggle.com/c/rsna-pneumonia-detection-challenge/data; header lines
and number formats as in the tables that torchxrayvision ships; the crosswalk's keys as
read by github.com/microsoft/InnerEye-DeepLearning (``InnerEye-DataQuality``).
"""

import csv
import io
import json
import zipfile

import pytest
from downloads import (
    check_published,
    list_source,
    real_table,
    write_dicom,
    write_image,
    write_text,
)

from mmcxr.datasets.tables.splits import read_split
from mmcxr.datasets.tables.table import TableError, read_table
from mmcxr.preparing.convert import convert
from mmcxr.preparing.placing import Options
from mmcxr.preparing.readers.rsna import CONVERTER

IDS = [f'{n:08x}-9eaa-42f4-b0ab-c148ed3241cd' for n in range(5)]
LABELS = f"""patientId,x,y,width,height,Target
{IDS[0]},,,,,0
{IDS[1]},264.0,152.0,213.0,379.0,1
{IDS[1]},562.0,152.0,256.0,453.0,1
{IDS[2]},,,,,0
{IDS[3]},900.0,10.0,124.0,45.0,1
"""
CLASSES = f"""patientId,class
{IDS[0]},No Lung Opacity / Not Normal
{IDS[1]},Lung Opacity
{IDS[1]},Lung Opacity
{IDS[2]},Normal
{IDS[3]},Lung Opacity
"""


@pytest.fixture
def source(tmp_path):
    root = tmp_path / 'rsna'
    write_text(root / 'stage_2_train_labels.csv', LABELS)
    write_text(root / 'stage_2_detailed_class_info.csv', CLASSES)
    for number, image in enumerate(IDS):
        folder = 'test' if number == 4 else 'train'
        write_dicom(
            root / f'stage_2_{folder}_images/{image}.dcm',
            (256, 256),
            PatientID=image,
            PatientSex='FM'[number % 2],
            PatientAge=['51', '148', '9', '30', '31'][number],
            ViewPosition=('PA', 'AP')[number % 2],
        )
    return root


@pytest.mark.filterwarnings('ignore:Invalid value for VR AS')
def test_films_boxes_and_headers(source, tmp_path):
    found = convert(CONVERTER, source, tmp_path / 'out')
    table = read_table(tmp_path / 'out', check_files=-1)
    assert table['image'].tolist() == [f'{image}.png' for image in IDS]
    assert table['Pneumonia'].tolist()[:4] == [0, 1, 0, 1]
    assert table['Pneumonia'].isna().tolist() == [False] * 4 + [True]
    # Films of a quarter of the size: the boxes count in 1,024 pixels.
    assert table['boxes'].tolist() == [
        [],
        [
            [66, 38, 53.25, 94.75, 'Pneumonia'],
            [140.5, 38, 64, 113.25, 'Pneumonia'],
        ],
        [],
        [[225, 2.5, 31, 11.25, 'Pneumonia']],
        [],
    ]
    assert table['age'].tolist() == ['51', '', '9', '30', '31']
    assert table['view'].tolist() == ['PA', 'AP', 'PA', 'AP', 'PA']
    assert table['sex'].tolist() == ['F', 'M', 'F', 'M', 'F']
    assert table['extra_class'][0] == 'No Lung Opacity / Not Normal'
    scheme = read_split(tmp_path / 'out', 'official', table)
    assert scheme.of('train').tolist() == [0, 1, 2, 3]
    assert found.refused() == ['count']


@pytest.mark.filterwarnings('ignore:Invalid value for VR AS')
def test_patients_by_the_crosswalk(source, tmp_path):
    names = ['00000013_026.png', '00000013_001.png', '00004342_002.png']
    rows = [
        {'subset_img_id': image, 'img_id': name, 'SOPInstanceUID': '1.2'}
        for image, name in zip(IDS, names, strict=False)
    ]
    name = 'pneumonia-challenge-dataset-mappings_2018.json'
    write_text(source / name, json.dumps(rows))
    found = convert(CONVERTER, source, tmp_path / 'out')
    table = read_table(tmp_path / 'out')
    assert table['patient_id'].tolist()[:3] == ['00000013', '00000013', '00004342']
    assert table['extra_nih_image'][1] == names[1]
    assert found.tally.names('films that the crosswalk lacks') == IDS[3:]
    write_text(source / name, json.dumps([{'img_id': 'a'}]))
    with pytest.raises(TableError, match='mappings_2018.json: not a list of films'):
        convert(CONVERTER, source, tmp_path / 'out')
    with pytest.raises(TableError, match='gone.json: no such file'):
        convert(CONVERTER, source, tmp_path / 'out', crosswalk='gone.json')


@pytest.mark.filterwarnings('ignore:Invalid value for VR AS')
def test_as_kaggle_packs_it(source, tmp_path):
    """One archive for each folder, in which the films lie flat."""
    convert(CONVERTER, source, tmp_path / 'plain', Options(size=64))
    for folder in ('stage_2_train_images', 'stage_2_test_images'):
        with zipfile.ZipFile(source / f'{folder}.zip', 'w') as archive:
            for path in (source / folder).iterdir():
                archive.write(path, path.name)
                path.unlink()
    convert(CONVERTER, source, tmp_path / 'packed', Options(size=64))
    for name in ('table.csv', 'splits/official.csv', 'verification.json'):
        assert (tmp_path / 'plain' / name).read_bytes() == (
            tmp_path / 'packed' / name
        ).read_bytes()


def test_contradictions_are_named(tmp_path):
    lines = LABELS.splitlines() + [
        f'{IDS[0]},1.0,2.0,3.0,4.0,1',
        f'{IDS[4]},1.0,2.0,3.0,4.0,0',
        f'{IDS[2]},,,,,maybe',
        f'{IDS[3]},1.0,2.0,wide,4.0,1',
    ]
    write_text(tmp_path / 'stage_2_train_labels.csv', '\n'.join(lines))
    write_text(tmp_path / 'stage_2_detailed_class_info.csv', CLASSES)
    write_image(tmp_path / f'{IDS[0]}.png')
    _, tally = list_source(CONVERTER, tmp_path)
    place = 'stage_2_train_labels.csv: row {} ({})'
    assert tally.faults() == {
        'invalid': {
            'invalid: films with both targets': [place.format(6, IDS[0])],
            'invalid: boxes without target, or the reverse': [place.format(7, IDS[4])],
            'invalid: targets that are neither 0 nor 1': [place.format(8, IDS[2])],
            'invalid: boxes that are no numbers': [place.format(9, IDS[3])],
        }
    }
    table = CLASSES.replace('Normal\n', 'Lung Opacity\n')
    write_text(tmp_path / 'stage_2_detailed_class_info.csv', table)
    _, tally = list_source(CONVERTER, tmp_path)
    assert tally.count('invalid: films whose class contradicts the target') == 1


def test_boxes_of_another_shape(tmp_path):
    write_text(tmp_path / 'stage_2_train_labels.csv', LABELS)
    for image in IDS[:4]:
        write_image(tmp_path / f'{image}.png', (100, 120))
    tally = convert(CONVERTER, tmp_path, tmp_path / 'out').tally
    assert tally.names('invalid: boxes that count in another shape') == [
        f'{IDS[1]}.png: film 100x120, boxes 1024x1024',
        f'{IDS[3]}.png: film 100x120, boxes 1024x1024',
    ]


def test_the_real_tables(tmp_path):
    archive = zipfile.ZipFile(
        io.BytesIO(real_table('kaggle_stage_2_train_labels.csv.zip'))
    )
    data = archive.read('stage_2_train_labels.csv')
    (tmp_path / 'stage_2_train_labels.csv').write_bytes(data)
    headers = real_table('kaggle_stage_2_train_images_dicom_headers.csv.gz').decode()
    rows = list(csv.DictReader(headers.splitlines()))
    assert len(rows) == 26_684
    chosen = rows[:3] + [row for row in rows if int(row['PatientAge']) > 120][:1]
    for row in chosen:
        write_image(tmp_path / f'stage_2_train_images/{row["PatientID"]}.png')
    listing, tally = list_source(CONVERTER, tmp_path)
    assert listing.release == 'stage 2, training films'
    assert check_published(CONVERTER, listing) == 5
    assert not tally.faults()
    assert {film.image[:-4] for film in listing.films if film.file} == {
        row['PatientID'] for row in chosen
    }
    assert {row['PatientID'] for row in rows} == {f.image[:-4] for f in listing.films}


def test_the_real_headers(tmp_path):
    """What a film's header says is what the table of all headers says."""
    from mmcxr.datasets.films.dicom import read_facts

    headers = real_table('kaggle_stage_2_train_images_dicom_headers.csv.gz').decode()
    rows = list(csv.DictReader(headers.splitlines()))
    old = [row for row in rows if int(row['PatientAge']) > 120]
    assert len(old) == 5
    for row in rows[:4] + old[:1]:
        path = write_dicom(
            tmp_path / row['Filename'],
            PatientAge=f'{int(row["PatientAge"]):03}Y',
            PatientSex=row['PatientSex'],
            ViewPosition=row['ViewPosition'],
        )
        age = '' if row in old else row['PatientAge']
        assert read_facts(path.read_bytes()) == dict(
            view=row['ViewPosition'], sex=row['PatientSex'], age=age
        )
