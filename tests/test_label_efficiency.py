"""The benchmark of pre-training against scratch, in a setting of seconds."""

import importlib.util
import json

import pytest
import torch
from published.vit_files import mrm_file, timm_vit


@pytest.fixture
def benchmark(repo_dir):
    path = repo_dir / 'benchmarks/label_efficiency.py'
    spec = importlib.util.spec_from_file_location('label_efficiency', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def entry(percent, values):
    runs = [dict(seed=seed, value=value) for seed, value in values.items()]
    mean = sum(values.values()) / len(values)
    return dict(percent=percent, metric='classification/auroc', mean=mean, runs=runs)


def test_difference_is_that_of_equal_seeds(benchmark):
    """Whatever the order of the runs."""
    one = [entry(1, {0: 0.75, 2: 1.0}), entry(10, {0: 0.5})]
    other = [entry(10, {0: 0.75}), entry(1, {2: 0.5, 0: 0.25})]
    first, second = benchmark.compare(one, other)
    assert first['percent'] == 1 and first['difference_by_seed'] == {0: 0.5, 2: 0.5}
    assert first['mean_difference'] == 0.5 and second['mean_difference'] == -0.25


@pytest.mark.slow
def test_smoke(benchmark, synthetic_dir, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('OMP_NUM_THREADS', '1')
    vit = timm_vit(embed_dim=128, depth=4, num_heads=4, img_size=96)
    torch.save(mrm_file(vit, patches=36), 'mrm.pth')
    args = [str(synthetic_dir), 'mrm.pth', '--fractions', '50', '--seeds', '0']
    changes = ['--cfg-options', 'train_cfg.max_iters=2', 'param_scheduler.warmup=1']
    out = tmp_path / 'out.json'
    assert benchmark.main([*args, '--out', str(out), *changes]) == 0
    (row,) = json.loads(out.read_text())['fractions']
    for start in ('pretrained', 'scratch'):
        folder = tmp_path / 'work_dirs/label_efficiency' / start / '50pct_seed0'
        results = json.loads((folder / 'results.json').read_text())
        value = results['metrics']['classification/auroc']['value']
        assert row[start]['mean'] == value
    gain = row['pretrained']['mean'] - row['scratch']['mean']
    assert row['mean_difference'] == pytest.approx(gain)
