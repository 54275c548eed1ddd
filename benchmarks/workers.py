"""Memory of data workers: what they add to the shared table, over a long epoch.

    python benchmarks/workers.py [--smoke]

A table of 400,000 rows with labels and reports, and a pack of tiny films; one epoch
with two workers, from files in the order drawn for each epoch and from tars in theirs,
beside the plain way: a list of dictionaries, one for each row, which workers inherit
and of which each look copies a page. What is read of a worker, from the kernel:

- unshared: bytes that no other process has and that cannot be dropped, which is what a
  further worker costs.
- proportional: all of its bytes, those it shares divided by who shares them; pages of
  the pack are among them, which the kernel drops when it needs room.

Growth is from the worker's first batches to its last.
"""

import argparse
import os
import re
import tempfile
import time
from collections.abc import Iterator
from multiprocessing import active_children
from pathlib import Path

import cv2
import numpy as np
from measuring import machine, write_results
from torch.utils.data import DataLoader, Dataset

from mmcxr.datasets.packs.encoding import Item
from mmcxr.datasets.packs.layout import PackSettings, film_name, table_facts
from mmcxr.datasets.packs.writing import PackWriter
from mmcxr.datasets.samplers import EpochSampler, ShardSampler
from mmcxr.registry import DATASETS, FUNCTIONS

TARGET_MB = 50
BATCH, WORKERS, READINGS = 64, 2, 20
SHAPE = (48, 40)
CLASSES = [f'Finding {number}' for number in range(14)]
WORDS = 'no acute opacity effusion left right lung base heart size is normal'.split()
SHARES = dict(unshared=('Private_Dirty',), proportional=('Pss',))


def write_table(root: Path, rows: int) -> None:
    """A table with labels and reports of some sixty words."""
    rng = np.random.default_rng(0)
    ends = [
        f'{" ".join(rng.choice(WORDS, 60))}.,'
        + ','.join(map(str, rng.integers(0, 2, len(CLASSES))))
        for _ in range(1000)
    ]
    with (root / 'table.csv').open('w') as file:
        columns = ('image', 'patient_id', 'study_id', 'view', 'findings', *CLASSES)
        file.write(','.join(columns) + '\n')
        for row in range(rows):
            end = f'Study {row}: {ends[row % 1000]}\n'
            file.write(f'{image_of(row)},p{row // 6},s{row},PA,{end}')


def image_of(row: int) -> str:
    return f'p{row // 600}/p{row // 6}/s{row}/{row}.jpg'


def write_pack(root: Path, rows: int, settings: PackSettings) -> None:
    """A pack of one small film under many names."""
    rng = np.random.default_rng(0)
    film = rng.integers(60, 200, SHAPE, np.uint8)
    data = cv2.imencode('.jpg', film, [cv2.IMWRITE_JPEG_QUALITY, 60])[1].tobytes()
    with PackWriter(root / 'packs' / settings.name, settings, 1 << 25) as writer:
        writer.resume([])
        for row in range(rows):
            name = film_name(image_of(row))
            writer.add([Item(name, 'jpg', (1, 1), data, SHAPE, SHAPE)])
        writer.finish(dict(table=table_facts(root / 'table.csv'), rows=rows))


class PlainRows(Dataset):
    """Rows as a list of dictionaries; a sample is a look at one."""

    def __init__(self, dataset):
        self.rows = [dataset.get_data_info(index) for index in range(len(dataset))]
        self.seed = 0

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, number: int) -> int:
        row = self.rows[number % len(self)]
        return len(row['image']) + len(row['sections']) + len(row['labels'])


def dataset_of(root: Path, pack: str):
    return DATASETS.build(
        dict(
            type='ImageTextDataset',
            data_root=str(root),
            classes=CLASSES,
            level='image',
            pipeline=[dict(type='LoadFilm', pack=pack), dict(type='PackFilm')],
        )
    )


def memory(pid: int) -> dict[str, float]:
    """MB of a process, by the names of ``SHARES``."""
    text = Path(f'/proc/{pid}/smaps_rollup').read_text()
    found = {key: int(kb) for key, kb in re.findall(r'(\w+): +(\d+) kB', text)}
    return {
        name: sum(found[key] for key in keys) * 1024 / 1e6
        for name, keys in SHARES.items()
    }


def readings(dataset, sampler, collate) -> Iterator[dict[int, dict]]:
    """Memory of each worker, after the first batches and on to the last of an epoch."""
    loader = DataLoader(
        dataset, BATCH, sampler=sampler, num_workers=WORKERS, collate_fn=collate
    )
    before = {process.pid for process in active_children()}
    every = max(len(loader) // READINGS, 1)
    stream = iter(loader)
    pids = [p.pid for p in active_children() if p.pid not in before]
    for number, _ in enumerate(stream, 1):
        # Near its end a loader has no work for its workers, and they leave.
        if (
            number == min(20, every)
            or number % every == 0
            and number <= len(loader) - 8
        ):
            yield {pid: memory(pid) for pid in pids}


def growth(dataset, sampler, collate) -> dict:
    """Of the worker that grew most."""
    start = time.perf_counter()
    found = list(readings(dataset, sampler, collate))
    seconds = time.perf_counter() - start
    row = dict(seconds=round(seconds, 1))
    for name in SHARES:
        series = {pid: [reading[pid][name] for reading in found] for pid in found[0]}
        worst = max(series.values(), key=lambda values: values[-1] - values[0])
        row[f'{name}_mb'] = [round(value, 1) for value in worst]
        row[f'{name}_growth_mb'] = round(worst[-1] - worst[0], 1)
    print(
        f'{type(sampler).__name__} over {type(dataset).__name__}: '
        f'{row["unshared_mb"][0]} MB unshared, grew by {row["unshared_growth_mb"]}; '
        f'proportional grew by {row["proportional_growth_mb"]}; {seconds:.0f} s',
        flush=True,
    )
    return row


def measure(root: Path, rows: int) -> dict:
    plain = PackSettings(40)
    tar = PackSettings(40, webdataset=True, order='table')
    write_table(root, rows)
    for settings in (plain, tar):
        write_pack(root, rows, settings)
    collate = FUNCTIONS.get('mmcxr.collate_studies')
    table = dataset_of(root, plain.name)
    found = {}
    sampler = EpochSampler(table, seed=0)
    found['one tar, EpochSampler'] = growth(table, sampler, collate)
    shards = dataset_of(root, tar.name)
    sampler = ShardSampler(shards, tar.name, BATCH, WORKERS, seed=0)
    found['tars, ShardSampler'] = growth(shards, sampler, collate)
    rows_alone = PlainRows(table)
    sampler = EpochSampler(rows_alone, seed=0)
    found['list of dictionaries, no film'] = growth(rows_alone, sampler, list)
    return dict(
        rows=found,
        table_mb=round(table.data_bytes.nbytes / 1e6, 1),
        target_mb=TARGET_MB,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--rows', type=int, default=400_000)
    parser.add_argument('--out', help='results file')
    parser.add_argument('--smoke', action='store_true', help='seconds, no numbers')
    args = parser.parse_args()
    if not os.path.exists('/proc/self/smaps_rollup'):
        raise SystemExit('workers.py: needs /proc/<pid>/smaps_rollup (Linux)')
    cv2.setNumThreads(0)
    with tempfile.TemporaryDirectory() as temporary:
        result = measure(Path(temporary), 1000 if args.smoke else args.rows)
    if args.smoke:
        print('smoke: every path ran')
        return
    result = dict(
        table_rows=args.rows,
        workers=WORKERS,
        **result,
        machine=machine('torch', 'numpy', 'opencv-python', 'onedl-mmengine'),
    )
    print(f'wrote {write_results("workers-cpu", result, args.out)}')


if __name__ == '__main__':
    main()
