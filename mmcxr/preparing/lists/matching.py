"""Find the images of a table that a list means under other folders and suffixes."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mmcxr.datasets.tables.film_names import parse_film_name, without_suffix

#: Ways to find an image, the surest first.
WAYS = ('name', 'end of the path', 'id in the name', 'file name')


@dataclass(frozen=True)
class Matches:
    """What was found of N names.

    Args:
        rows: {name: number of the image}, for those found.
        ways: {name: one of :data:`WAYS`}, for those found.
        missing: names of which there is no image.
        ambiguous: {name: what else it could be, or is also meant}.
    """

    rows: dict[str, int]
    ways: dict[str, str]
    missing: tuple[str, ...]
    ambiguous: dict[str, str]


def match_images(names: Sequence[str], images: Sequence[str]) -> Matches:
    """Find each of ``names`` among ``images``; nothing is guessed.

    In this order: the same path; one path is the end of the other, suffixes apart;
    the same id of a known collection (:mod:`film_names`); the same
    file name without suffix, if no other name or image has it. A name that fits two
    images is ambiguous; so is one of two names that fit one image, unless it is that
    image's path or an id says that both are one film.
    """
    names = list(dict.fromkeys(names))
    row_of = {image: row for row, image in enumerate(images)}
    rows = {name: row_of[name] for name in names if name in row_of}
    ways = dict.fromkeys(rows, WAYS[0])
    ambiguous: dict[str, str] = {}
    stems = Counter(_stem(name) for name in names)
    finders = (
        (WAYS[1], _by_path_end),
        (WAYS[2], _by_id),
        (WAYS[3], lambda left, films: _by_stem(left, films, stems)),
    )
    for way, find in finders:
        left = [name for name in names if name not in rows and name not in ambiguous]
        for name, candidates in find(left, images) if left else ():
            if len(candidates) == 1:
                rows[name], ways[name] = candidates[0], way
            else:
                shown = ', '.join(images[row] for row in candidates[:3])
                ambiguous[name] = f'{len(candidates)} images: {shown}'
    for name, other in _two_of_one(rows, ways):
        del rows[name], ways[name]
        ambiguous[name] = f'the image that {other} means too'
    missing = tuple(n for n in names if n not in rows and n not in ambiguous)
    return Matches(rows, ways, missing, ambiguous)


def _by_path_end(
    names: list[str], images: Sequence[str]
) -> Iterator[tuple[str, list[int]]]:
    """Images whose path ends in the name's, or the reverse; the longest ends only."""
    wanted = {without_suffix(name) for name in names}
    paths: dict[str, list[int]] = {}  # whole paths of images
    ends: dict[str, list[int]] = {}  # ends of their paths that are whole names
    for row, image in enumerate(images):
        path = without_suffix(image)
        paths.setdefault(path, []).append(row)
        for end in _ends(path):
            if end in wanted:
                ends.setdefault(end, []).append(row)
    for name in names:
        path = without_suffix(name)
        found = ends.get(path) or next(
            (paths[end] for end in _ends(path) if end in paths), None
        )
        if found:
            yield name, found


def _by_id(names: list[str], images: Sequence[str]) -> Iterator[tuple[str, list[int]]]:
    films = {name: parse_film_name(name) for name in names}
    wanted = {(film.source, film.film) for film in films.values() if film}
    found: dict[tuple, list[int]] = {}
    for row, image in enumerate(images if wanted else ()):
        film = parse_film_name(image)
        if film and (film.source, film.film) in wanted:
            found.setdefault((film.source, film.film), []).append(row)
    for name, film in films.items():
        if film and (film.source, film.film) in found:
            yield name, found[film.source, film.film]


def _by_stem(
    names: list[str], images: Sequence[str], stems: Counter
) -> Iterator[tuple[str, list[int]]]:
    wanted = {_stem(name) for name in names}
    found: dict[str, list[int]] = {}
    for row, image in enumerate(images):
        if (stem := _stem(image)) in wanted:
            found.setdefault(stem, []).append(row)
    for name in names:
        rows = found.get(_stem(name), [])
        # Under other folders, a name shared with another film tells nothing.
        if rows and stems[_stem(name)] == 1:
            yield name, rows


def _two_of_one(rows: dict[str, int], ways: dict[str, str]) -> list[tuple[str, str]]:
    """(name, another) where both fit one image and no id says that they are one."""
    of_row: dict[int, list[str]] = {}
    for name, row in rows.items():
        of_row.setdefault(row, []).append(name)
    found = []
    for names in of_row.values():
        if len(names) > 1:
            films = {parse_film_name(name) for name in names}
            if len(films) > 1 or None in films:
                unsure = [name for name in names if ways[name] != WAYS[0]]
                found += [(n, next(o for o in names if o != n)) for n in unsure]
    return found


def _ends(path: str) -> Iterator[str]:
    """The path and its ends, from long to short."""
    while True:
        yield path
        _, slash, path = path.partition('/')
        if not slash:
            return


def _stem(name: str) -> str:
    return without_suffix(name).rpartition('/')[2]
