"""Real films through the tools, as typed: convert, verify, audit, pack, train, test."""

import json
import subprocess
import sys

import pytest

from mmcxr.datasets.packs.pack import Pack
from mmcxr.datasets.tables.splits import read_split
from mmcxr.datasets.tables.table import read_table

CONFIG = 'configs/benchmarks/segmentation/covid19/'
CONFIG += 'unet_r18_1xb4-900_covid19-lungs-192px.py'


@pytest.fixture
def tool(repo_dir, tmp_path):
    """Runs a tool in an empty folder; (exit code, all it says)."""

    def run(name, *arguments):
        command = [sys.executable, repo_dir / 'tools' / name, *arguments]
        done = subprocess.run(
            list(map(str, command)),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=600,
            env={'PYTHONPATH': str(repo_dir), 'OMP_NUM_THREADS': '1', 'PATH': ''},
        )
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_from_the_download_to_a_trained_model(tool, shared_dir, repo_dir, tmp_path):
    data = tmp_path / 'data/covid19'
    convert = ('prepare_dataset.py', 'covid19', shared_dir / 'data/covid_cxr')
    code, said = tool(*convert, '--out', data, '--size', 256, '--workers', 2)
    assert code == 0 and 'images: 262' in said and 'patients: 145' in said
    table_bytes = (data / 'table.csv').read_bytes()
    code, said = tool(*convert, '--out', data, '--verify', '--workers', 0)
    assert code == 0 and 'mask_lungs masks: 111' in said
    faults = json.loads((data / 'verification.json').read_text())['faults']
    assert not faults
    code, said = tool('misc/pack_dataset.py', data, '--size', 192, '--codec', 'raw')
    assert code == 0, said
    audit = tmp_path / 'audit.json'
    audit_splits = ('misc/audit_splits.py', data, '--pack', '192-raw', '--json', audit)
    code, said = tool(*audit_splits)
    assert code == 0, said
    found = json.loads(audit.read_text())
    assert found['failed'] == 0 and found['copies'] == []
    (clean,) = (s for s in found['subjects'] if s['name'].endswith(': clean'))
    assert sum(split['images'] for split in clean['splits'].values()) == 262

    options = [
        'train_dataloader.dataset.pipeline.0.pack=192-raw',
        'train_dataloader.dataset.pipeline.1.pack=192-raw',
        'train_dataloader.num_workers=0',
        'val_dataloader.num_workers=0',
        'test_dataloader.num_workers=0',
        'train_cfg.max_iters=22',  # an epoch: 88 films, 4 at a time
        'train_cfg.val_interval=22',
        'default_hooks.checkpoint.interval=22',
        'param_scheduler.warmup=4',
    ]
    config = repo_dir / CONFIG
    code, said = tool(
        'train.py', config, '--work-dir', 'run', '--cfg-options', *options
    )
    assert code == 0, said[-2000:]
    (best,) = (tmp_path / 'run').glob('best_*.pth')
    code, said = tool(
        'test.py', config, best, '--work-dir', 'test', '--cfg-options', options[4]
    )
    assert code == 0, said[-2000:]
    results = json.loads((tmp_path / 'test/results.json').read_text())
    table = read_table(data)
    test = read_split(data, 'clean', table).of('test')
    number = int((table['mask_lungs'].iloc[test] != '').sum())
    assert results['spec']['protocol']['images']['number'] == number
    assert results['overlap']['patients'] == results['overlap']['copies'] == 0
    assert Pack(data / 'packs/192-raw', data).verify() == []
    assert (data / 'table.csv').read_bytes() == table_bytes
