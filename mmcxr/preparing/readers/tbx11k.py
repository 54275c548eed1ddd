"""TBX11K (https://mmcheng.net/tb), as it unpacks.

``imgs/{health,sick,tb,test}/``, ``lists/TBX11K_{train,val}.txt`` and ``all_test.txt``
(lines such as ``tb/tb0003.png``), ``annotations/json/TBX11K_{train,val}.json`` in COCO
form, whose boxes count in the 512 px of the films. The boxes in ``annotations/xml`` are
of the films before they were shrunk and are not read. ``imgs/extra/`` holds films of
four other data sets (Montgomery and Shenzhen among them) and is left out.

The folder says what a film shows; which tuberculosis it is only the boxes tell. One
film of tuberculosis (``tb1199.png``) has none. Test films have no published label. Who
the patients are is not published.
"""

import json

from mmcxr.datasets.public.tbx11k import TBX11K, TBX11K_COUNTS
from mmcxr.datasets.tables.table_file import TableError
from mmcxr.preparing.archives import Member
from mmcxr.preparing.films import Converter, Film, Listing
from mmcxr.preparing.source import Source, read_member
from mmcxr.preparing.writing import Tally

_KINDS = {'health': 'Healthy', 'sick': 'Sick', 'tb': 'Tuberculosis'}
_TYPES = ('ActiveTuberculosis', 'ObsoletePulmonaryTuberculosis')
_FILMS = ('.png', '.jpg', '.jpeg')


def read_tbx11k(source: Source, tally: Tally) -> Listing:
    """List the films of all three splits."""
    boxes, frames = {}, {}
    for split in ('train', 'val'):
        _read_boxes(source.need(f'TBX11K_{split}.json'), boxes, frames)
    found = [file for file in source.members.values() if _is_film(file)]
    extra = [file for file in found if '/extra/' in file.name]
    for file in extra:
        tally.note('films of other data sets; left out', file.name)
    films, splits = [], []
    for image, split in _read_lists(source, tally):
        kind = image.partition('/')[0]
        cells = _labels(kind, boxes.get(image, []))
        if split == 'test':
            cells = dict.fromkeys(cells, '')
        elif kind not in _KINDS:
            tally.fault('invalid', 'films of no known folder', image)
        elif image not in frames:
            tally.fault('missing', 'films without an entry in the JSON', image)
        elif kind != 'tb' and boxes[image]:
            tally.fault('invalid', 'boxes on films without tuberculosis', image)
        elif kind == 'tb' and not boxes[image]:
            tally.note('films of tuberculosis without a box', image)
        listed = None if split == 'test' else tuple(boxes.get(image, ()))
        file = source.find(f'imgs/{image}')
        films.append(Film(image, file, cells, {}, listed, frames.get(image)))
        splits.append((image, split))
    names = {image for image, _ in splits}
    for image in sorted(set(frames) - names):
        tally.fault('invalid', 'films of the JSON that no list has', image)
    extras = {file.name for file in extra}
    found = [file for file in found if file.name not in extras]
    has_test = any(split == 'test' for _, split in splits)
    release = 'with test films' if has_test else 'labelled films'
    return Listing(films, dict(official=splits), found, release)


def _labels(kind: str, boxes: list[tuple]) -> dict[str, int | str]:
    """Labels by folder and boxes; a film of tuberculosis without box has no type."""
    labels = {name: int(name == _KINDS.get(kind)) for name in _KINDS.values()}
    kinds = {label for *_, label in boxes}
    unknown = kind == 'tb' and not boxes
    return labels | {name: '' if unknown else int(name in kinds) for name in _TYPES}


def _read_boxes(member: Member, boxes: dict, frames: dict) -> None:
    """Boxes and (height, width) by film, from a file in COCO form."""
    try:
        content = json.loads(read_member(member))
        names = {one['id']: one['name'] for one in content['categories']}
        images = {one['id']: one['file_name'] for one in content['images']}
        for one in content['images']:
            frames[one['file_name']] = (int(one['height']), int(one['width']))
            boxes.setdefault(one['file_name'], [])
        for one in content['annotations']:
            x, y, width, height = map(float, one['bbox'])
            box = (x, y, width, height, names[one['category_id']])
            boxes[images[one['image_id']]].append(box)
    except (ValueError, TypeError, KeyError) as error:
        fault = f'{member}: not annotations in COCO form ({error!r})'
        raise TableError(fault) from error


def _read_lists(source: Source, tally: Tally) -> list[tuple[str, str]]:
    """(image, split) of the lists; of the test list the films of TBX11K itself."""
    listed = []
    names = dict(train='TBX11K_train', val='TBX11K_val', test='all_test')
    for split, name in names.items():
        member = source.find(f'{name}.txt')
        if member is None and split == 'test':
            tally.note('lists not there', f'{name}.txt')
            continue
        member = member or source.need(f'{name}.txt')
        images = read_member(member).decode('utf-8-sig').split()
        own = [image for image in images if not image.startswith('extra/')]
        listed += [(image, split) for image in own]
    return listed


def _is_film(file: Member) -> bool:
    return '/imgs/' in f'/{file.name}' and file.suffix in _FILMS


CONVERTER = Converter(TBX11K.METAINFO, read_tbx11k, TBX11K_COUNTS)
