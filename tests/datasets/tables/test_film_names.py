import pytest

from mmcxr.datasets.tables.film_names import parse_film_name, without_suffix

KNOWN = {
    'chestx-ray14 00001906_004 00001906': (
        '00001906_004.png',
        'NIH-CXR/images_002/images/00001906_004.png',
        '00001906_004',
    ),
    'chexpert patient64541_study1_view1_frontal patient64541': (
        'CheXpert-v1.0-small/valid/patient64541/study1/view1_frontal.jpg',
        'CheXpert-v1.0/valid/patient64541/study1/view1_frontal.png',
        'patient64541_study1_view1_frontal.jpg',
    ),
    'mimic-cxr 02aa804e-bde0afdd-112c0b34-7bc16630-4e384014 p10000032': (
        'files/p10/p10000032/s50414267/02aa804e-bde0afdd-112c0b34-7bc16630-4e384014.jpg',
    ),
    'mimic-cxr s50331901 p10032725': ('./data//files/p10/p10032725/s50331901',),
    'mimic-cxr 02aa804e-bde0afdd-112c0b34-7bc16630-4e384014 ': (
        '02aa804e-bde0afdd-112c0b34-7bc16630-4e384014',
    ),
    'openi 1_IM-0001-3001 1': (
        'CXR1_1_IM-0001-3001.png',
        'open-i/images/1_IM-0001-3001.dcm.png',
    ),
    'openi 10_IM-0002-1001 10': ('CXR10_IM-0002-1001', '10_IM-0002-1001.dcm.png'),
    'bimcv sub-S311516_ses-E26197_run-1_bp-chest_vp-ap_dx sub-S311516': (
        'train/sub-S311516_ses-E26197_run-1_bp-chest_vp-ap_dx-corrected.png',
        'sub-S311516_ses-E26197_run-1_bp-chest_vp-ap_dx.png',
    ),
    'ricord MIDRC-RICORD-1C-419639-001464-39871-0 419639-001464': (
        'test/MIDRC-RICORD-1C-419639-001464-39871-0.png',
    ),
    'stony-brook A204200-01-29-1901-NA-CHEST_AP_VIEWONLY-90574-4 A204200': (
        'train/A204200-01-29-1901-NA-CHEST_AP_VIEWONLY-90574-4.png',
    ),
    'rsna 2d29c5d7-cd1e-4fb7-896b-c55b69ca6c96 ': (
        'stage_2_test_images/2d29c5d7-cd1e-4fb7-896b-c55b69ca6c96.dcm',
    ),
    'siim 1.2.276.0.7230010.3.1.4.8323329.12829.1517875242.57475 ': (
        '1.2.276.0.7230010.3.1.4.8323329.12829.1517875242.57475',
        'a/1.2.276.0.7230010.3.1.4.8323329.12829.1517875242.57475.dcm',
    ),
}


@pytest.mark.parametrize('expected', KNOWN)
def test_known_names(expected):
    for name in KNOWN[expected]:
        film = parse_film_name(name)
        assert f'{film.source} {film.film} {film.patient}' == expected, name


@pytest.mark.parametrize(
    'name', ['IM-0031-0001.jpeg', 'a.png', '00001', 'gr1_lrg-a.jpg', '1234567_001.png']
)
def test_unknown_names(name):
    assert parse_film_name(name) is None


def test_suffixes():
    names = ['a/1.dcm.png', 'a.b.JPEG', '1.2.276.0', 'x.pdf-001-a.png', 'x.nii.gz']
    assert [without_suffix(name) for name in names] == [
        'a/1',
        'a.b',
        '1.2.276.0',
        'x.pdf-001-a',
        'x',
    ]
