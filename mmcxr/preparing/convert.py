"""Run a converter: place all films, write the split lists and, last, the table."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from mmcxr.datasets.tables.table import FACTS, IDS, TABLE_NAMES
from mmcxr.datasets.tables.table_checks import is_safe_path
from mmcxr.datasets.tables.table_file import TableError
from mmcxr.processes import in_order

from .archives import read_all
from .films import Converter, Film, Listing
from .journal import Journal
from .placing import Options, Placed, film_key, place_film, strip_suffix
from .source import Source
from .verify import Verification, verify
from .writing import Tally, with_progress, write_dataset


def convert(
    converter: Converter,
    source: str | Path,
    out: str | Path,
    options: Options | None = None,
    workers: int = 0,
    limit: int | None = None,
    **extra,
) -> Verification:
    """Write the dataset to folder ``out``, then hold it to what is published.

    It may be run again: what is there and right is left as it is, and after a kill it
    goes on. While films are missing or of other options there is no table.

    Args:
        converter: of the dataset.
        source: folder or archive of the official download.
        out: folder to write to.
        options: how films are stored.
        workers: processes; 0: none but the caller's.
        limit: only the first so many films.
        extra: the converter's own options.

    Returns:
        Counts, and faults both of the source and of what is written.

    Raises:
        TableError: a source, or a folder to write to, that cannot be used at all.
        ValueError: no film of the source can be used.
    """
    root, tally, options = Path(out), Tally(), options or Options()
    for name in TABLE_NAMES[1:]:
        if (root / name).exists():
            raise TableError(f'{root / name}: remove it, or convert to another folder')
    _refuse_overlap(Path(source), root)
    source = Source(source, tally, leave_out=root)
    listing = converter.read(source, tally, **extra)
    films = _usable(listing, tally)[:limit]
    if not films:
        raise ValueError(f'{source.root}: no film can be used; {_reasons(tally)}')
    with Journal(root) as journal:
        placed = _place_all(films, source.checksums, journal, options, workers)
        for one in placed:
            for fault, kind, name in one.faults:
                if fault:
                    tally.fault(fault, kind, name)
                else:
                    tally.note(kind, name)
        done = {one.image: one for one in placed if one.name}
        rows = (_row(film, done[film.image]) for film in films if film.image in done)
        write_dataset(root, collect(rows, len(done)), _splits(listing, done))
        made = dict(dataset=converter.facts['dataset'], release=listing.release)
        made |= dict(options={**asdict(options), **extra}, limit=limit)
        made['faults'] = tally.faults()
        journal.finish(done.values(), made)
    digests = {one.name: one.digest for one in done.values()}
    return verify(root, converter.reported, digests=digests, tally=tally)


def _refuse_overlap(source: Path, root: Path) -> None:
    """What is read must not be overwritten."""
    source, root = source.resolve(), root.resolve()
    written = (root / 'images', root / 'masks')
    if root == source or any(map(source.is_relative_to, written)):
        raise TableError(f'{root}: overlaps with the source, {source}; choose another')


def collect(rows: Iterable[Mapping[str, object]], number: int) -> pd.DataFrame:
    """A table of cells by column: ids, facts, masks, labels, boxes, extras.

    Args:
        rows: cells by column; what a row lacks is empty.
        number: of the rows.
    """
    cells: dict[str, list] = {}
    for place, row in enumerate(rows):
        for name, cell in row.items():
            column = cells.get(name)
            if column is None:
                column = cells[name] = [''] * number
            column[place] = cell
    known = [name for name in (*IDS, *FACTS) if name in cells and name != 'boxes']
    masks = [name for name in cells if name.startswith('mask_')]
    extras = [name for name in cells if name.startswith('extra_')]
    boxes = [name for name in cells if name == 'boxes']
    labels = [n for n in cells if n not in {*known, *masks, *extras, *boxes}]
    ordered = [*known, *masks, *labels, *boxes, *extras]
    return pd.DataFrame({name: cells[name] for name in ordered})


def _usable(listing: Listing, tally: Tally) -> list[Film]:
    """Films that have a file and a name of their own; what is amiss is noted."""
    films, stems = [], set()
    for film in listing.films:
        stem = strip_suffix(film.image)
        if not is_safe_path(film.image):
            tally.fault('invalid', 'names that are no path under images/', film.image)
        elif film.file is None:
            tally.fault('missing', 'listed films that are not there', film.image)
        elif stem in stems:
            kind = 'films whose name another has, but for the suffix; left out'
            tally.fault('duplicate', kind, film.image)
        else:
            stems.add(stem)
            films.append(film)
    used = {film.file.name for film in films}
    for member in listing.found:
        if member.name not in used:
            tally.fault('extra', 'film files that nothing lists', member.name)
    return films


def _place_all(
    films: list[Film],
    checksums: Mapping[str, str],
    journal: Journal,
    options: Options,
    workers: int,
) -> list[Placed]:
    root, jobs, placed = journal.root, {}, {}
    for film in films:
        checksum = checksums.get(film.file.name, '')
        jobs[film.image] = checksum, film_key(film, checksum, options)
        placed[film.image] = journal.done(film.image, jobs[film.image][1])
    todo = [film for film in films if placed[film.image] is None]
    if todo:
        (root / 'table.csv').unlink(missing_ok=True)
    failed: dict[str, str] = {}
    calls = (
        (film, *jobs[film.image], root, options, data)
        for film, data in _with_data(todo, failed)
    )
    results = in_order(place_film, calls, workers)
    for one in with_progress(results, 'placing films', total=len(todo)):
        placed[one.image] = one
        if one.name:
            journal.add(one)
    for film in todo:
        if film.file.name in failed:
            faults = [('unreadable', 'films; left out', failed[film.file.name])]
            placed[film.image] = Placed(film.image, '', faults=faults)
    return list(placed.values())


def _with_data(
    films: list[Film], failed: dict[str, str]
) -> Iterator[tuple[Film, bytes | None]]:
    """Films, with their content where it comes out of a stream.

    The others are read where they are placed. What a stream cannot give goes to
    ``failed``, with the cause, by the name of the file.
    """
    streamed = {film.file.name: film for film in films if film.file.streamed}
    yield from ((film, None) for film in films if not film.file.streamed)
    for member, data in read_all((f.file for f in streamed.values()), failed):
        yield streamed[member.name], data


def _row(film: Film, placed: Placed) -> dict:
    row = {'image': '', 'patient_id': '', 'study_id': '', **film.known_cells()}
    row['image'] = placed.name
    told = {n: cell for n, cell in placed.cells.items() if row.get(n, '') == ''}
    return row | told


def _splits(listing: Listing, done: dict[str, Placed]) -> dict[str, pd.DataFrame]:
    """Split lists of the films that are there, under the names they have now."""
    lists = {}
    for scheme, listed in listing.splits.items():
        rows = [(done[image].name, split) for image, split in listed if image in done]
        if rows:
            lists[scheme] = pd.DataFrame(
                list(dict.fromkeys(rows)), columns=['image', 'split']
            )
    return lists


def _reasons(tally: Tally) -> str:
    return '; '.join(tally.lines()) or 'it lists none'
