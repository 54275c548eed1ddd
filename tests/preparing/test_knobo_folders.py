"""COVID-QU and Kermany's pneumonia, as Kaggle packs them and as KnoBo lays them out.

Layouts: https://www.kaggle.com/datasets/tawsifurrahman/covid19-radiography-database,
https://www.kaggle.com/datasets/paultimothymooney/chest-xray-pneumonia; paths of KnoBo
as in its split files, github.com/YueYANG1996/KnoBo (``data/datasets``).
"""

import pickle
import zipfile

import cv2
import numpy as np
import pytest
from downloads import list_source, write_image, write_text

from mmcxr.datasets.public.covid_qu import COVID_QU_CLASSES, COVIDQU, COVIDQULungSeg
from mmcxr.datasets.public.kermany import KermanyPneumonia
from mmcxr.datasets.tables.splits import read_split
from mmcxr.datasets.tables.table import TableError, read_table
from mmcxr.preparing.convert import convert
from mmcxr.preparing.readers.covid_qu import CONVERTER as COVID_QU
from mmcxr.preparing.readers.kermany import CONVERTER as KERMANY

FOLDERS = ('COVID', 'Lung_Opacity', 'Normal', 'Viral Pneumonia')


@pytest.fixture
def covid_qu(tmp_path):
    root = tmp_path / 'COVID-19_Radiography_Dataset'
    mask = np.zeros((48, 48, 3), np.uint8)
    mask[8:40, 6:20] = 255
    for folder in FOLDERS:
        write_text(root / f'{folder}.metadata.xlsx', '')
        for number in (1, 2):
            stem = f'{folder}-{number}'
            write_image(root / folder / f'images/{stem}.png', (60, 60))
            path = root / folder / f'masks/{stem}.png'
            path.parent.mkdir(exist_ok=True)
            cv2.imwrite(str(path), mask)
    return root


def test_covid_qu(covid_qu, tmp_path):
    out = tmp_path / 'out'
    found = convert(COVID_QU, covid_qu, out)
    table = read_table(out, check_files=-1)
    assert table['image'].tolist()[:3] == ['COVID-1.png', 'COVID-2.png'] + [
        'Lung_Opacity-1.png'
    ]
    labels = table[list(COVID_QU_CLASSES)].to_numpy()
    assert np.array_equal(labels, np.repeat(np.eye(4), 2, axis=0))
    mask = cv2.imread(str(out / 'masks' / table['mask_lungs'][0]), -1)
    expected = np.zeros((60, 60), np.uint8)
    expected[10:50, 8:25] = 1  # from 48 px, a quarter more
    assert mask.shape == (60, 60) and (mask != expected).sum() <= 2 * 40
    assert found.refused() == ['count']
    assert len(COVIDQU(out)) == len(COVIDQULungSeg(out)) == 8


def test_covid_qu_in_one_folder(covid_qu, tmp_path):
    for path in sorted(covid_qu.rglob('images/*.png')):
        target = tmp_path / 'COVID-QU/images' / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)
    write_image(tmp_path / 'COVID-QU/images/SARS-1.png')
    listing, tally = list_source(COVID_QU, tmp_path / 'COVID-QU')
    assert len(listing.films) == 8 and not tally.faults()
    assert not any(film.masks for film in listing.films)
    assert [member.stem for member in listing.found if 'SARS' in member.name]
    with pytest.raises(TableError, match='holds no images/COVID-1.png'):
        list_source(COVID_QU, covid_qu)


def test_covid_qu_masks(covid_qu, tmp_path):
    (covid_qu / 'COVID/masks/COVID-1.png').unlink()
    (covid_qu / 'Normal/images/Normal-2.png').unlink()
    write_image(covid_qu / 'COVID/images/COVID-2.png', (60, 40))
    tally = convert(COVID_QU, covid_qu, tmp_path / 'out').tally
    assert tally.names('missing: masks of films') == ['COVID-1']
    assert tally.names('missing: films of masks') == ['Normal-2']
    (fault,) = tally.names('invalid: masks; left out')
    assert fault.endswith('COVID-2.png: the mask is 48x48 but its film is 60x40')


PATHS = [
    'test/NORMAL/IM-0001-0001.jpeg',
    'test/PNEUMONIA/person112_bacteria_538.jpeg',
    'train/NORMAL/NORMAL2-IM-0927-0001.jpeg',
    'train/PNEUMONIA/person112_virus_306.jpeg',
    'train/PNEUMONIA/person1_bacteria_1.jpeg',
    'val/PNEUMONIA/person1946_bacteria_4874.jpeg',
]


@pytest.fixture
def kermany(tmp_path):
    root = tmp_path / 'chest_xray'
    for path in PATHS:
        write_image(root / path)
    return root


def test_kermany(kermany, tmp_path):
    found = convert(KERMANY, kermany, tmp_path / 'out')
    table = read_table(tmp_path / 'out', check_files=-1)
    assert table['image'].tolist() == PATHS
    assert table['Pneumonia'].tolist() == [0, 1, 0, 1, 1, 1]
    assert table['patient_id'].tolist()[:4] == [
        'IM-0001',
        'person112',
        'NORMAL2-IM-0927',
        'person112',
    ]
    causes = ['', 'bacteria', '', 'virus', 'bacteria', 'bacteria']
    assert table['extra_cause'].tolist() == causes
    scheme = read_split(tmp_path / 'out', 'official', table)
    assert scheme.of('train').tolist() == [2, 3, 4]
    assert scheme.of('val').tolist() == [5]
    assert found.refused() == ['count']
    assert len(KermanyPneumonia(tmp_path / 'out', 'official', 'test')) == 2


def test_kermany_as_kaggle_packs_it(kermany, tmp_path):
    """The archive holds all films twice, and what a file manager left."""
    convert(KERMANY, kermany, tmp_path / 'plain')
    with zipfile.ZipFile(tmp_path / 'archive.zip', 'w') as archive:
        for path in PATHS:
            for top in ('chest_xray', 'chest_xray/chest_xray'):
                archive.write(kermany / path, f'{top}/{path}')
            archive.writestr(f'chest_xray/__MACOSX/chest_xray/{path}'[:-5] + '.x', '')
    convert(KERMANY, tmp_path / 'archive.zip', tmp_path / 'packed')
    table = (tmp_path / 'plain/table.csv').read_bytes()
    assert table == (tmp_path / 'packed/table.csv').read_bytes()


def test_kermany_names(kermany):
    write_image(kermany / 'train/NORMAL/person7_virus_1.jpeg')
    write_image(kermany / 'train/NORMAL/other.jpeg')
    write_image(kermany / 'train/unsorted/IM-0009-0001.jpeg')
    listing, tally = list_source(KERMANY, kermany)
    kind = 'names that tell no patient, or another class than the folder'
    names = ['train/NORMAL/other.jpeg', 'train/NORMAL/person7_virus_1.jpeg']
    assert tally.names(kind) == names
    assert len(listing.films) == len(listing.found) - 1
    with pytest.raises(TableError, match='holds no train/NORMAL'):
        list_source(KERMANY, kermany / 'train/NORMAL')


def test_the_names_in_knobos_lists(shared_dir):
    """Every film of the lists is one that the converter understands."""
    from mmcxr.preparing.readers.covid_qu import _FILM
    from mmcxr.preparing.readers.kermany import _NORMAL, _PATH, _PERSON

    counts = {}
    for name in ('COVID-QU', 'pneumonia'):
        for split in ('train', 'val', 'test'):
            path = shared_dir / f'data/knobo/splits/{name}/class2images_{split}.p'
            lists = pickle.loads(path.read_bytes())
            counts[name, split] = sum(map(len, lists.values()))
            for label, images in lists.items():
                for image in images:
                    stem = image.rpartition('/')[2].rpartition('.')[0]
                    if name == 'COVID-QU':
                        match = _FILM.fullmatch(stem)
                        assert match['name'].replace('_', ' ') == label
                    else:
                        match = _PATH.fullmatch('/'.join(image.split('/')[-3:]))
                        assert (match['split'], match['label']) == (split, label)
                        assert (_PERSON if label == 'PNEUMONIA' else _NORMAL).match(
                            stem
                        )
    official = KERMANY.reported[1].splits['official']
    assert {split: counts['pneumonia', split] for split in official} == dict(official)
