"""An audit as tables to read and as JSON."""

from collections.abc import Sequence

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from .findings import FAULT, LEAK, NOTE, Finding, failures
from .run import Audit
from .subject import Subject

_COLOURS = {LEAK: 'red', FAULT: 'yellow', NOTE: 'default'}
_SHOWN_CLASSES = 3
_SHOWN_NAMES = 2


def print_audit(audit: Audit, accepted: Sequence[str], console: Console) -> None:
    """Print sizes and findings.

    Args:
        audit: what was found.
        accepted: kinds of findings that are lived with.
        console: to print to.
    """
    console.print(_sizes(audit))
    shown = [found for found in audit.findings if found.kind != 'empty classes']
    if shown:
        console.print(_findings(shown, accepted))
    lacking = len(audit.findings) - len(shown)
    if lacking:
        console.print(f'{lacking} splits have classes without positives or negatives')
    counts = [
        f'{sum(f.severity == severity for f in audit.findings)} {severity}s'
        for severity in (LEAK, FAULT, NOTE)
    ]
    failed = failures(audit.findings, accepted)
    console.print(f'{", ".join(counts)}; {len(failed)} not accepted')
    for path in audit.written:
        console.print(f'written: {path}')


def audit_json(audit: Audit, accepted: Sequence[str]) -> dict:
    """All that was found, with every name, as JSON holds it."""
    findings = [
        dict(
            kind=f.kind,
            severity=f.severity,
            accepted=f.kind in accepted,
            subject=f.subject,
            splits=list(f.splits),
            count=f.count,
            of=f.of,
            unit=f.unit or None,
            sentence=f.sentence(),
            names=list(f.names),
        )
        for f in audit.findings
    ]
    subjects = [
        dict(name=s.name, copies_searched=s.searched, splits=_counts(s))
        for s in audit.subjects
    ]
    copies = None if audit.copies is None else audit.copies.to_dict('records')
    return dict(
        format=1,
        subjects=subjects,
        findings=findings,
        copies=copies,
        failed=len(failures(audit.findings, accepted)),
    )


def class_counts(lines: pd.DataFrame, columns: Sequence[str]) -> dict[str, dict]:
    """{column: {label or class: lines}}."""
    counts = {}
    for column in columns:
        found = lines[column].value_counts(sort=False)
        counts[column] = {str(cell): int(number) for cell, number in found.items()}
    return counts


def _counts(subject: Subject) -> dict[str, dict]:
    """Lines, images, patients and classes of each split."""
    found = {}
    for split, lines in subject.lines.groupby('split', sort=False):
        rows = lines['row'].unique()
        known = rows[subject.known[rows]]
        found[str(split)] = dict(
            lines=len(lines),
            images=len(rows),
            patients=len(set(subject.identities.person[known])),
            images_without_patient=len(rows) - len(known),
            classes=class_counts(lines, (*subject.labels, *subject.categories)),
        )
    return found


def _sizes(audit: Audit) -> Table:
    table = Table('lists', 'split', box=SIMPLE_HEAD)
    for column in ('lines', 'images', 'patients'):
        table.add_column(column, justify='right')
    table.add_column('positive, or of a class', overflow='fold')
    for subject in audit.subjects:
        name = subject.name
        for split, counts in _counts(subject).items():
            patients = f'{counts["patients"]:,}' if counts['patients'] else '?'
            if counts['patients'] and counts['images_without_patient']:
                patients += '+'
            table.add_row(
                name,
                split,
                f'{counts["lines"]:,}',
                f'{counts["images"]:,}',
                patients,
                _classes(counts['classes'], subject),
            )
            name = ''
    return table


def _classes(counts: dict[str, dict], subject: Subject) -> str:
    parts = [f'{column} {counts[column].get("1", 0):,}' for column in subject.labels]
    parts += [
        f'{cell} {number:,}'
        for column in subject.categories
        for cell, number in counts[column].items()
    ]
    return ', '.join(parts) if len(parts) <= _SHOWN_CLASSES else f'{len(parts)} classes'


def _findings(findings: Sequence[Finding], accepted: Sequence[str]) -> Table:
    table = Table('kind', 'lists', box=SIMPLE_HEAD)
    table.add_column('finding', overflow='fold')
    table.add_column('for example', overflow='fold')
    order = (LEAK, FAULT, NOTE)
    for found in sorted(findings, key=lambda f: order.index(f.severity)):
        kind = f'{found.severity}: {found.kind}'
        if found.kind in accepted:
            kind += ' (accepted)'
        shown = ', '.join(found.names[:_SHOWN_NAMES])
        more = ', ...' if len(found.names) > _SHOWN_NAMES else ''
        style = 'dim' if found.kind in accepted else _COLOURS[found.severity]
        table.add_row(kind, found.subject, found.sentence(), shown + more, style=style)
    return table
