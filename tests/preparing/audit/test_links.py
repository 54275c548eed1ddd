import importlib.util
import json
from pathlib import Path

import pytest

from mmcxr.datasets.tables.film_names import FilmName
from mmcxr.datasets.tables.table_file import TableError
from mmcxr.preparing.audit.links import read_links

UID = '2d29c5d7-cd1e-4fb7-896b-c55b69ca6c9'
NIH = FilmName('chestx-ray14', '00000013_005', '00000013')


@pytest.mark.parametrize('form', ['json', 'csv', 'three columns', 'short ids'])
def test_crosswalks(tmp_path, form):
    rows = [(f'{UID}{i}', f'000000{13 + i}_005.png') for i in range(5)]
    path = tmp_path / 'c.csv'
    if form == 'json':
        path = tmp_path / 'c.json'
        records = [dict(subset_img_id=a, img_id=b, orig_labels=[]) for a, b in rows]
        path.write_text(json.dumps(records))
    elif form == 'csv':
        path.write_text(''.join(f'{b},{a}.dcm\n' for a, b in rows))
    elif form == 'three columns':
        lines = [f'{a},{b[:8]},{b}\n' for a, b in rows]
        path.write_text('patientId,nih_patient_id,nih_image_id\n' + ''.join(lines))
    else:
        rows = [(f'film{i}', b) for i, (_, b) in enumerate(rows)]
        path.write_text('id,original\n' + ''.join(f'{a},{b}\n' for a, b in rows))
    links = read_links([path])
    key = 'film0' if form == 'short ids' else f'rsna/{UID}0'
    assert links.films[key] == NIH and len(links.patients) == 0


def test_tables_of_patients(tmp_path):
    path = tmp_path / 'p.csv'
    path.write_text('ImageID,PatientID,Age\na.png,7,50\nb.png,7,51\nc.png,8,52\n')
    assert read_links([path]).patients == dict(a='7', b='7', c='8')


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('image,Edema\na.png,1\n', 'neither a crosswalk .* it has image, Edema'),
        ('image,patient\na.png,1\na.png,2\n', "'a.png' is linked to '2', .* '1'"),
    ],
)
def test_faults(tmp_path, text, words):
    (tmp_path / 'x.csv').write_text(text)
    with pytest.raises(TableError, match=f'x.csv: {words}'):
        read_links([tmp_path / 'x.csv'])


def test_official_tables():
    """The tables that torchxrayvision ships tell the patients of their collections."""
    spec = importlib.util.find_spec('torchxrayvision')
    if spec is None:
        pytest.skip('torchxrayvision is not installed')
    data = Path(spec.origin).parent / 'data'
    links = read_links([data / 'Data_Entry_2017_v2020.csv.gz'])
    assert len(links.patients) == 112120 and len(set(links.patients.values())) == 30805
    assert links.patients['chestx-ray14/00000013_005'] == '13'
