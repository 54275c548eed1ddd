"""JSRT's digital image database, with SCR's outlines where they are in SOURCE.

http://db.jsrt.or.jp/eng.php, https://www.isi.uu.nl/Research/Databases/SCR/

- ``JPCLN001.IMG`` ... with a nodule, ``JPCNN001.IMG`` ... without: 2,048 x 2,048
  big-endian numbers of 16 bits without a header, of which 12 are used. They are optical
  densities, so that air, which blackens a film, is high and bone low: readers of these
  files turn them round, and so does this. They become 16-bit PNG of 4,095 - density;
  numbers above 4,095 count as that.
- ``CLNDAT_EN.txt``, a line per nodule: film, subtlety (1 extremely subtle to 5
  obvious), size in mm, age, sex, x and y of its centre, malignant or benign, place,
  diagnosis. ``CNNDAT_EN.txt``: film, age, sex, non-nodule. Unknown is "?". Lines go
  about that have run together, so a record begins where the name of a film does.
- ``scratch/{fold1,fold2}/masks/{left lung,right lung,heart,left clavicle,right
  clavicle}/JPCLN001.gif``, 1,024 x 1,024: enlarged to the film, and both lungs together
  in ``mask_lungs``. The folds become the split scheme ``scr``.

``boxes`` has the square around a nodule whose size is known, 0.175 mm a pixel; it is
as exact as centre and size are. All films are postero-anterior. The layout of the
tables was taken from programs that read them, not from a download.
"""

import re

import cv2
import numpy as np

from mmcxr.datasets.films.grey import UnreadableFilm
from mmcxr.datasets.public.jsrt import JSRT, JSRT_COUNTS, JSRT_STRUCTURES
from mmcxr.preparing.archives import Member
from mmcxr.preparing.films import Converter, Film, Listing, MaskUnion, ScaledMask
from mmcxr.preparing.source import Source, read_member
from mmcxr.preparing.writing import Tally

_SIDE, _TOP = 2048, 4095
_PIXEL = 0.175  # mm
_NAME = r'JPC[LN]N\d{3}\.IMG'
_SEXES = {'male': 'M', 'female': 'F', '?': ''}
_NODULE = re.compile(
    rf'(?P<film>{_NAME})\s+(?P<subtlety>[1-5])\s+(?P<size>\d+(?:\.\d+)?|\?)\s+'
    r'(?P<age>\d{1,3}|\?)\s+(?P<sex>male|female|\?)\s+(?P<x>\d+)\s+(?P<y>\d+)\s+'
    r'(?P<kind>malignant|benign)\b\s*(?P<text>.*)',
    re.DOTALL,
)
_CLEAR = re.compile(
    rf'(?P<film>{_NAME})\s+(?P<age>\d{{1,3}}|\?)\s+(?P<sex>male|female|\?)\s+'
    r'(?P<kind>non-nodule)\s*',
)


def read_jsrt(source: Source, tally: Tally) -> Listing:
    """List the films of both tables, with the outlines that are there."""
    found = source.named('.img')
    outlines = {name: source.named('.gif', under=name) for name in JSRT_STRUCTURES}
    films, splits = [], []
    for stem, cells, boxes in _read_tables(source, tally):
        masks = {
            f'mask_{name.replace(" ", "_")}': ScaledMask(files[stem])
            for name, files in outlines.items()
            if stem in files
        }
        lungs = [masks.get(f'mask_{side}_lung') for side in ('left', 'right')]
        if all(lungs):
            masks['mask_lungs'] = MaskUnion(tuple(lungs))
        if any(outlines.values()) and len(masks) < len(JSRT_STRUCTURES) + 1:
            tally.fault('missing', 'outlines of films', stem)
        frame = (_SIDE, _SIDE)
        film = Film(
            f'{stem}.png',
            found.get(stem),
            cells,
            masks,
            boxes,
            frame,
            translate=decode_densities,
        )
        films.append(film)
        file = outlines['heart'].get(stem)
        fold = re.search(r'(?:^|/)(fold[12])/', file.name) if file else None
        splits += [(film.image, fold[1])] if fold else []
    stems = {film.image.removesuffix('.png') for film in films}
    for name, files in outlines.items():
        for stem in files.keys() - stems:
            tally.fault('missing', 'films of outlines', f'{name}/{stem}')
    release = 'with outlines' if any(outlines.values()) else 'without outlines'
    return Listing(films, dict(scr=splits), found.values(), release)


def decode_densities(data: bytes, name: str) -> bytes:
    """A PNG of 16 bits, bone bright, of the numbers of a file of the JSRT.

    Args:
        data: 2,048 x 2,048 big-endian uint16, rows from the top.
        name: of the file, for messages.

    Raises:
        UnreadableFilm: of another length.
    """
    if len(data) != 2 * _SIDE**2:
        raise UnreadableFilm(
            f'{name}: has {len(data):,} bytes, not the {2 * _SIDE**2:,} of a film of '
            f'{_SIDE} x {_SIDE}; copy it again'
        )
    densities = np.frombuffer(data, '>u2').reshape(_SIDE, _SIDE)
    film = _TOP - np.minimum(densities, _TOP).astype(np.uint16)
    return cv2.imencode('.png', film)[1].tobytes()


def _read_tables(source: Source, tally: Tally):
    """(film, cells, boxes) of each record; one that is none is a fault."""
    tables = (('CLNDAT_EN', _NODULE), ('CNNDAT_EN', _CLEAR))
    for name, pattern in tables:
        member = source.need(*(f'{name}.{end}' for end in ('txt', 'TXT')))
        for number, text in enumerate(_records(member), start=1):
            match = pattern.fullmatch(text)
            if match is None:
                place = f'{member.name}: record {number}: {" ".join(text.split())[:70]}'
                tally.fault('invalid', 'records that are not understood', place)
                continue
            yield _cells(match.groupdict(), tally)


def _records(member: Member) -> list[str]:
    text = read_member(member).decode('utf-8', 'replace').lstrip('\ufeff')
    starts = [match.start() for match in re.finditer(_NAME, text)]
    ends = [*starts[1:], len(text)]
    head = [text[: starts[0] if starts else None]]
    records = head + [text[a:b] for a, b in zip(starts, ends, strict=True)]
    return [record.strip() for record in records if record.strip()]


def _cells(record: dict[str, str], tally: Tally) -> tuple[str, dict, tuple]:
    stem = record['film'].removesuffix('.IMG')
    cells = dict(
        view='PA',
        sex=_SEXES[record['sex']],
        age='' if record['age'] == '?' else str(int(record['age'])),
        Nodule=int(record['kind'] != 'non-nodule'),
    )
    cells['Malignant nodule'] = int(record['kind'] == 'malignant')
    if 'x' not in record:
        return stem, cells, ()
    size = record['size'].replace('?', '')
    cells |= dict(
        extra_subtlety=record['subtlety'],
        extra_size_mm=size,
        extra_centre=f'{record["x"]} {record["y"]}',
        extra_nodule=' '.join(record['text'].split()),
    )
    if not size or float(size) == 0:
        tally.note('nodules of unknown size, without a box', stem)
        return stem, cells, None
    side = float(size) / _PIXEL
    left, top = (int(record[axis]) + 0.5 - side / 2 for axis in 'xy')
    return stem, cells, ((left, top, side, side, 'Nodule'),)


CONVERTER = Converter(JSRT.METAINFO, read_jsrt, JSRT_COUNTS)
