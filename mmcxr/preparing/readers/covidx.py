"""COVIDx CXR-4 (https://www.kaggle.com/datasets/andyczhao/covidx-cxr2).

``{train,val,test}.txt``, a row per film of patient, file name, class (positive or
negative) and source, with a blank between them, and folders of the same names. An image
is named ``train/<file name>``. Rows that name a film again are left out. Of the sources
cohen, fig1, actmed, sirm, rsna, ricord, bimcv, ... a row's is in ``extra_source``.
Patients are called as the lists call them.
"""

from mmcxr.datasets.public.covidx import COVIDX_ROWS, COVIDx
from mmcxr.datasets.tables.table_file import TableError
from mmcxr.preparing.films import Converter, Film, Listing
from mmcxr.preparing.source import Source
from mmcxr.preparing.writing import Tally

_SPLITS = ('train', 'val', 'test')
_SUFFIXES = ('.png', '.jpg', '.jpeg')
_CLASSES = {'positive': 1, 'negative': 0}


def read_covidx(source: Source, tally: Tally) -> Listing:
    """List the films of the three lists."""
    found = source.ending(2, *_SUFFIXES)
    films: dict[str, Film] = {}
    splits = []
    for split in _SPLITS:
        member = source.find(f'{split}.txt')
        if member is None:
            tally.note('lists not there', f'{split}.txt')
            continue
        rows = source.lines(member)
        published = COVIDX_ROWS.splits['official'][split]
        if len(rows) != published:
            kind = f'rows of lists, other than published ({COVIDX_ROWS.source})'
            tally.fault('count', kind, f'{member.name}: {len(rows)} of {published}')
        for number, row in enumerate(rows, start=1):
            place = f'{member.name}: row {number} ({row})'
            film = _read_row(row, split, place, tally)
            if film is None:
                continue
            first = films.setdefault(film.image, film)
            if first is not film:
                _note_again(first, film, place, tally)
                continue
            films[film.image] = Film(film.image, found.get(film.image), film.cells)
            splits.append((film.image, split))
    if not films:
        raise TableError(
            f'{source.root}: holds no train.txt, val.txt or test.txt with rows such as '
            "'patient file.png positive source'"
        )
    return Listing(list(films.values()), dict(official=splits), found.values(), 'CXR-4')


def _read_row(row: str, split: str, place: str, tally: Tally) -> Film | None:
    """A film without its file; the name of the file may hold blanks."""
    words = row.split()
    if len(words) < 4 or words[-2] not in _CLASSES:
        kind = 'rows that are no patient, file, class and source'
        tally.fault('invalid', kind, place)
        return None
    patient, *name, label, origin = words
    cells = {
        'patient_id': patient,
        'COVID-19': _CLASSES[label],
        'extra_source': origin,
    }
    return Film(f'{split}/{" ".join(name)}', None, cells)


def _note_again(first: Film, film: Film, place: str, tally: Tally) -> None:
    if first.cells['COVID-19'] != film.cells['COVID-19']:
        tally.fault('invalid', 'films of both classes; the first row counts', place)
    elif first.cells != film.cells:
        kind = 'rows left out, film listed before for another patient or source'
        tally.note(kind, place)
    else:
        tally.note('rows left out, film listed before', place)


CONVERTER = Converter(COVIDx.METAINFO, read_covidx, (COVIDX_ROWS,))
