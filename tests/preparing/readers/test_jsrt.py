"""JSRT and SCR.

Layout: http://db.jsrt.or.jp/eng.php (matrix, depth, byte order, what the tables tell);
order and separators of their columns as github.com/harishanand95/jsrt-parser reads
them; folders of https://www.isi.uu.nl/Research/Databases/SCR/.
"""

import shutil
from dataclasses import replace

import cv2
import numpy as np
import pytest
from downloads import list_source, write_text
from PIL import Image

from mmcxr.datasets.films.grey import UnreadableFilm
from mmcxr.datasets.public.jsrt import JSRT, JSRT_STRUCTURES, JSRTLungSeg
from mmcxr.datasets.tables.splits import read_split
from mmcxr.datasets.tables.table import TableError, label_columns, read_table
from mmcxr.preparing.convert import convert
from mmcxr.preparing.placing import Options
from mmcxr.preparing.readers.jsrt import CONVERTER, decode_densities

NODULES = (
    'JPCLN001.IMG\t5\t35\t53\tmale\t1000\t700\tmalignant\tl.upper lobe\tcancer\t\r\n'
    'JPCLN002.IMG\t1\t?\t?\tfemale\t300\t400\tbenign\tr.lower lobe\thematoma'
    'JPCLN003.IMG\t2\t14\t60\tfemale\t1500\t900\tbenign\tl.hilum\ttuberculoma\n'
)
CLEAR = 'JPCNN001.IMG 54  female non-nodule\nJPCNN002.IMG ?  male non-nodule\n'
STEMS = ['JPCLN001', 'JPCLN002', 'JPCLN003', 'JPCNN001', 'JPCNN002']
BLOCKS = dict(zip(JSRT_STRUCTURES, (600, 200, 480, 700, 100), strict=True))


def draw_densities(number):
    """Dark left to bright right on the film: densities fall; one is above 12 bits."""
    densities = np.tile(np.linspace(4000, 40, 2048), (2048, 1)).astype('>u2')
    densities[:number] = 9
    densities[0, 0] = 5000
    return densities


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    root = tmp_path_factory.mktemp('jsrt')
    write_text(root / 'Clinical_Information/CLNDAT_EN.txt', NODULES)
    write_text(root / 'Clinical_Information/CNNDAT_EN.TXT', CLEAR)
    for number, stem in enumerate(STEMS, start=1):
        folder = 'Nodule154images' if 'CLN' in stem else 'NonNodule93images'
        path = root / folder / f'{stem}.IMG'
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(draw_densities(number).tobytes())
        for name, left in BLOCKS.items():
            mask = np.zeros((1024, 1024), np.uint8)
            mask[300:500, left : left + 60] = 255
            path = root / f'scratch/fold{2 - number % 2}/masks/{name}/{stem}.gif'
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(mask).save(path)
    return root


@pytest.fixture
def source(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / 'jsrt')


def test_table(source, tmp_path):
    out = tmp_path / 'out'
    masks = {name: 5 for name in CONVERTER.reported[1].masks}
    labels = dict(zip(('Nodule', 'Malignant nodule'), ((3, 2), (1, 4)), strict=True))
    toy = (
        replace(
            CONVERTER.reported[0],
            images=5,
            positive={name: number[0] for name, number in labels.items()},
            negative={name: number[1] for name, number in labels.items()},
        ),
        replace(CONVERTER.reported[1], masks=masks),
    )
    found = convert(
        replace(CONVERTER, reported=toy), source, out, Options(size=256, link=True)
    )
    assert found.refused() == []
    table = read_table(out, check_files=-1)
    assert table['image'].tolist() == [f'{stem}.png' for stem in STEMS]
    assert label_columns(table) == ['Nodule', 'Malignant nodule']
    assert table['Malignant nodule'].tolist() == [1, 0, 0, 0, 0]
    assert table['sex'].tolist() == ['M', 'F', 'F', 'F', 'M']
    assert table['age'].tolist() == ['53', '', '60', '54', '']
    assert table['extra_nodule'].tolist()[1:3] == [
        'r.lower lobe hematoma',
        'l.hilum tuberculoma',
    ]
    # 35 mm are 200 pixels of 2,048, 25 of 256.
    assert table['boxes'][0] == [[112.56, 75.06, 25, 25, 'Nodule']]
    assert [len(boxes) for boxes in table['boxes']] == [1, 0, 1, 0, 0]
    assert found.tally.names('nodules of unknown size, without a box') == ['JPCLN002']
    scheme = read_split(out, 'scr', table)
    assert scheme.of('fold1').tolist() == [0, 2, 4]
    assert scheme.of('fold2').tolist() == [1, 3]
    lungs = cv2.imread(str(out / 'masks' / table['mask_lungs'][0]), -1)
    expected = np.zeros((256, 256), np.uint8)
    expected[75:125, 50:65] = expected[75:125, 150:165] = 1
    assert np.array_equal(lungs, expected)
    assert len(JSRT(out)) == len(JSRTLungSeg(out)) == 5


def test_films_are_turned_round_and_keep_their_depth(source, tmp_path):
    """4,095 - density, to the last bit; never a link to the raw file."""
    shutil.rmtree(source / 'scratch')
    out = tmp_path / 'out'
    found = convert(CONVERTER, source, out, Options(link=True), limit=1)
    path = out / 'images/JPCLN001.png'
    assert not path.is_symlink()
    film = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    densities = draw_densities(1).astype(int)
    assert film.dtype == np.uint16 and film[0, 0] == 0
    assert np.array_equal(film, 4095 - np.minimum(densities, 4095))
    assert (np.diff(film[9].astype(int)) >= 0).all() and film[9, -1] > film[9, 0]
    assert not any(count.name.endswith('masks') for count in found.counts)
    path.unlink()
    convert(CONVERTER, source, out, Options(link=True), limit=1)  # made anew
    assert path.is_file()


def test_a_film_of_another_length():
    with pytest.raises(UnreadableFilm, match='x.IMG: has 10 bytes, not the 8,388,608'):
        decode_densities(bytes(10), 'x.IMG')


def test_what_does_not_fit_is_named(source):
    path = source / 'Clinical_Information/CLNDAT_EN.txt'
    write_text(path, NODULES.replace('\t5\t35', '\t6\t35').replace('benign', 'grey', 1))
    (source / 'scratch/fold1/masks/heart/JPCLN003.gif').unlink()
    (source / 'NonNodule93images/JPCNN001.IMG').rename(source / 'JPCNN009.IMG')
    listing, tally = list_source(CONVERTER, source)
    kind = 'invalid: records that are not understood'
    name = 'Clinical_Information/CLNDAT_EN.txt: record'
    assert [text[: len(name) + 3] for text in tally.names(kind)] == [
        f'{name} 1:',
        f'{name} 2:',
    ]
    assert tally.names('missing: outlines of films') == ['JPCLN003']
    gone = tally.names('missing: films of outlines')
    assert len(gone) == 2 * len(JSRT_STRUCTURES) and 'heart/JPCLN002' in gone
    assert [film.file is not None for film in listing.films] == [True, False, True]


def test_damage_is_named(source, tmp_path):
    shutil.rmtree(source / 'scratch/fold2')
    for stem, size in (('JPCLN001', 100), ('JPCLN003', 0)):
        path = source / f'Nodule154images/{stem}.IMG'
        path.write_bytes(path.read_bytes()[:size])
    (source / 'scratch/fold1/masks/heart/JPCNN002.gif').write_bytes(b'GIF89a')
    found = convert(CONVERTER, source, tmp_path / 'out', Options(size=64))
    faults = found.tally.faults()
    cut = faults['unreadable']['unreadable: films; left out']
    assert ['has 100 bytes' in cut[0], 'has 0 bytes' in cut[1]] == [True, True]
    (mask,) = faults['invalid']['invalid: masks; left out']
    assert 'heart/JPCNN002.gif' in mask
    table = read_table(tmp_path / 'out', check_files=-1)
    assert table['image'].tolist() == [f'{STEMS[n]}.png' for n in (1, 3, 4)]


def test_no_table(source):
    (source / 'Clinical_Information/CNNDAT_EN.TXT').unlink()
    with pytest.raises(
        TableError, match=r"holds no 'CNNDAT_EN.txt' or 'CNNDAT_EN.TXT'"
    ):
        list_source(CONVERTER, source)
