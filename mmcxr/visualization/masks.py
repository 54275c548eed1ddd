"""True and predicted masks as outlines over films, and many of them on one sheet.

Blue is the truth, orange the prediction: the pair that most colour-blind eyes tell
apart. Where the two agree the prediction lies on the truth.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

TRUTH = (64, 170, 255)
PREDICTION = (255, 150, 40)
_PAPER, _INK, _SOFT = 24, (235, 235, 235), (160, 160, 160)
_GAP = 6


def draw_outlines(
    film: np.ndarray,
    truth: np.ndarray | None,
    prediction: np.ndarray | None,
    height: int = 512,
) -> np.ndarray:
    """A film with the outlines of its masks.

    Args:
        film: (H, W) uint8.
        truth: (H, W) of 0 and 1, any type; None is unknown and not drawn.
        prediction: likewise.
        height: of the picture; masks are enlarged smoothly, so outlines have no steps.

    Returns:
        (height, width, 3) uint8 RGB, the film's ratio kept.
    """
    for mask in (truth, prediction):
        if mask is not None and mask.shape != film.shape:
            raise ValueError(f'a mask is {mask.shape}, its film {film.shape}')
    picture = np.repeat(_to_height(film, height)[..., None], 3, axis=2)
    thickness = max(1, round(height / 400))
    for mask, colour in ((truth, TRUTH), (prediction, PREDICTION)):
        if mask is not None:
            large = _to_height((mask > 0).astype(np.float32), height)
            outlines = _outlines(np.ascontiguousarray(large >= 0.5))
            cv2.drawContours(picture, outlines, -1, colour, thickness, cv2.LINE_AA)
    return picture


def draw_masks(
    film: np.ndarray,
    truth: np.ndarray | None,
    prediction: np.ndarray,
    title: str,
    facts: str,
    height: int = 512,
) -> np.ndarray:
    """A film, beside it the same with outlines, and a caption.

    The bare film is there because an outline hides the edge it follows.

    Args:
        film: (H, W) uint8.
        truth: (H, W) of 0 and 1, or None.
        prediction: (H, W) of 0 and 1.
        title: first line, for example the name of the film.
        facts: second line, for example its Dice.
        height: of the film in the picture.

    Returns:
        (H', W', 3) uint8 RGB.
    """
    bare = draw_outlines(film, None, None, height)
    gap = np.full((height, _GAP, 3), _PAPER, np.uint8)
    outlined = draw_outlines(film, truth, prediction, height)
    row = np.concatenate([bare, gap, outlined], axis=1)
    lines = _lines([(title, _INK), (facts, _SOFT)], row.shape[1])
    return np.concatenate([row, lines, _legend(row.shape[1], truth is not None)])


def contact_sheet(
    pictures: Sequence[np.ndarray], captions: Sequence[str], columns: int = 4
) -> np.ndarray:
    """Pictures of equal height in rows, each with a line below it, and a legend.

    Args:
        pictures: (H, W_i, 3) uint8 RGB.
        captions: one for each; cut where the picture is too narrow.
        columns: pictures in a row.

    Returns:
        (H', W', 3) uint8 RGB.
    """
    width = max(picture.shape[1] for picture in pictures)
    columns = min(columns, len(pictures))
    cells = []
    for picture, caption in zip(pictures, captions, strict=True):
        parts = [_to_width(picture, width), _lines([(caption, _INK)], width)]
        margins = ((0, _GAP), (0, _GAP), (0, 0))
        cells.append(np.pad(np.concatenate(parts), margins, constant_values=_PAPER))
    cells += [np.full_like(cells[0], _PAPER)] * (-len(cells) % columns)
    rows = [
        np.concatenate(cells[start : start + columns], axis=1)
        for start in range(0, len(cells), columns)
    ]
    sheet = np.concatenate(rows)
    return np.concatenate([_legend(sheet.shape[1], True), sheet])


def _outlines(mask: np.ndarray) -> Sequence[np.ndarray]:
    """Outer and inner edges of a boolean mask, as OpenCV wants them."""
    found, _ = cv2.findContours(
        mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE
    )
    return found


def _to_height(pixels: np.ndarray, height: int) -> np.ndarray:
    width = max(1, round(pixels.shape[1] * height / pixels.shape[0]))
    smaller = height < pixels.shape[0]
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return cv2.resize(pixels, (width, height), interpolation=how)


def _to_width(picture: np.ndarray, width: int) -> np.ndarray:
    """The picture in the middle of a strip."""
    lack = width - picture.shape[1]
    margins = ((0, 0), (lack // 2, lack - lack // 2), (0, 0))
    return np.pad(picture, margins, constant_values=_PAPER)


def _lines(lines: Sequence[tuple[str, tuple]], width: int) -> np.ndarray:
    """(h, width, 3) lines of text with their colours."""
    font = ImageFont.load_default(14)
    panel = Image.new('RGB', (width, 20 * len(lines) + 4), (_PAPER,) * 3)
    draw = ImageDraw.Draw(panel)
    for number, (text, colour) in enumerate(lines):
        draw.text((6, 3 + 20 * number), _cut(text, font, width - 12), colour, font)
    return np.asarray(panel)


def _cut(text: str, font, width: int) -> str:
    """The text, or as much of its middle left out as is too wide."""
    if font.getlength(text) <= width:
        return text
    for keep in range(len(text) - 1, 1, -1):
        short = f'{text[: keep - keep // 2]}…{text[len(text) - keep // 2 :]}'
        if font.getlength(short) <= width:
            return short
    return ''


def _legend(width: int, with_truth: bool) -> np.ndarray:
    """(h, width, 3) what the colours mean."""
    font = ImageFont.load_default(14)
    panel = Image.new('RGB', (width, 26), (_PAPER,) * 3)
    draw, left = ImageDraw.Draw(panel), 6
    entries = [('truth', TRUTH)] * with_truth + [('prediction', PREDICTION)]
    for name, colour in entries:
        draw.line([(left, 13), (left + 22, 13)], colour, 3)
        draw.text((left + 29, 4), name, _INK, font)
        left += 29 + int(font.getlength(name)) + 24
    return np.asarray(panel)
