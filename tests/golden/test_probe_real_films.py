"""Every encoder on real films in one command, from stand-ins of published files."""

import json
import subprocess
import sys

import pandas as pd
import pytest
from cxrlearn_files import content_of, read_fixture, write
from stand_in import write_stand_in

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
CONFIG = 'configs/benchmarks/retrieval/synthetic/cxr-clip_r18.py'
# Name -> fixture of its published file.
FIXTURES = {
    'cxr_clip': 'cxr_clip/r50_m',
    'mrm': 'mrm/pretrain',
    'chexzero': 'cxrlearn/chexzero',
    'gloria': 'cxrlearn/gloria',
    'moco_cxr': 'cxrlearn/moco_cxr',
    'moco_cxr@r18': 'cxrlearn/moco_cxr_resnet18',
    'medaug': 'cxrlearn/medaug',
    's2mts2': 'cxrlearn/s2mts2',
    'convirt': 'cxrlearn/convirt',
    'refers': 'cxrlearn/refers',
}


def stand_in(shared_dir, fixture, folder):
    """A stand-in of the published file of a fixture."""
    folder.mkdir()
    system, variant = fixture.split('/')
    if system != 'cxrlearn' or variant in ('chexzero', 'gloria'):
        return write_stand_in(shared_dir, shared_dir / 'golden' / fixture, folder)
    _, manifest, state_dict = read_fixture(shared_dir, variant)
    return write(folder / 'published.pth', content_of(variant, state_dict, manifest))


def test_all_encoders_end_in_a_table(convert_covid19, shared_dir, repo_dir, tmp_path):
    convert_covid19(tmp_path / 'data')
    table = pd.read_csv(tmp_path / 'data/table.csv')
    table['COVID'] = table['COVID-19']
    known = table[table['COVID'].isin((0, 1))]
    patients = known.groupby('patient_id')['COVID'].max()
    split = {}  # of the patients of each kind: two thirds, the rest
    for _, names in patients.groupby(patients):
        split |= {
            n: 'test' if i % 3 == 0 else 'train' for i, n in enumerate(names.index)
        }
    known = known.groupby('patient_id').head(1)
    known = known.assign(Path=[f'data/images/{image}' for image in known['image']])
    for name, number in (('train', 30), ('test', 24)):
        part = known[known['patient_id'].map(split) == name]
        part = part.groupby('COVID').head(number // 2)
        assert set(part['COVID']) == {0, 1}
        part[['Path', 'patient_id', 'COVID']].to_csv(
            tmp_path / f'{name}.csv', index=False
        )
    models = [
        f'{name}={stand_in(shared_dir, fixture, tmp_path / name)}'
        for name, fixture in FIXTURES.items()
    ]
    command = [
        sys.executable, repo_dir / 'tools/probe.py', '--train_csv', 'train.csv',
        '--test_csv', 'test.csv', '--path_column', 'Path', '--class_columns', 'COVID',
        '--patient-column', 'patient_id', '--models', *models,
        f'random={repo_dir / CONFIG}', '--probe', 'logreg', 'knn', '--workers', '0',
        '--batch-size', '8', '--device', 'cpu', '--out', 'out',
    ]  # fmt: skip
    done = subprocess.run(
        list(map(str, command)),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={'PYTHONPATH': str(repo_dir), 'OMP_NUM_THREADS': '2', 'PATH': ''},
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    ranking = json.loads((tmp_path / 'out/ranking.json').read_text())
    for found in ranking['rankings']:
        assert {e['model'] for e in found['entries']} == {*FIXTURES, 'random'}
        assert all(e['ci95'] is not None for e in found['entries'])
    assert 'trivial baseline' in done.stdout
