"""A cell remembers what it is and how far it came; a sweep leaves what fails."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from fresh import FRESH

from mmcxr.evaluation.functional.results import build_results, write_results
from mmcxr.studies.cell import Cell, CellError
from mmcxr.studies.sweep import Sweep
from mmcxr.studies.trained_cell import run_command


@dataclass(frozen=True)
class Toy(Cell):
    """Measures the seed; fails as it is told to."""

    folder: Path
    seed: int = 0
    error: Exception | None = None
    forgets: bool = False

    @property
    def name(self):
        return f'seed {self.seed}'

    def find_spec(self):
        return dict(seed=self.seed, sizes=(1, 2))

    def accepts(self, results):
        return results['spec']['model']['seed'] == self.seed

    def measure(self, say):
        self.check_folder()
        self.note(trained=False)
        if self.error:
            raise self.error
        self.note(trained=True)
        if not self.forgets:
            results = build_results({}, dict(seed=self.seed), {}, {})
            write_results(self.folder / 'results.json', results)


def test_states_of_a_cell(tmp_path):
    cell = Toy(tmp_path / 'cell')
    assert cell.state() == 'new' and cell.results() is None
    cell.note(trained=False)
    assert cell.state() == 'begun'
    cell.note(trained=True)
    assert cell.state() == 'trained' and cell.results() is None
    cell.measure(print)
    assert cell.state() == 'done' and cell.results()['spec']['model'] == dict(seed=0)
    # A fresh object of equal settings sees the same; one of others does not.
    assert Toy(cell.folder).state() == 'done'
    assert Toy(cell.folder, seed=1).state() == 'other'
    with pytest.raises(CellError, match=r'another experiment \(seed: 0 \| 1\)'):
        Toy(cell.folder, seed=1).check_folder()
    # Results of another seed under this note, and results while it begins anew.
    results = build_results({}, dict(seed=1), {}, {})
    write_results(cell.folder / 'results.json', results)
    assert cell.state() == 'trained' and cell.results() is None
    cell.measure(print)
    cell.note(trained=False)
    assert cell.state() == 'begun' and cell.results() is None


@pytest.mark.parametrize('text', ['', '{}', '[1]', '3', '{"spec": {}}', 'no json'])
def test_a_damaged_note(tmp_path, text):
    (tmp_path / 'cell.json').write_text(text)
    assert Toy(tmp_path).state() == 'damaged' and Toy(tmp_path).results() is None
    with pytest.raises(CellError, match='cell.json is damaged'):
        Toy(tmp_path).check_folder()


def test_the_note_of_a_probe_as_it_was_written_before(tmp_path):
    """The spec alone, once the cell was done."""

    class Drawn(Toy):
        def find_spec(self):
            return dict(super().find_spec(), draw={})

    cell = Drawn(tmp_path)
    cell.measure(print)
    write_results(tmp_path / 'cell.json', dict(seed=0, sizes=[1, 2], draw={}))
    assert cell.state() == 'done'
    write_results(tmp_path / 'cell.json', dict(seed=0, sizes=[1, 3], draw={}))
    assert cell.state() == 'other'


def test_a_sweep_goes_on_after_what_fails(tmp_path):
    said, sweep = [], Sweep((CellError, KeyError))
    errors = [CellError("no  such\n'film'"), KeyError("no 'key'"), None, KeyError()]
    found = [
        sweep.run(Toy(tmp_path / str(seed), seed, error), said.append)
        for seed, error in enumerate(errors)
    ]
    assert [row is None for row in found] == [True, True, False, True]
    assert found[2]['spec']['model'] == dict(seed=2)
    assert sweep.failures == [
        "seed 0: no such 'film'",
        "seed 1: no 'key'",
        'seed 3: KeyError',
    ]
    assert said == [f'failed: {f.partition(": ")[2]}' for f in sweep.failures]
    # Called again: what failed runs, what is done does not.
    said.clear()
    for seed in range(4):
        # would fail, were it run
        error = CellError('ran twice') if seed == 2 else None
        assert sweep.run(Toy(tmp_path / str(seed), seed, error), said.append)
    assert said == ['finished before']


def test_an_error_that_is_not_the_cells_ends_the_sweep(tmp_path):
    sweep = Sweep()
    with pytest.raises(ZeroDivisionError):
        sweep.run(Toy(tmp_path / 'cell', error=ZeroDivisionError()), print)


def test_a_cell_without_results_is_a_failure(tmp_path):
    sweep = Sweep()
    assert sweep.run(Toy(tmp_path / 'cell', forgets=True), print) is None
    assert sweep.failures == ['seed 0: the test left no results.json of this cell']


def _hold(folder, begun, end):
    with Toy(folder).locked():
        begun.set()
        end.wait(60)


def test_two_processes_do_not_run_one_cell(tmp_path):
    begun, end = FRESH.Event(), FRESH.Event()
    other = FRESH.Process(target=_hold, args=(tmp_path / 'cell', begun, end))
    other.start()
    try:
        assert begun.wait(60)
        sweep = Sweep()
        assert sweep.run(Toy(tmp_path / 'cell'), print) is None
        assert 'seed 0: another process is at work in' in sweep.failures[0]
        assert not (tmp_path / 'cell/cell.json').exists()
        assert sweep.run(Toy(tmp_path / 'next', 1), print)  # the others go on
    finally:
        end.set()
        other.join()
    assert Sweep().run(Toy(tmp_path / 'cell'), print)


def test_a_command_keeps_the_lock_of_a_sweep_that_was_killed(tmp_path):
    """Else a second training would begin in the folder of the first."""
    cell, log = Toy(tmp_path / 'cell'), tmp_path / 'output.txt'
    with cell.locked():  # the shell ends, what it started goes on
        code = run_command(['sh', '-c', 'sleep 60 & echo $!; exit 3'], log)
    shown, number = log.read_text().splitlines()
    assert code == 3 and shown.startswith('$ sh -c ')
    try:  # this process has let go of it
        with pytest.raises(CellError, match='another process'), cell.locked():
            pass
    finally:
        os.kill(int(number), signal.SIGKILL)
    deadline = time.monotonic() + 30
    while not Sweep().run(cell, print):  # until the end of it is known
        assert time.monotonic() < deadline
        time.sleep(0.01)
