"""What the benchmarks share: timing in turns, spread, the machine, the results file.

Paths that are compared run in one process, in turns, so that whatever slows the
machine down for a while slows all of them. Ratios are taken within a turn.
"""

import json
import platform
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


def in_turns(paths: Mapping[str, Callable[[], int]], repeats: int) -> dict[str, dict]:
    """Time functions in turns.

    Args:
        paths: functions that do some work and return how many items it was.
        repeats: turns, after one that is not counted.

    Returns:
        ``wall`` and ``processor`` of each path, seconds per item in each turn.
    """
    times = {name: dict(wall=[], processor=[]) for name in paths}
    for turn in range(repeats + 1):
        for name, path in paths.items():
            wall, processor = time.perf_counter(), time.process_time()
            items = path()
            wall = time.perf_counter() - wall
            processor = time.process_time() - processor
            if turn:
                times[name]['wall'].append(wall / items)
                times[name]['processor'].append(processor / items)
    return times


def spread(values, digits: int = 4) -> dict:
    """Median and quartiles, to some significant digits."""
    low, median, high = (
        float(f'{value:.{digits}g}') for value in np.percentile(values, [25, 50, 75])
    )
    return dict(median=median, quartiles=[low, high])


def ratio(slow: dict, fast: dict, clock: str = 'processor') -> dict:
    """How many times as fast ``fast`` is, turn by turn."""
    pairs = zip(slow[clock], fast[clock], strict=True)
    return spread([a / b for a, b in pairs], 3)


def machine(*packages: str) -> dict:
    """Processor and versions."""
    model = platform.machine()
    try:
        lines = Path('/proc/cpuinfo').read_text().splitlines()
        model = next(x.partition(': ')[2] for x in lines if x.startswith('model name'))
    except (OSError, StopIteration):
        pass
    versions = {package: version(package) for package in packages}
    return dict(
        processor=model, python=platform.python_version(), versions=dict(versions)
    )


def results_file(name: str, out: str | None = None) -> Path:
    """``results/<name>.json`` beside this file, or another file."""
    return Path(out) if out else HERE / 'results' / f'{name}.json'


def write_results(name: str, result: dict, out: str | None = None) -> Path:
    """Write ``results/<name>.json`` beside this file, or another file."""
    path = results_file(name, out)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + '\n')
    return path
