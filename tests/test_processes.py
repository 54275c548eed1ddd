"""Work in processes: in order, drawn as needed, and ended with its parent."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mmcxr.processes import in_order


def square(number: int) -> int:
    time.sleep(0.01 * (number % 3))
    return number * number


def refuse(number: int) -> int:
    raise ValueError(f'no {number}')


@pytest.mark.parametrize('workers', [0, 1, 3])
def test_results_are_in_order(workers):
    calls = ((number,) for number in range(40))
    assert list(in_order(square, calls, workers)) == [n * n for n in range(40)]
    assert list(in_order(square, (), workers)) == []


@pytest.mark.parametrize('workers', [0, 2])
def test_calls_are_drawn_as_they_are_needed(workers):
    drawn = []

    def calls():
        for number in range(1000):
            drawn.append(number)
            yield (number,)

    results = in_order(square, calls(), workers)
    assert next(results) == 0 and len(drawn) <= max(1, 4 * workers)
    results.close()
    assert len(drawn) <= max(1, 4 * workers)


@pytest.mark.parametrize('workers', [0, 2])
def test_an_error_is_raised_where_it_is_drawn(workers):
    with pytest.raises(ValueError, match='no 7'):
        list(in_order(refuse, [(7,)], workers))


ORPHANS = """
import os, sys, time
from mmcxr.processes import in_order
def tell(folder):
    open(os.path.join(folder, str(os.getpid())), 'w').close()
    time.sleep(0.05)
for _ in in_order(tell, ((sys.argv[1],) for _ in range(10**6)), 2):
    print('.', end='', flush=True)
"""


def test_workers_end_with_a_killed_parent(tmp_path, repo_dir):
    command = [sys.executable, '-c', ORPHANS, str(tmp_path)]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=repo_dir)
    parent.stdout.read(10)
    workers = [int(path.name) for path in tmp_path.iterdir()]
    assert workers and parent.pid not in workers
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and any(map(_runs, workers)):
        time.sleep(0.05)
    assert not any(map(_runs, workers))


def _runs(pid: int) -> bool:
    try:
        state = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0]
    except OSError:
        try:
            os.kill(pid, 0)
        except OSError:
            return False
        return not Path('/proc/self').exists()
    return state != 'Z'
