"""Draw a packed sample as a person can check it: films, mask, texts and labels."""

import textwrap
from collections.abc import Mapping, Sequence

import cv2
import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

FILM_HEIGHT = 384  # pixels
_FONT_SIZE = 15
_LINE = 20
_DARK = 24  # grey behind the texts
_COLUMNS = 110  # letters a line
_SAID = {'present': 1, 'uncertain': -1, 'absent': 0}


def draw_sample(packed: Mapping, metainfo: Mapping) -> np.ndarray:
    """Films side by side with what is known of them written below.

    Args:
        packed: what ``PackStudy``, ``PackFilm``, ``mmseg.PackSegInputs`` or
            ``mmpretrain.PackInputs`` give: films under ``inputs`` or
            ``inputs['image']``, the rest in ``data_samples``.
        metainfo: of the dataset; ``classes`` names labels, ``palette`` colours masks.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    inputs, sample = packed['inputs'], packed['data_samples']
    image = inputs['image'] if isinstance(inputs, Mapping) else inputs
    films = [_to_rgb(film) for film in (image if image.ndim == 4 else [image])]
    if 'gt_sem_seg' in sample:
        mask = sample.gt_sem_seg.data[0].numpy()
        films.append(_overlay(films[0], mask, metainfo.get('palette') or ()))
    row = np.concatenate([_to_height(film) for film in films], axis=1)
    return np.concatenate(_same_width([row, _write(_lines(sample, metainfo))]))


def _to_rgb(film: torch.Tensor) -> np.ndarray:
    """(H, W, 3) uint8 of a (1, H, W) or (3, H, W) tensor of any range."""
    pixels = film.numpy().transpose(1, 2, 0)
    if pixels.dtype != np.uint8:
        pixels = cv2.normalize(pixels, None, 0, 255, cv2.NORM_MINMAX, cv2.CV_8U)
        pixels = pixels.reshape(*film.shape[1:], -1)
    return np.broadcast_to(pixels, (*pixels.shape[:2], 3)).copy()


def _overlay(film: np.ndarray, mask: np.ndarray, palette: Sequence) -> np.ndarray:
    """The film with each class but the first (background) tinted."""
    tinted = film.astype(np.float32)
    for number, colour in enumerate(palette):
        if number:
            inside = mask == number
            tinted[inside] = 0.6 * tinted[inside] + 0.4 * np.float32(colour)
    return tinted.round().astype(np.uint8)


def _to_height(film: np.ndarray) -> np.ndarray:
    width = max(1, round(film.shape[1] * FILM_HEIGHT / film.shape[0]))
    return cv2.resize(film, (width, FILM_HEIGHT), interpolation=cv2.INTER_NEAREST)


def _lines(sample, metainfo: Mapping) -> list[str]:
    """What to write: facts, labels, texts."""
    facts = ['dataset', 'patient_id', 'study_id', 'image', 'view']
    if 'image' not in sample:
        facts.append('img_path')
    lines = [f'{name}: {_joined(sample.get(name))}' for name in facts if name in sample]
    if 'gt_label' in sample:
        lines += _label_lines(sample.gt_label, metainfo)
    texts = sample.get('texts') or ()
    lines += [f'text {number + 1}: {text}' for number, text in enumerate(texts)]
    return [part for line in lines for part in textwrap.wrap(line, _COLUMNS)]


def _joined(value) -> str:
    return ', '.join(value) if isinstance(value, list | tuple) else str(value)


def _label_lines(label, metainfo: Mapping) -> list[str]:
    """Classes that are present, uncertain and absent; unknown ones are left out."""
    values = torch.as_tensor(label).flatten().tolist()
    classes = metainfo.get('classes') or ()
    if len(classes) != len(values):  # a class number, or classes without names
        return ['label: ' + ', '.join(f'{value:g}' for value in values)]
    pairs = list(zip(values, classes, strict=True))
    named = {
        word: [name for value, name in pairs if value == sign]
        for word, sign in _SAID.items()
    }
    return [f'{word}: {", ".join(names)}' for word, names in named.items() if names]


def _write(lines: Sequence[str]) -> np.ndarray:
    """(h, w, 3) panel with the lines, light on dark."""
    font = ImageFont.load_default(_FONT_SIZE)
    width = int(max((font.getlength(line) for line in lines), default=0)) + 16
    panel = Image.new('RGB', (width, _LINE * len(lines) + 16), (_DARK,) * 3)
    draw = ImageDraw.Draw(panel)
    for number, line in enumerate(lines):
        draw.text((8, 8 + _LINE * number), line, (235, 235, 235), font)
    return np.asarray(panel)


def _same_width(parts: Sequence[np.ndarray]) -> list[np.ndarray]:
    width = max(part.shape[1] for part in parts)
    return [
        np.pad(
            part, ((0, 0), (0, width - part.shape[1]), (0, 0)), constant_values=_DARK
        )
        for part in parts
    ]
