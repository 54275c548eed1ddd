"""A toy download and its converter, for tests of what converters share."""

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from mmcxr.preparing.films import Converter, Film, Listing

HEADER = ('name', 'patient', 'label', 'mask', 'split')
FACTS = dict(dataset='toy', licence='none', citation='nobody')


def draw_pixels(name: str, shape=(31, 43)) -> np.ndarray:
    """A film of its own for each name."""
    seed = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest(), 'big')
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def write_film(path: Path, shape=(31, 43)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), draw_pixels(path.name, shape))
    return path


def write_csv(path: Path, rows) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open('w', newline='') as file:
        csv.writer(file).writerows(rows)
    return path


@dataclass(frozen=True)
class Corner:
    """A mask: the upper left of the film."""

    height: int
    width: int

    def draw(self, shape):
        if self.height > shape[0]:
            raise ValueError(f'a corner of {self.height} rows')
        mask = np.zeros(shape, np.uint8)
        mask[: self.height, : self.width] = 1
        return mask


def read_toy(source, tally, flip=False):
    """Rows of list.csv: name, patient, label, height of the mask, split."""
    table = source.table('list.csv', ('name', 'patient', 'label', 'mask', 'split'))
    found = {}
    for suffix in ('.png', '.jpg', '.dcm'):
        for stem, member in source.named(suffix).items():
            found[f'{stem}{suffix}'] = member
    films = []
    for name, patient, label, mask, _ in table.itertuples(index=False):
        label = 1 - int(label) if flip else label
        masks = {'mask': Corner(int(mask), 10)} if mask else {}
        films.append(
            Film(
                name,
                found.get(name.rpartition('/')[2]),
                dict(patient_id=patient, Edema=label, sex=''),
                masks,
                ((1, 2, 30, 40, 'spot'),) if mask else (),
                header=('sex', 'age'),
            )
        )
    listed = list(zip(table['name'], table['split'], strict=True))
    return Listing(films, dict(official=listed), found.values())


TOY = Converter(FACTS, read_toy, options=dict(flip=dict(action='store_true')))


def write_toy(root: Path) -> Path:
    """Twelve PNG films of six patients in two folders; half have a mask."""
    rows = [HEADER]
    for number in range(12):
        name = f'{"ab"[number % 2]}/{number:02}.png'
        write_film(root / 'films' / name)
        split = 'train' if number < 8 else 'test'
        label, mask = number % 2, 5 + number if number % 2 else ''
        rows.append((name, f'p{number // 2}', label, mask, split))
    write_csv(root / 'list.csv', rows)
    return root


def tree(root: Path) -> dict[str, bytes | str]:
    """Every file under a folder with its bytes, links with their targets."""
    return {
        str(path.relative_to(root)): str(path.readlink())
        if path.is_symlink()
        else path.read_bytes()
        for path in sorted(root.rglob('*'))
        if path.is_symlink() or path.is_file()
    }
