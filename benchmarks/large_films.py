"""Films of the size of MIMIC-CXR-JPG: 2544 x 3056 pixels, grey, about 1.5 MB.

Synthetic chest films, enlarged, with grain until the JPEG has the size: how long a
JPEG takes to decode is a matter of its bytes and its pixels.
"""

from pathlib import Path

import cv2
import numpy as np

from mmcxr.synthetic import write_synthetic_dataset

WIDTH, HEIGHT, BYTES = 2544, 3056, 1.5e6


def write_large_films(
    root: Path, number: int, width: int = WIDTH, height: int = HEIGHT
) -> Path:
    """Write a converted dataset of large films; one that is there is kept.

    Args:
        root: folder to write to.
        number: of films.
        width: in pixels; the bytes of a film go with its pixels.
        height: likewise.
    """
    root = Path(root)
    if (root / 'table.csv').exists():
        return root
    drawn = root / 'drawn'
    if not (drawn / 'table.csv').exists():
        write_synthetic_dataset(drawn, num_films=number, size=min(width, 636), seed=11)
    (root / 'images').mkdir(parents=True, exist_ok=True)
    rows = ['image,patient_id,study_id,view,findings,impression,Edema']
    for index, path in enumerate(sorted((drawn / 'images').rglob('*.jpg'))[:number]):
        film = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        film = cv2.resize(film, (width, height), interpolation=cv2.INTER_CUBIC)
        size = BYTES * width * height / (WIDTH * HEIGHT)
        data = grainy_jpeg(film, size, seed=index)
        (root / f'images/{index}.jpg').write_bytes(data)
        rows.append(f'{index}.jpg,p{index},s{index},PA,Clear.,Normal.,{index % 2}')
    (root / 'table.csv').write_text('\n'.join(rows) + '\n')
    return root


def grainy_jpeg(film: np.ndarray, size: float, seed: int, quality: int = 95) -> bytes:
    """A film with as much grain as makes its JPEG ``size`` bytes, within 2 %."""
    rng = np.random.default_rng(seed)
    grain = cv2.GaussianBlur(rng.normal(size=film.shape).astype(np.float32), (0, 0), 1)
    grain /= grain.std()
    low, high = 0.0, 30.0
    for _ in range(12):
        amount = (low + high) / 2
        grainy = np.clip(film + amount * grain, 0, 255).astype(np.uint8)
        done, data = cv2.imencode('.jpg', grainy, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if not done:
            raise OSError('OpenCV cannot encode a JPEG')
        if abs(len(data) / size - 1) < 0.02:
            break
        low, high = (amount, high) if len(data) < size else (low, amount)
    return data.tobytes()
