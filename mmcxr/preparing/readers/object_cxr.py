"""Object-CXR (https://github.com/hlk-1135/object-CXR, MIDL 2020), as it unpacks.

``{train,dev,test}.csv`` with the columns image_name and annotation, and the films
``00001.jpg`` ... in ``{train,dev,test}.zip`` or folders. An annotation is a list of
shapes, ";" between them: "0 x1 y1 x2 y2" a rectangle, "1 x1 y1 x2 y2" the ellipse in
it, "2 x1 y1 ... xn yn" a polygon. Their union is the mask, drawn as the organisers'
baseline draws it; ``boxes`` has the box around each.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from mmcxr.datasets.public.object_cxr import OBJECT_CXR_COUNTS, ObjectCXR
from mmcxr.preparing.films import Converter, Film, Listing
from mmcxr.preparing.source import Source, need_columns
from mmcxr.preparing.writing import Tally

_SPLITS = dict(train='train', dev='val', test='test')
_RECTANGLE, _ELLIPSE, _POLYGON = '012'
_LABEL = 'Foreign object'


@dataclass(frozen=True)
class ShapeMask:
    """Rectangles, ellipses and polygons; a mask for converters.

    Args:
        shapes: (kind, (x1, y1, x2, y2, ...)) each, as in an annotation.
    """

    shapes: tuple[tuple[str, tuple[int, ...]], ...]

    def draw(self, shape: tuple[int, int]) -> np.ndarray:
        """(H, W) uint8 of 0 and 1; outlines belong to the shapes."""
        mask = Image.new('L', shape[::-1])
        drawing = ImageDraw.Draw(mask)
        tools = {
            _RECTANGLE: drawing.rectangle,
            _ELLIPSE: drawing.ellipse,
            _POLYGON: drawing.polygon,
        }
        for kind, points in self.shapes:
            tools[kind](points, fill=1, outline=1)
        return np.array(mask)


def read_object_cxr(source: Source, tally: Tally) -> Listing:
    """List the films of all three splits."""
    found = source.named('.jpg', '.jpeg', '.png')
    films, splits = [], []
    for name, split in _SPLITS.items():
        member = source.find(f'{name}.csv')
        if member is None and name != 'train':
            tally.note('tables not there', f'{name}.csv')
            continue
        member = member or source.need(f'{name}.csv')
        table = source.table(member)
        # The read-me calls the column image_path, the files image_name.
        table = table.rename(columns={'image_path': 'image_name'})
        need_columns(table, ('image_name', 'annotation'), member)
        rows = table[['image_name', 'annotation']].values.tolist()
        for number, (path, annotation) in enumerate(rows, start=1):
            image = path.rpartition('/')[2]
            place = f'{member.name}: row {number} ({image})'
            shapes = _parse(annotation, place, tally)
            cells = {_LABEL: int(bool(annotation.strip()))}
            masks = {'mask': ShapeMask(shapes)} if shapes else {}
            boxes = tuple(_box_around(points) for _, points in shapes)
            stem = image.rpartition('.')[0]
            films.append(Film(image, found.get(stem), cells, masks, boxes))
            splits.append((image, split))
    return Listing(films, dict(official=splits), found.values())


def _parse(annotation: str, place: str, tally: Tally) -> tuple:
    """Shapes of an annotation; those that are none are faults."""
    shapes = []
    for text in filter(None, map(str.strip, annotation.split(';'))):
        kind, *numbers = text.split()
        try:
            points = tuple(round(float(number)) for number in numbers)
        except (ValueError, OverflowError):
            points = ()
        if not _is_shape(kind, points):
            tally.fault('invalid', 'annotations that are no shape', f'{place}: {text}')
            continue
        shapes.append((kind, points))
    return tuple(shapes)


def _is_shape(kind: str, points: tuple[int, ...]) -> bool:
    if kind == _POLYGON:
        return len(points) >= 6 and len(points) % 2 == 0
    if kind not in (_RECTANGLE, _ELLIPSE) or len(points) != 4:
        return False
    x1, y1, x2, y2 = points
    return x1 < x2 and y1 < y2


def _box_around(points: tuple[int, ...]) -> tuple:
    """[x, y, width, height, label] that holds all pixels of a shape."""
    xs, ys = points[0::2], points[1::2]
    x, y = min(xs), min(ys)
    return (x, y, max(xs) - x + 1, max(ys) - y + 1, _LABEL)


CONVERTER = Converter(ObjectCXR.METAINFO, read_object_cxr, OBJECT_CXR_COUNTS)
