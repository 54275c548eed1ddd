"""Hold a converted dataset to its own table and to what is published about it."""

import os
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import pandas as pd

from mmcxr.datasets.films.film import MaskError, decode_film, decode_mask
from mmcxr.datasets.films.grey import UnreadableFilm
from mmcxr.datasets.tables.reported_counts import ReportedCounts
from mmcxr.datasets.tables.splits import read_split
from mmcxr.datasets.tables.table import label_columns, mask_columns, read_table
from mmcxr.datasets.tables.table_file import TableError
from mmcxr.processes import in_order

from .journal import as_json, read_made
from .writing import Tally, with_progress, write_text

_LABELS = {1: 'positive', 0: 'negative', -1: 'uncertain'}


@dataclass(frozen=True)
class Count:
    """A number of a dataset beside the published one, if there is one."""

    name: str
    found: int
    reported: int | None = None
    source: str = ''

    def line(self) -> str:
        """To print."""
        start = f'{self.name}: {self.found:,}'
        if self.reported is None:
            return start
        if self.found == self.reported:
            return f'{start} as published ({self.source})'
        return f'{start}, published {self.reported:,} ({self.source})'


@dataclass(frozen=True)
class Verification:
    """What a dataset holds, and what is wrong with it."""

    counts: list[Count]
    tally: Tally

    def refused(self, accepted: Collection[str] = ()) -> list[str]:
        """Faults that are there and not accepted."""
        return [fault for fault in self.tally.faults() if fault not in accepted]

    def lines(self) -> list[str]:
        """To print: counts but for absent labels, then what was met, with faults."""
        told = [
            count.line()
            for count in self.counts
            if count.reported is not None or not count.name.endswith(' negative')
        ]
        return [*told, *self.tally.lines()]


def verify(
    root: str | Path,
    reported: Sequence[ReportedCounts] = (),
    workers: int = 0,
    digests: Mapping[str, str] | None = None,
    tally: Tally | None = None,
) -> Verification:
    """Check every file of the dataset in folder ``root``, and count.

    Every image and mask is decoded once, missing, unreadable, byte-identical and
    surplus files are named, and numbers are compared with those published for the
    release, unless the conversion was limited. All of it is written to
    ``verification.json``.

    Args:
        root: folder of the dataset.
        reported: numbers that sources report about it, of any release.
        workers: processes that decode; 0: none but the caller's.
        digests: of the images by name, where they have just been decoded and written.
        tally: of the conversion; else what ``made.json`` says was wrong then.

    Raises:
        TableError: a table or split list that cannot be used.
    """
    root, made = Path(root), read_made(Path(root))
    table = read_table(root)
    if tally is None:
        tally = Tally()
        for fault, kinds in made.get('faults', {}).items():
            for kind, names in kinds.items():
                for name in names:
                    tally.fault(fault, kind.partition(': ')[2], name)
    wanted = _wanted(table)
    present = set(_files(root))
    for name in sorted(wanted - present):
        tally.fault('missing', 'files of the table', name)
    for name in sorted(present - wanted):
        tally.fault('extra', 'files the table does not name', name)
    if digests is None:
        digests = _decode_all(root, table, present, workers, tally)
    _note_duplicates(digests, tally)
    counts = count_table(root, table, tally)
    counts = _compare(counts, reported, made, tally)
    result = Verification(counts, tally)
    report = dict(counts={count.name: count.found for count in counts})
    report['published'] = {
        f'{count.name} ({count.source})': count.reported
        for count in counts
        if count.reported is not None
    }
    report |= dict(made=made, faults=tally.faults())
    write_text(root / 'verification.json', as_json(report))
    return result


def count_table(root: Path, table: pd.DataFrame, tally: Tally) -> list[Count]:
    """Images, patients, studies, reports, labels, masks, boxes, splits: all above 0.

    Split lists that do not fit the table are faults.
    """
    has_report = (table['findings'] != '') | (table['impression'] != '')
    reports = table.loc[has_report, ['patient_id', 'study_id']].drop_duplicates()
    studies = table[['patient_id', 'study_id']].drop_duplicates()
    counts = {
        'images': len(table),
        'patients': table['patient_id'].nunique(),
        'studies': len(studies),
        'reports': len(reports),
        'boxes': sum(map(len, table['boxes'])),
    }
    for name in label_columns(table):
        for label, meaning in _LABELS.items():
            counts[f'{name} {meaning}'] = int((table[name] == label).sum())
    for name in mask_columns(table):
        counts[f'{name} masks'] = int((table[name] != '').sum())
    for path in sorted((root / 'splits').glob('*.csv')):
        try:
            scheme = read_split(root, path.stem, table)
        except TableError as error:
            tally.fault('invalid', 'split lists', str(error))
            continue
        for split, rows in scheme.rows.items():
            counts[f'{scheme.name} {split}'] = len(rows)
    return [Count(name, found) for name, found in counts.items() if found]


def counts_by_name(reported: ReportedCounts) -> dict[str, int]:
    """Reported numbers by the names that :func:`count_table` gives them."""
    names = ('images', 'patients', 'studies', 'reports', 'boxes')
    counts = {name: getattr(reported, name) for name in names}
    for meaning in _LABELS.values():
        labels = getattr(reported, meaning)
        counts |= {f'{name} {meaning}': number for name, number in labels.items()}
    counts |= {f'{name} masks': n for name, n in reported.masks.items()}
    for scheme, splits in reported.splits.items():
        counts |= {f'{scheme} {split}': n for split, n in splits.items()}
    return {name: count for name, count in counts.items() if count is not None}


def _compare(
    counts: list[Count], reported: Sequence[ReportedCounts], made: dict, tally: Tally
) -> list[Count]:
    """Counts with the published ones beside them; differences are faults."""
    release, limit = made.get('release', ''), made.get('limit')
    claims = [claim for claim in reported if claim.covers(release)]
    if reported and (limit is not None or not claims):
        cause = f'only {limit} films were converted'
        cause = cause if claims else f'nothing is published about {release!r}'
        tally.note('numbers not compared with published ones', cause)
        return counts
    found = {count.name: count.found for count in counts}
    compared = []
    for claim in claims:
        for name, number in counts_by_name(claim).items():
            count = Count(name, found.get(name, 0), number, claim.source)
            compared.append(count)
            if count.found != number:
                tally.fault('count', 'numbers that differ', count.line())
    known = {count.name for count in compared}
    return [*compared, *(count for count in counts if count.name not in known)]


def _wanted(table: pd.DataFrame) -> set[str]:
    """Files that the table names, as paths under the folder of the dataset."""
    wanted = {f'images/{image}' for image in table['image']}
    for name in mask_columns(table):
        wanted |= {f'masks/{mask}' for mask in table[name] if mask}
    return wanted


def _files(root: Path) -> Iterator[str]:
    """Files under images/ and masks/; links that lead nowhere are none."""
    for top in ('images', 'masks'):
        for folder, _, names in os.walk(root / top):
            inside = os.path.relpath(folder, root).replace(os.sep, '/')
            for name in names:
                if os.path.isfile(os.path.join(folder, name)):
                    yield f'{inside}/{name}'


def _decode_all(
    root: Path, table: pd.DataFrame, present: set[str], workers: int, tally: Tally
) -> dict[str, str]:
    """Digests of the images that can be read, with masks that fit them."""
    columns = mask_columns(table)
    calls = [
        (root, image, [mask for mask in masks if f'masks/{mask}' in present])
        for image, *masks in table[['image', *columns]].itertuples(index=False)
        if f'images/{image}' in present
    ]
    digests = {}
    results = in_order(_decode, calls, workers)
    for image, digest, faults in with_progress(results, 'decoding', total=len(calls)):
        for kind, name in faults:
            tally.fault('unreadable', kind, name)
        if digest:
            digests[image] = digest
    return digests


def _decode(root: Path, image: str, masks: list[str]) -> tuple[str, str, list]:
    """(image, digest of its bytes or '', faults)."""
    path, faults = root / 'images' / image, []
    try:
        data = path.read_bytes()
        shape = decode_film(data, str(path)).shape
    except (OSError, UnreadableFilm) as error:
        return image, '', [('images', str(error))]
    for mask in masks:
        name = root / 'masks' / mask
        try:
            decode_mask(name.read_bytes(), str(name), shape)
        except (OSError, MaskError) as error:
            faults.append(('masks', str(error)))
    return image, blake2b(data, digest_size=16).hexdigest(), faults


def _note_duplicates(digests: Mapping[str, str], tally: Tally) -> None:
    counts = Counter(digests.values())
    groups: dict[str, list[str]] = {}
    for image, digest in digests.items():
        if counts[digest] > 1:
            groups.setdefault(digest, []).append(image)
    for images in groups.values():
        tally.fault('duplicate', 'images of the same bytes', ' = '.join(images))
