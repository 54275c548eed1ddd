"""A dataset to pack."""

import numpy as np
import pytest
from film_kinds import COLUMNS, IMAGES, SHAPES, film_like, mask_of, rows_of
from PIL import Image


@pytest.fixture
def films(tmp_path):
    """Folder of the dataset; the last row's file is no film."""
    root = tmp_path / 'films'
    for number, (image, shape) in enumerate(zip(IMAGES, SHAPES, strict=True)):
        path = root / 'images' / image
        path.parent.mkdir(parents=True, exist_ok=True)
        film = film_like(shape, number)
        if number == 3:
            film = film.astype(np.uint16) * 200
        Image.fromarray(film).save(path, **(dict(quality=95) if number != 3 else {}))
        if number in (0, 1, 4):
            mask = root / 'masks' / f'{image[:-4]}.png'
            mask.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(mask_of(shape, number) * 255).save(mask)
    (root / 'images' / IMAGES[-1]).write_bytes(b'no film')
    Image.fromarray(mask_of(SHAPES[2], 2)).save(root / 'masks' / 'heart.png')
    lines = '\n'.join((','.join(COLUMNS), *rows_of()))
    (root / 'table.csv').write_text(lines + '\n')
    return root


@pytest.fixture
def sound_films(films):
    """The dataset without the row that cannot be read."""
    table = films / 'table.csv'
    table.write_text('\n'.join(table.read_text().splitlines()[:-1]) + '\n')
    return films
