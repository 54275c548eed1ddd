"""MRM's training.csv to our table and back."""

import subprocess
import sys

import pandas as pd
import pytest

from mmcxr.datasets.public.mimic_cxr import MIMICCXR
from mmcxr.datasets.tables.splits import read_split
from mmcxr.datasets.tables.table import TableError, label_columns, read_table
from mmcxr.preparing.command import main
from mmcxr.preparing.lists.mrm_csv import convert_mrm_csv, write_mrm_csv

HEADER = 'image_path,report_content'
REPORT = 'FINAL REPORT INDICATION: ___F with cough. FINDINGS: Clear, no "mass". '
REPORT += 'IMPRESSION: Normal.'


def dicom(number):
    return '-'.join(f'{number:08x}' for _ in range(5))


def path(patient, study, number):
    folder = f'mimic_512/files/p10/p{10000000 + patient}/s{50000000 + study}'
    return f'{folder}/{dicom(number)}-512.jpg'


def quoted(text):
    return '"' + text.replace('"', '""') + '"'


def write(folder, lines, films=()):
    csv = folder / 'training.csv'
    csv.write_text('\n'.join(lines) + '\n')
    for film in films:
        (folder / film).parent.mkdir(parents=True, exist_ok=True)
        (folder / film).touch()
    return csv


@pytest.fixture
def fifty(tmp_path):
    """50 rows: 25 studies of two films, of 10 patients; two reports and films lack."""
    words = 'FINAL REPORT FINDINGS: Film {0}. IMPRESSION: {0}'
    texts = [words.format(n // 2) for n in range(50)]
    paths = [path(n // 2 % 10, n // 2, n) for n in range(50)]
    texts[6] = texts[7] = 'nan'
    lines = [HEADER, *(f'{p},{quoted(t)}' for p, t in zip(paths, texts, strict=True))]
    csv = write(tmp_path, lines, [p for p in paths if p not in (paths[10], paths[41])])
    return csv, paths, texts


def test_fifty_rows(fifty, tmp_path):
    csv, paths, texts = fifty
    tally = convert_mrm_csv(csv, tmp_path, tmp_path / 'out')
    assert tally.count('images written') == 48
    assert tally.count('left out, file missing') == 2
    assert f'2 rows without a report: {paths[6]}, {paths[7]}' in tally.lines()
    table = read_table(tmp_path / 'out', check_files=-1)
    kept = [n for n in range(50) if n not in (10, 41)]
    assert table['image'].tolist() == [paths[n] for n in kept]
    assert table['patient_id'].tolist() == [f'p{10000000 + n // 2 % 10}' for n in kept]
    assert table['study_id'].tolist() == [f's{50000000 + n // 2}' for n in kept]
    assert table['extra_dicom_id'].tolist() == [dicom(n) for n in kept]
    expected = ['' if n in (6, 7) else texts[n] for n in kept]
    assert table['report'].tolist() == expected and label_columns(table) == []
    assert table['findings'][0] == 'Film 0.' and table['impression'][0] == '0'
    scheme = read_split(tmp_path / 'out', 'mrm', table)
    assert len(scheme.of('train')) == 48 and list(scheme.rows) == ['train']
    dataset = MIMICCXR(tmp_path / 'out', 'mrm', 'train', texts='whole', level='image')
    assert len(dataset) == 46 and dataset.metainfo['left_out'] == {'no report': 2}
    assert dataset.get_data_info(0)['texts'] == [texts[0]]
    # The same table serves methods that read sections.
    sections = MIMICCXR(tmp_path / 'out', 'mrm', 'train').get_data_info(0)['sections']
    assert sections == dict(findings='Film 0.', impression='0')
    # Run again, nothing changes.
    before = (tmp_path / 'out/table.csv').stat().st_mtime_ns
    convert_mrm_csv(csv, tmp_path, tmp_path / 'out')
    assert (tmp_path / 'out/table.csv').stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ('header', 'line'),
    [
        ('image_path,report_content', '{},{}'),
        ('image_path, report_content', '{}, {}'),
        ('image_path, report_content', '{},{}'),
        ('report_content, image_path, more', '{1}, {0}, 7'),
        ('\ufeffimage_path,report_content', '{},{}\r'),
    ],
)
def test_blanks_after_the_comma(tmp_path, header, line):
    row = line.format(path(1, 1, 1), quoted(REPORT))
    csv = write(tmp_path, [header, row], [path(1, 1, 1)])
    convert_mrm_csv(csv, tmp_path, tmp_path / 'out')
    table = read_table(tmp_path / 'out')
    assert table['report'].tolist() == [REPORT]
    assert table['findings'].tolist() == ['Clear, no "mass".']


def test_reports_come_on_one_line(tmp_path):
    text = 'FINAL  REPORT\n FINDINGS:\n\tClear.\n'
    csv = write(tmp_path, [HEADER, f'{path(1, 1, 1)},{quoted(text)}'], [path(1, 1, 1)])
    convert_mrm_csv(csv, tmp_path, tmp_path / 'out')
    table = read_table(tmp_path / 'out')
    assert table['report'].tolist() == ['FINAL REPORT FINDINGS: Clear.']


def test_leading_folders_and_a_first_film_that_is_missing(tmp_path):
    paths = [path(1, 1, 1), path(1, 1, 2), path(2, 2, 3)]
    csv = write(tmp_path, [HEADER, *(f'/data/{p},x' for p in paths)], paths[1:])
    tally = convert_mrm_csv(csv, tmp_path / 'mimic_512/files', tmp_path / 'out')
    assert tally.count('images written') == 2
    assert f'1 left out, file missing: /data/{paths[0]}' in tally.lines()
    assert read_table(tmp_path / 'out', -1)['image'][0].startswith('p10/p10000001/s5')
    with pytest.raises(TableError, match='holds no .*nor any ending of it, nor of the'):
        convert_mrm_csv(csv, tmp_path / 'out/splits', tmp_path / 'other')


def test_an_image_listed_twice_and_a_report_said_once(tmp_path):
    one, two = path(1, 1, 1), path(1, 1, 2)
    lines = [HEADER, f'{one},', f'{two},Clear.', f'{one},Clear.', f'{one},Clear.']
    tally = convert_mrm_csv(
        write(tmp_path, lines, [one, two]), tmp_path, tmp_path / 'o'
    )
    assert f'2 rows of an image listed before: {one}, {one}' in tally.lines()
    assert f'1 rows without a report: {one}' in tally.lines()
    table = read_table(tmp_path / 'o')
    assert table['report'].tolist() == ['Clear.', 'Clear.']


def test_paths_of_other_datasets_name_themselves(tmp_path):
    lines = [HEADER, 'x/a.png,Clear.', 'x/b.png,Large heart.']
    csv = write(tmp_path, lines, ['x/a.png', 'x/b.png'])
    tally = convert_mrm_csv(csv, tmp_path, tmp_path / 'out')
    assert tally.count('images whose path names no patient and study') == 2
    assert tally.count('reports without findings and impression') == 2
    table = read_table(tmp_path / 'out')
    assert (
        table['study_id'].tolist() == table['image'].tolist() == ['x/a.png', 'x/b.png']
    )


@pytest.mark.parametrize(
    ('lines', 'fault'),
    [
        (
            ['image,report_content', 'a.png,x'],
            "no column 'image_path'.*is image_path,re",
        ),
        (['image_path,report', 'a.png,x'], "'report_content' .did you mean 'report'"),
        (['image_path,report_content,', 'a.png,x,y'], 'column 3 has no name'),
        ([HEADER], 'has no rows'),
        ([HEADER, ',x'], 'row 1: the image_path is empty'),
        (
            [HEADER, 'a.png,x', 'a.png,y'],
            "rows 1 and 2 have different reports for 'a.p",
        ),
        (
            [HEADER, f'{path(1, 7, 1)},x', 'a.png,y', f'{path(1, 7, 2)},z'],
            "rows 1 and 3 have different reports for 'p10000001 s50000007'",
        ),
        ([HEADER, 'a.png,x, or y'], 'a row has more cells than the header'),
        ([HEADER, 'a.png'], 'row 1 .* has 1 cells'),
        (
            [HEADER, '../a.png,x'],
            "out/table.csv: row 1.*'../a.png' is not a path under",
        ),
    ],
)
def test_bad_files_are_refused(tmp_path, lines, fault):
    (tmp_path / 'films').mkdir()
    csv = write(tmp_path, lines, ['films/a.png', 'a.png'])
    with pytest.raises(TableError, match=fault):
        convert_mrm_csv(csv, tmp_path / 'films', tmp_path / 'out')
    assert not (tmp_path / 'out/table.csv').exists()


def test_there_and_back(fifty, tmp_path):
    csv, paths, texts = fifty
    first, second = tmp_path / 'first', tmp_path / 'second'
    convert_mrm_csv(csv, tmp_path, first)
    tally = write_mrm_csv(first, first / 'training.csv')
    assert f'2 left out, no report: {paths[6]}, {paths[7]}' in tally.lines()
    written = pd.read_csv(first / 'training.csv')  # as MRM's code does
    assert ','.join(written.columns) == HEADER and len(written) == 46
    assert all((first / image).is_file() for image in written['image_path'])
    assert written['report_content'][0] == texts[0]
    convert_mrm_csv(first / 'training.csv', first / 'images', second)
    table = read_table(first)
    table = table[table['report'] != ''].reset_index(drop=True)
    pd.testing.assert_frame_equal(read_table(second), table)
    with pytest.raises(FileExistsError, match='is there; remove it or write elsewhere'):
        write_mrm_csv(first, first / 'training.csv')


def test_written_from_sections_and_a_split(tmp_path):
    rows = 'a.png,p,s,"Clear,\n lungs.",Normal.\nb.png,p,s,,\nc.png,q,t,Mass.,'
    header = 'image,patient_id,study_id,findings,impression'
    (tmp_path / 'table.csv').write_text(f'{header}\n{rows}\nd.png,q,u,,\n')
    (tmp_path / 'splits').mkdir()
    split = 'image,split\na.png,train\nb.png,train\nd.png,train\nc.png,test\n'
    (tmp_path / 'splits/own.csv').write_text(split)
    tally = write_mrm_csv(tmp_path, tmp_path / 'x/t.csv', 'own', 'train')
    assert tally.lines()[1] == '1 left out, no report: d.png'
    written = pd.read_csv(tmp_path / 'x/t.csv').to_numpy().tolist()
    text = 'Clear, lungs. Normal.'
    assert written == [[f'../images/{name}.png', text] for name in 'ab']
    (tmp_path / 'table.csv').write_text(f'{header}\nd.png,q,u,,\n')
    with pytest.raises(TableError, match='none of 1 images has a report'):
        write_mrm_csv(tmp_path, tmp_path / 'y.csv')


def test_command(fifty, tmp_path, repo_dir, capsys):
    csv, _, _ = fifty
    out = str(tmp_path / 'out')
    main(['mrm-csv', str(csv), str(tmp_path), '--out', out])
    assert '48 images written' in capsys.readouterr().out
    main(['mrm-csv', out, '--write', f'{out}/training.csv'])
    assert '46 images written' in capsys.readouterr().out
    for bad in (
        [out], [out, '--out', out], [out, 'x', '--write', 'y'],
        [out, '--write', 'y', '--split', 'train'],
        [out, 'x', '--out', out, '--split', 'a', '--split-scheme', 'b'],
    ):  # fmt: skip
        with pytest.raises(SystemExit):
            main(['mrm-csv', *bad])
    tool = repo_dir / 'tools/dataset_converters/mrm_csv.py'  # its old name
    done = subprocess.run(
        [sys.executable, tool, out, '--write', f'{out}/training.csv'],
        capture_output=True,
        text=True,
        env={'PYTHONPATH': str(repo_dir)},
    )
    assert done.returncode == 2 and 'prepare_dataset.py mrm-csv: ' in done.stderr
    assert 'remove it' in done.stderr
