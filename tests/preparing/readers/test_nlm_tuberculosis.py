"""Shenzhen and Montgomery.

Layout: https://data.lhncbc.nlm.nih.gov/public/Tuberculosis-Chest-X-ray-Datasets/
(folders and names of files, Montgomery's read-me) and torchxrayvision's reader; lines
of the readings as the NLM's read-me files describe them; names of the Shenzhen masks as
at https://www.kaggle.com/datasets/yoctoman/shcxr-lung-mask.
"""

import cv2
import numpy as np
import pytest
from downloads import list_source, write_image, write_text

from mmcxr.datasets.public.nlm_tuberculosis import (
    Montgomery,
    MontgomeryLungSeg,
    Shenzhen,
)
from mmcxr.datasets.tables.table import read_table
from mmcxr.preparing.convert import convert
from mmcxr.preparing.placing import Options
from mmcxr.preparing.readers.montgomery import CONVERTER as MONTGOMERY
from mmcxr.preparing.readers.shenzhen import CONVERTER as SHENZHEN
from mmcxr.preparing.readers.shenzhen import parse_reading


def write_mask(path, left, shape=(64, 48)):
    mask = np.zeros(shape, np.uint8)
    mask[10:50, left : left + 12] = 255
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), mask)


def write_montgomery(root):
    """A film of each kind, with its reading and masks."""
    readings = {
        'MCUCXR_0001_0': "Patient's Sex: F\r\nPatient's Age: 027Y\r\nnormal\r\n",
        'MCUCXR_0104_1': "Patient's Sex: M\nPatient's Age: 061Y\nCavity in  the\napex.",
    }
    for stem, text in readings.items():
        write_image(root / f'CXR_png/{stem}.png', (64, 48))
        write_text(root / f'ClinicalReadings/{stem}.txt', text)
        write_mask(root / f'ManualMask/leftMask/{stem}.png', 30)
        write_mask(root / f'ManualMask/rightMask/{stem}.png', 4)
    write_text(root / 'NLM-MontgomeryCXRSet-ReadMe.txt', 'read me')
    return root


@pytest.fixture
def montgomery(tmp_path):
    return write_montgomery(tmp_path / 'NLM-MontgomeryCXRSet/MontgomerySet')


def test_montgomery(montgomery, tmp_path):
    out = tmp_path / 'out'
    found = convert(MONTGOMERY, montgomery, out, Options(size=24))
    table = read_table(out, check_files=-1)
    assert table['Tuberculosis'].tolist() == [0, 1]
    assert table['sex'].tolist() == ['F', 'M']
    assert table['age'].tolist() == ['27', '61']
    assert table['findings'].tolist() == ['normal', 'Cavity in the apex.']
    masks = {
        name: cv2.imread(str(out / 'masks' / table[f'mask_{name}'][1]), -1)
        for name in ('left_lung', 'right_lung', 'lungs')
    }
    assert masks['left_lung'][:, 15:21].sum() == masks['left_lung'].sum() == 20 * 6
    assert masks['right_lung'][:, 2:8].sum() == masks['right_lung'].sum() == 20 * 6
    assert np.array_equal(masks['lungs'], masks['left_lung'] | masks['right_lung'])
    assert found.refused() == ['count']
    assert len(Montgomery(out)) == len(MontgomeryLungSeg(out)) == 2


def test_montgomery_faults(montgomery):
    stem = 'MCUCXR_0104_1'
    (montgomery / f'ManualMask/leftMask/{stem}.png').unlink()
    (montgomery / 'CXR_png/MCUCXR_0001_0.png').rename(montgomery / 'CXR_png/x.png')
    listing, tally = list_source(MONTGOMERY, montgomery)
    assert tally.names('missing: masks of a lung or both') == [stem]
    assert sorted(tally.names('missing: films of masks')) == [
        'leftMask/MCUCXR_0001_0',
        'rightMask/MCUCXR_0001_0',
    ]
    assert tally.names('missing: films of readings') == ['MCUCXR_0001_0']
    assert set(listing.films[0].masks) == {'mask_right_lung'}
    assert len(list(listing.found)) == 2  # x.png is none that is known


def test_shenzhen(tmp_path):
    root = tmp_path / 'ChinaSet_AllFiles'
    readings = {
        'CHNCXR_0001_0': 'male 45yrs\nnormal\n',
        'CHNCXR_0327_1': 'Female, 6 months\r\n1.bilateral PTB\r\n2.right pleuritis',
        'CHNCXR_0328_1': 'normal',
    }
    for stem, text in readings.items():
        write_image(root / f'CXR_png/{stem}.png')
        write_text(root / f'ClinicalReadings/{stem}.txt', text)
    write_mask(tmp_path / 'mask/mask/CHNCXR_0327_1_mask.png', 5, (48, 48))
    write_image(root / 'CXR_png/CHNCXR_0400.png')
    found = convert(SHENZHEN, tmp_path, tmp_path / 'out')
    table = read_table(tmp_path / 'out', check_files=-1)
    assert table['Tuberculosis'].tolist() == [0, 1, 1]
    assert table['sex'].tolist() == ['M', 'F', '']
    assert table['age'].tolist() == ['45', '0.5', '']
    assert table['findings'][1] == '1.bilateral PTB 2.right pleuritis'
    assert (table['mask_lungs'] != '').tolist() == [False, True, False]
    assert set(table['view']) == {'PA'}
    assert found.tally.names('readings that contradict the name of their film') == [
        'CHNCXR_0328_1: normal'
    ]
    assert found.tally.names('extra: film files that nothing lists') == [
        'ChinaSet_AllFiles/CXR_png/CHNCXR_0400.png'
    ]
    assert found.refused() == ['extra', 'count']
    assert len(Shenzhen(tmp_path / 'out')) == 3


@pytest.mark.parametrize(
    ('line', 'sex', 'age'),
    [
        ('male 45yrs', 'M', '45'),
        ('Female29 yrs', 'F', '29'),
        ('male, 36-years', 'M', '36'),
        ('F 2 days', 'F', '0.01'),
        ('male', 'M', ''),
    ],
)
def test_first_lines(line, sex, age):
    cells = parse_reading(f'{line}\nPTB in the right upper field\n')
    assert cells == dict(sex=sex, age=age, findings='PTB in the right upper field')
