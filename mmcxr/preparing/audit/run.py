"""Audit converted datasets and published lists."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pandas as pd

from mmcxr.datasets.tables.splits import SplitScheme, read_split
from mmcxr.datasets.tables.table import TABLE_NAMES, read_table
from mmcxr.datasets.tables.table_file import TableError
from mmcxr.preparing.lists.known_lists import known_lists
from mmcxr.preparing.lists.list_folders import find_split_lists
from mmcxr.preparing.lists.split_lists import read_split_lists

from .checks import check_subject
from .cross import cross_conflicts, cross_overlaps
from .films import Progress, search_copies, write_identities
from .findings import Finding
from .links import Links, read_links
from .subject import Subject, subject_of_lists, subject_of_table, with_copies


@dataclass
class Audit:
    """What was looked at and what was found.

    Args:
        subjects: audited, in their order.
        findings: leaks, faults and notes.
        copies: pairs of films, if they were looked for; see :mod:`.films`.
        written: files that keep what was found.
    """

    subjects: list[Subject]
    findings: list[Finding]
    copies: pd.DataFrame | None = None
    written: list[Path] = field(default_factory=list)


@dataclass(frozen=True)
class Request:
    """What to audit.

    Args:
        data: folders of converted datasets.
        schemes: of them; empty: all that are there.
        lists: (``mrm``, ``benchx``, ``knobo`` or ``any``; folder or file) each.
        against: folders of converted datasets or of lists that a model may have been
            trained on.
        links: crosswalks and tables of patients.
        films: look for copies of films, and write what is found.
        pack: name of a pack of each dataset, to read the films from.
        workers: threads that read films.
    """

    data: Sequence[Path] = ()
    schemes: Sequence[str] = ()
    lists: Sequence[tuple[str, Path]] = ()
    against: Sequence[Path] = ()
    links: Sequence[Path] = ()
    films: bool = False
    pack: str | None = None
    workers: int = 1


def run_audit(request: Request, progress: Progress = lambda *_: None) -> Audit:
    """Read everything, look for copies if wanted, and run all checks.

    Raises:
        TableError: something that cannot be read.
    """
    links = read_links(request.links)
    trained = [root for root in request.against if _is_dataset(root)]
    tables = {root: read_table(root) for root in (*request.data, *trained)}
    audit = Audit([], [])
    copies: dict[Path, pd.Series] = {}
    if request.films and tables:
        copies, audit.copies, bad = search_copies(
            tables, request.workers, progress, request.pack
        )
        for root, films in bad.items():
            if films:
                names, total = tuple(films), len(tables[root])
                audit.findings.append(
                    Finding(
                        'unreadable', str(root), (str(root),), len(names), total, names
                    )
                )
    for root in request.data:
        if root in copies or links.films:
            path = write_identities(root, tables[root], copies.get(root), links)
            audit.written += [path] if path else []
        for scheme in _schemes(root, request.schemes, tables[root]):
            name = f'{root}: {scheme.name}'
            found = subject_of_table(name, root, tables[root], scheme, links)
            if root in copies:
                found = with_copies(found, copies[root])
            audit.subjects.append(found)
    for system, folder in request.lists:
        audit.subjects += _read_lists(system, folder, links, audit.findings)
    others = []
    for root in request.against:
        if root not in trained:
            others += _read_lists('any', root, links, audit.findings)
            continue
        whole = SplitScheme('all', {'all': tables[root].index.to_numpy()}, 0, ())
        other = subject_of_table(str(root), root, tables[root], whole, links)
        others.append(with_copies(other, copies[root]) if root in copies else other)
    for subject in audit.subjects:
        audit.findings += check_subject(subject)
    audit.findings += cross_conflicts(audit.subjects)
    for subject in audit.subjects:
        for other in others:
            audit.findings += cross_overlaps(subject, other)
    return audit


def _is_dataset(root: Path) -> bool:
    return any((root / name).is_file() for name in TABLE_NAMES)


def _schemes(
    root: Path, names: Sequence[str], table: pd.DataFrame
) -> list[SplitScheme]:
    """Schemes by name, or all lists in ``splits/`` and ``clean``."""
    if not names:
        names = sorted(path.stem for path in (root / 'splits').glob('*.csv'))
        names += [] if 'clean' in names else ['clean']
    return [read_split(root, name, table) for name in names]


def _read_lists(
    system: str, folder: Path, links: Links, findings: list[Finding]
) -> list[Subject]:
    """Subjects of the lists in a folder; those that cannot be read become a finding.

    Raises:
        TableError: none can be read.
    """
    if system == 'any':
        readers = {
            group or folder.name: partial(read_split_lists, group or folder.name, files)
            for group, files in find_split_lists(folder).items()
        }
    else:
        there = [one for one in known_lists(system) if one.is_in(folder)]
        # Without any, reading the first says what was looked for.
        there = there or known_lists(system)[:1]
        readers = {one.name: partial(one.read, folder) for one in there}
    subjects, errors = [], []
    for read in readers.values():
        try:
            subjects.append(subject_of_lists(read(), links))
        except TableError as error:
            errors.append(error)
    if not subjects:
        raise errors[0]
    if errors:
        name, texts = str(folder), tuple(map(str, errors))
        findings.append(
            Finding('lists', name, (name,), len(errors), len(readers), texts)
        )
    return subjects
