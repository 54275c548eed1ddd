"""Each benchmark runs, in seconds and without a number; none is timed here."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / 'benchmarks'
SMOKE = {
    'step.py': ['--threads', '1'],
    'memory.py': [],
    'loader.py': [],
    'workers.py': [],
    'mrm_text.py': [],
    'startup.py': [],
    'metrics.py': [],
    'probes.py': [],
}


@pytest.mark.slow
@pytest.mark.parametrize('script', SMOKE)
def test_smoke(script, tmp_path):
    results = sorted((FOLDER / 'results').iterdir())
    before = [path.read_bytes() for path in results]
    path = os.pathsep.join([str(FOLDER.parent), os.environ.get('PYTHONPATH', '')])
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', str(FOLDER / script), '--smoke']
        + SMOKE[script],
        env=dict(os.environ, PYTHONPATH=path, OMP_NUM_THREADS='1'),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines()[-1] == 'smoke: every path ran'
    assert sorted((FOLDER / 'results').iterdir()) == results
    assert [path.read_bytes() for path in results] == before


def test_every_benchmark_with_a_smoke_mode_is_run():
    scripts = {
        path.name for path in FOLDER.glob('*.py') if '--smoke' in path.read_text()
    }
    assert scripts == set(SMOKE)
