"""Which films of a list can be read, found out once."""

import json
import os
from collections.abc import Iterable
from pathlib import Path

from mmcxr.datasets.films.film import read_film
from mmcxr.datasets.films.grey import UnreadableFilm
from mmcxr.evaluation.functional.results import write_results
from mmcxr.preparing.writing import with_progress
from mmcxr.processes import in_order


def unreadable_films(
    paths: Iterable[str], note: Path, workers: int = 0
) -> dict[str, str]:
    """Reason for each film that cannot be read.

    Every film is decoded, as extraction and training will; what was found is kept and
    holds as long as size and time of a file stay.

    Args:
        paths: of films.
        note: file that keeps what was found.
        workers: processes that read.
    """
    known = _read_note(note)
    found, ask = {}, []
    for path in dict.fromkeys(paths):
        stamp = _stamp(path)
        if stamp is not None and known.get(path, [None])[:2] == stamp:
            found[path] = known[path]
        else:
            ask.append((path, stamp))
    reasons = in_order(_fault, ((path,) for path, _ in ask), workers)
    for (path, stamp), reason in zip(
        with_progress(ask, 'reading films'), reasons, strict=True
    ):
        found[path] = [*(stamp or [0, 0]), reason]
    write_results(note, found)
    return {path: reason for path, (_, _, reason) in found.items() if reason}


def _fault(path: str) -> str:
    """Why a film cannot be read; empty if it can."""
    try:
        read_film(path)
    except UnreadableFilm as error:
        return str(error).removeprefix(f'{path}: ')
    return ''


def _stamp(path: str) -> list[int] | None:
    try:
        stat = os.stat(path)
    except OSError:
        return None
    return [stat.st_size, stat.st_mtime_ns]


def _read_note(note: Path) -> dict:
    try:
        return json.loads(note.read_text(encoding='utf-8'))
    except (OSError, ValueError):
        return {}
