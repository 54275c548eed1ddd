"""Films per second: from a file to what the device is sent.

    python benchmarks/loader.py [--smoke]

Ours, from JPEGs and from packs, against the published pipelines written from their
descriptions: CXR-CLIP's (PIL, RGB, torchvision; albumentations' CLAHE) and MRM's.
One core; films lie in the page cache.
"""

import argparse
import tempfile
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from large_films import write_large_films
from measuring import in_turns, machine, ratio, spread, write_results
from PIL import Image
from published.films import PublishedFilms, published_transforms
from torch.utils.data import DataLoader

from mmcxr.datasets.packs.layout import PackSettings
from mmcxr.datasets.packs.packing import pack_dataset
from mmcxr.registry import DATASETS, FUNCTIONS

BATCH = 8


def ours() -> dict[str, list]:
    bicubic = dict(size=448, scale=(0.2, 1.0), interpolation='bicubic')
    return {
        'CXR-CLIP test': [
            dict(type='FilmResize', size=224),
            dict(type='FilmCenterCrop', size=224),
        ],
        'CXR-CLIP train': [
            dict(type='FilmRandomResizedCrop', size=224, scale=(0.8, 1.1)),
            dict(type='CLAHE', clip_limit=(1.0, 4.0), prob=0.5),
            dict(type='GreyJitter', brightness=0.1, contrast=0.2),
        ],
        'MRM train': [
            dict(type='FilmRandomResizedCrop', **bicubic),
            dict(type='FilmFlip', prob=0.5),
        ],
    }


def dataset_of(root: Path, steps: list, load: dict):
    pipeline = [dict(type='LoadFilm', **load), *steps, dict(type='PackFilm')]
    config = dict(type='ClassificationDataset', data_root=str(root), pipeline=pipeline)
    return DATASETS.build(config)


def one_epoch(dataset, collate) -> int:
    """Read all films in batches, in this process."""
    for _ in DataLoader(dataset, BATCH, collate_fn=collate):
        pass
    return len(dataset)


def paths_of(root: Path, kind: str, loads: dict[str, dict]) -> dict:
    """The published way and ours to make the same kind of sample."""
    collate = FUNCTIONS.get('mmcxr.collate_studies')
    published = PublishedFilms(root, published_transforms()[kind])
    paths = {'published': partial(one_epoch, published, None)}
    for name, load in loads.items():
        dataset = dataset_of(root, ours()[kind], load)
        paths[name] = partial(one_epoch, dataset, collate)
    return paths


def floors(root: Path, packs: dict) -> dict:
    """For each of our ways what it cannot do without, alone: its roof."""
    files = [np.fromfile(path, np.uint8) for path in images_of(root)]
    records = {
        name: [pack.read(f'images/{path.name}')[1] for path in images_of(root)]
        for name, pack in packs.items()
    }

    def each(function, arrays) -> int:
        for array in arrays:
            function(array)
        return len(arrays)

    def decoder(flag):
        return partial(cv2.imdecode, flags=flag)

    return {
        'files, exact': partial(each, decoder(cv2.IMREAD_GRAYSCALE), files),
        'files': partial(each, decoder(cv2.IMREAD_REDUCED_GRAYSCALE_8), files),
        **{
            name: partial(each, np.copy, arrays)
            if name.endswith('raw')
            else partial(each, decoder(cv2.IMREAD_REDUCED_GRAYSCALE_2), arrays)
            for name, arrays in records.items()
        },
    }


def images_of(root: Path) -> list[Path]:
    return sorted((root / 'images').iterdir())


def grey_levels(root: Path, loads: dict[str, dict]) -> dict:
    """Difference of the crops from those of films read exactly, in grey levels."""
    found = {}
    for size, interpolation in ((224, 'bilinear'), (448, 'bicubic')):
        crop = dict(
            type='FilmRandomResizedCrop', size=size, interpolation=interpolation
        )
        films = {}
        for name, load in loads.items():
            dataset = dataset_of(root, [crop], load)
            images = [sample['inputs']['image'] for sample in dataset]
            films[name] = np.stack([image.numpy() for image in images]).astype(int)
        for name, values in films.items():
            error = np.abs(values - films['files, exact'])
            found[f'{name}, {size} {interpolation}'] = dict(
                mean=round(float(error.mean()), 3),
                p99=float(np.percentile(error, 99)),
                max=int(error.max()),
            )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--films', type=int, default=16)
    parser.add_argument('--repeats', type=int, default=9)
    parser.add_argument('--data', help='folder for the films (default: temporary)')
    parser.add_argument('--out', help='results file')
    parser.add_argument('--smoke', action='store_true', help='seconds, no numbers')
    args = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    size = (320, 384) if args.smoke else (2544, 3056)
    number, repeats = (2, 1) if args.smoke else (args.films, args.repeats)
    with tempfile.TemporaryDirectory() as temporary:
        root = write_large_films(Path(args.data or temporary), number, *size)
        loads = {'files, exact': {}, 'files': dict(deferred=True)}
        packs = {}
        for settings in (PackSettings(512, 'jpeg'), PackSettings(512, 'raw')):
            name = f'packed {settings.name}'
            packs[name] = pack_dataset(root, settings)
            loads[name] = dict(deferred=True, pack=settings.name)
        result = measure(root, loads, packs, repeats)
    if args.smoke:
        print('smoke: every path ran')
        return
    print(f'wrote {write_results("loader-cpu", result, args.out)}')


def measure(root: Path, loads: dict[str, dict], packs: dict, repeats: int) -> dict:
    films = images_of(root)
    roofs = floors(root, packs)
    sizes = {name: sum(path.stat().st_size for path in films) for name in loads}
    for name, pack in packs.items():
        sizes[name] = sum(len(pack.read(f'images/{film.name}')[1]) for film in films)
    rows = {}
    for kind in published_transforms():
        paths = paths_of(root, kind, loads)
        alone = {f'alone: {name}': roof for name, roof in roofs.items()}
        times = in_turns({**paths, **alone}, repeats)
        for name in paths:
            row = row_of(times, name, sizes.get(name, sizes['files']) / len(films))
            rows[f'{kind}: {name}'] = row
            print(
                f'{kind:15} {name:16} {row["milliseconds"]["median"]:8.2f} ms '
                f'{row["films_per_second"]:8.1f} films/s '
                f'{row["times_as_fast"]["median"]:7.2f} x '
                f'{row["megabytes_per_second"]:7.1f} MB/s'
                + (f' {row["share_of_roof"]["median"]:5.2f}' if name in roofs else '')
            )
    levels = grey_levels(root, loads)
    for name, error in levels.items():
        print(f'{name:40} {error}')
    return dict(
        films=len(films),
        pixels=list(Image.open(films[0]).size),
        megabytes={name: round(s / len(films) / 1e6, 3) for name, s in sizes.items()},
        repeats=repeats,
        cores=1,
        clock='processor time of one process; wall time beside it',
        roof='share_of_roof: time of decoding (jpeg) or copying (raw) alone / time',
        rows=rows,
        grey_levels=levels,
        machine=machine(
            'torch', 'torchvision', 'numpy', 'pillow', 'opencv-python', 'onedl-mmengine'
        ),
    )


def row_of(times: dict, name: str, size: float) -> dict:
    """Numbers of one way to read films of ``size`` bytes."""
    seconds = times[name]
    median = float(np.median(seconds['processor']))
    row = dict(
        milliseconds=spread([1e3 * t for t in seconds['processor']]),
        wall_milliseconds=spread([1e3 * t for t in seconds['wall']]),
        films_per_second=round(1 / median, 1),
        times_as_fast=ratio(times['published'], seconds),
        megabytes_per_second=round(size / 1e6 / median, 1),
    )
    if f'alone: {name}' in times:
        row['share_of_roof'] = ratio(times[f'alone: {name}'], seconds)
    return row


if __name__ == '__main__':
    main()
