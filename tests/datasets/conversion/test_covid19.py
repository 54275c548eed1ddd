import csv
import runpy
import sys

import cv2
import numpy as np
import pytest

from mmcxr.datasets.conversion.covid19 import convert_covid19, finding_labels
from mmcxr.datasets.covid19 import COVID19, COVID19LungSeg, COVID19Pairs
from mmcxr.datasets.splits import overlap, read_split
from mmcxr.datasets.table import TableError, find_table, read_table

HEADER = ['image', 'patient_id', 'offset_days', 'sex', 'age', 'view', 'finding']
HEADER += ['survival', 'lung_mask', 'clinical_notes', 'license']
ROWS = [
    [
        'a.png',
        '2',
        '0',
        'M',
        '54.0',
        'AP Supine',
        'COVID-19',
        'Y',
        'a.png',
        'Hazy.',
        'CC',
    ],
    ['b.png', '2', '0', 'M', '54', 'PA', 'COVID-19, ARDS', '', '', 'Hazy.', ''],
    ['c.png', '2', '0', 'M', '', 'Decubitus', 'todo', '', 'small.png', 'Clear.', ''],
    ['d.png', '0003', '', '?', '', 'L', 'No Finding', '', 'gone.png', '', ''],
    ['ct.png', '4', '1', '', '', 'Axial', 'COVID-19', '', '', '', ''],
    ['gone.png', '4', '1', '', '', 'PA', 'COVID-19', '', '', '', ''],
    ['text.png', '4', '1', '', '', 'PA', 'COVID-19', '', '', '', ''],
    ['b.png', '9', '0', 'M', '54', 'PA', 'COVID-19, ARDS', '', '', 'Hazy.', ''],
    ['e.png', '9', '5', 'F', '7', 'PA', 'Dragon fever', '', '', '', ''],
]


def write_source(root, rows=ROWS, header=HEADER):
    (root / 'images').mkdir(parents=True)
    (root / 'lung_masks').mkdir()
    with (root / 'metadata.csv').open('w', newline='') as file:
        csv.writer(file).writerows([header, *rows])
    for name, size in dict(a=8, b=8, c=8, d=8, e=8, ct=8).items():
        film = np.random.default_rng(size).integers(0, 256, (size, 9), np.uint8)
        cv2.imwrite(str(root / f'images/{name}.png'), film)
    (root / 'images/text.png').write_text('no image')
    for name, size in dict(a=8, small=4).items():
        cv2.imwrite(str(root / f'lung_masks/{name}.png'), np.ones((size, 9), np.uint8))
    return root


def test_small_copy(tmp_path):
    tally = convert_covid19(write_source(tmp_path / 'source'), tmp_path / 'out')
    table = read_table(tmp_path / 'out', check_files=-1).set_index('image')
    assert list(table.index) == ['a.png', 'b.png', 'c.png', 'd.png', 'e.png']
    assert table['view'].tolist() == ['AP', 'PA', '', 'LATERAL', 'PA']
    assert table['age'].tolist() == ['54', '54', '', '', '7']
    assert table['sex'].tolist() == ['M', 'M', 'M', '', 'F']
    # One note makes one study; d has no day; b is listed for 2 and 9: one patient.
    assert table['study_id'].tolist() == ['2_0', '2_0', '2_0_2', 'd.png', '2_5']
    assert table['patient_id'].tolist() == ['2', '2', '2', '0003', '2']
    assert table['mask_lungs'].tolist() == ['a.png', '', '', '', '']
    assert table.loc['a.png', 'extra_license'] == 'CC'
    assert tally.lines() == [
        '1 rows left out, image listed before: b.png',
        '5 images written: a.png, b.png, c.png, d.png, e.png',
        '1 masks of another size than the film: small.png',
        '1 views not understood: c.png (Decubitus)',
        '2 findings that give no label: c.png (todo), e.png (Dragon fever)',
        '1 masks missing or unreadable: gone.png',
        '1 left out, not radiographs: ct.png',
        '1 left out, file missing: gone.png',
        '1 left out, not an image: text.png',
    ]


@pytest.mark.parametrize('link', [False, True])
def test_again_changes_nothing(tmp_path, link):
    source, out = write_source(tmp_path / 'source'), tmp_path / 'out'
    stamps = []
    for _ in range(2):
        convert_covid19(source, out, link)
        files = [path for path in sorted(out.rglob('*')) if not path.is_dir()]
        stamps.append(
            [(path, path.lstat().st_mtime_ns, path.lstat().st_ino) for path in files]
        )
    assert stamps[0] == stamps[1] and len(files) == 5 + 1 + 2
    assert (out / 'images/a.png').is_symlink() is link
    assert not list(out.rglob('*.part'))


def test_a_changed_film_is_copied_again(tmp_path):
    source, out = write_source(tmp_path / 'source'), tmp_path / 'out'
    convert_covid19(source, out)
    cv2.imwrite(str(source / 'images/a.png'), np.zeros((8, 9), np.uint8))
    convert_covid19(source, out)
    assert (out / 'images/a.png').read_bytes() == (source / 'images/a.png').read_bytes()


def test_layout_of_the_authors(tmp_path):
    header = ['patientid', 'offset', 'sex', 'age', 'finding', 'RT_PCR_positive']
    header += ['survival', 'view', 'modality', 'folder', 'filename', 'license']
    header += ['clinical_notes', 'other_notes']
    rows = [
        ['2', '0', 'M', '65', 'Pneumonia/Viral/COVID-19', 'Y', 'Y', 'PA', 'X-ray']
        + ['images', 'a.png', 'CC', 'Hazy.', ''],
        ['3', '', 'F', '', 'Tuberculosis', '', '', 'Coronal', 'CT']
        + ['volumes', 'x.nii.gz', '', '', ''],
        ['3', '', 'F', '', 'Tuberculosis', '', '', 'PA', 'CT']
        + ['images', 'b.png', '', '', ''],
    ]
    source = write_source(tmp_path / 'source', rows, header)
    masks = source / 'annotations/lungVAE-masks'
    masks.mkdir(parents=True)
    cv2.imwrite(str(masks / 'a_mask.png'), np.full((8, 9), 255, np.uint8))
    tally = convert_covid19(source, tmp_path / 'out')
    table = read_table(tmp_path / 'out', check_files=-1)
    assert table['image'].tolist() == ['a.png']
    assert table['mask_lungs'].tolist() == ['a_mask.png']
    assert tally.count('left out, not radiographs') == 2


@pytest.mark.parametrize(
    ('finding', 'positive'),
    [
        ('COVID-19', {'COVID-19', 'Viral Pneumonia', 'Pneumonia'}),
        ('Pneumonia/Viral/COVID-19', {'COVID-19', 'Viral Pneumonia', 'Pneumonia'}),
        ('COVID-19, ARDS', {'COVID-19', 'Viral Pneumonia', 'Pneumonia', 'ARDS'}),
        ('ARDS', {'ARDS'}),
        ('E.Coli', {'Bacterial Pneumonia', 'Pneumonia'}),
        ('Mycoplasma Bacterial Pneumonia', {'Bacterial Pneumonia', 'Pneumonia'}),
        ('Pneumonia/Fungal/Pneumocystis', {'Fungal Pneumonia', 'Pneumonia'}),
        ('Pneumonia/Aspiration', {'Pneumonia'}),
        ('Lipoid', {'Pneumonia'}),
        ('Tuberculosis', {'Tuberculosis'}),
        ('No Finding', {'No Finding'}),
    ],
)
def test_findings(finding, positive):
    labels = finding_labels(finding)
    assert {name for name, label in labels.items() if label} == positive
    assert set(labels.values()) == {0, 1}


@pytest.mark.parametrize('finding', ['todo', 'Unknown', '', 'Pneumonia/Dragon', ' / '])
def test_findings_that_tell_nothing(finding):
    assert finding_labels(finding) is None


def test_nothing_to_convert(tmp_path):
    with pytest.raises(TableError, match='metadata.csv: no such file'):
        convert_covid19(tmp_path, tmp_path / 'out')
    source = write_source(tmp_path / 'source', ROWS[4:7])
    with pytest.raises(ValueError, match='no image of the source can be used'):
        convert_covid19(source, tmp_path / 'out')
    assert not (tmp_path / 'out').exists()
    source = write_source(tmp_path / 'other', header=['img', *HEADER[1:]])
    with pytest.raises(TableError, match="no column 'image' .did you mean 'img'"):
        convert_covid19(source, tmp_path / 'out')


def test_nothing_is_copied_out_of_the_folder(tmp_path):
    source = write_source(tmp_path / 'source', [['../a.png', *ROWS[0][1:]]])
    (source / 'images/a.png').rename(source / 'a.png')
    with pytest.raises(TableError, match="row 1 .*'../a.png' is not a path under"):
        convert_covid19(source, tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_a_table_that_would_not_read_is_not_written(tmp_path):
    rows = [['a.png', '2', '0', 'M', 'old', *ROWS[0][5:]]]
    with pytest.raises(TableError, match="out/table.csv: .*'age': 'old' is no age"):
        convert_covid19(write_source(tmp_path / 'source', rows), tmp_path / 'out')
    with pytest.raises(TableError, match='holds none of'):
        find_table(tmp_path / 'out')


def test_real_films(shared_dir, tmp_path):
    """The whole collection: pairs, labels, masks and a split by patients."""
    tally = convert_covid19(shared_dir / 'data/covid_cxr', tmp_path, link=True)
    assert tally.count('images written') == 262
    assert tally.count('rows left out, image listed before') == 4
    table = read_table(tmp_path, check_files=-1)
    assert (table['findings'] != '').sum() == 183
    scheme = read_split(tmp_path, 'clean', table)
    assert sum(map(len, scheme.rows.values())) == 262 and not scheme.unlisted
    assert all(len(rows) > 10 for rows in scheme.rows.values())
    assert set(overlap(table, scheme)) == {'val', 'test'}
    assert all(not n['patients'] for n in overlap(table, scheme).values())
    pairs = COVID19Pairs(tmp_path, texts='report')
    assert sum(len(pairs.get_data_info(i)['views']) for i in range(len(pairs))) == 183
    assert len(COVID19(tmp_path)) == 262 - 23
    steps = [dict(type='LoadFilm'), dict(type='LoadFilmMask')]
    lungs = COVID19LungSeg(tmp_path, pipeline=steps)
    assert len(lungs) == 111
    for index in (0, 50, 110):
        assert 0.05 < lungs[index]['gt_seg_map'].mean() < 0.9


def test_command(tmp_path, repo_dir, monkeypatch, capsys):
    def run(*argv):
        tool = str(repo_dir / 'tools/dataset_converters/covid19.py')
        monkeypatch.setattr(sys, 'argv', [tool, *map(str, argv)])
        runpy.run_path(tool, run_name='__main__')

    source = write_source(tmp_path / 'source')
    run(source, '--out', tmp_path / 'out')
    assert '5 images written: a.png' in capsys.readouterr().out
    with pytest.raises(SystemExit, match='2'):
        run(tmp_path, '--out', tmp_path / 'x')
    error = capsys.readouterr().err
    assert error.startswith('covid19.py: ') and error.count('\n') == 1
