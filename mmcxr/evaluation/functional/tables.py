"""Tables of results as aligned text, CSV and Markdown."""

import csv
import io


def format_number(value: float | None) -> str:
    """Three decimals, one above ten, a dash for undefined."""
    if value is None:
        return '-'
    return f'{value:.3f}' if abs(value) < 10 else f'{value:.1f}'


def format_interval(ci95: list[float] | None) -> str:
    """``[low, high]`` or nothing."""
    if ci95 is None:
        return ''
    return '[{}, {}]'.format(*map(format_number, ci95))


def format_overlap(overlap: dict | None) -> str:
    """``12 images, 9 patients in train``; nothing where no overlap is known."""
    counts = [(overlap or {}).get(what, 0) for what in ('images', 'patients', 'copies')]
    if not any(counts):
        return ''
    images, patients, copies = counts
    text = f'{images:,} images, {patients:,} patients'
    text += f', {copies:,} copies' if copies else ''
    return f'{text} in {overlap.get("against", "train")}'


def aligned(rows: list[list[str]]) -> str:
    """Rows of cells as text; the first row is the head, the first column left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True)]
        lines.append('  '.join(cells).rstrip())
    lines.insert(1, '  '.join('-' * width for width in widths))
    return '\n'.join(lines)


def results_table(results: dict) -> str:
    """One evaluation: value, interval, baseline, and any overlap beside each number.

    Classes are shown for the first number of each metric, with their counts.

    Args:
        results: contents of ``results.json``.
    """
    overlap = format_overlap(results['overlap'])
    rows = [['metric', 'value', '95 % CI', 'baseline', 'positive/negative']]
    leading: dict[str, str] = {}
    for name, entry in results['metrics'].items():
        prefix = name.split('/')[0]
        label = entry.get('class')
        leading.setdefault(prefix, name)
        if label is not None and name != f'{leading[prefix]}_{label}':
            continue
        counts = results['counts'].get(prefix, {}).get('evaluated', {}).get(label)
        baseline = results['baselines'].get(name, {}).get('value')
        rows.append(
            [
                name,
                format_number(entry['value']),
                format_interval(entry['ci95']),
                format_number(baseline),
                f'{counts["positive"]}/{counts["negative"]}' if counts else '',
            ]
        )
    if overlap:
        rows = [[*rows[0], 'overlap'], *([*row, overlap] for row in rows[1:])]
    return aligned(rows)


def explanations(results: dict) -> list[str]:
    """What to print below the table: definitions, remarks, warnings."""
    return [
        *(
            f'{name}: {entry["definition"]}'
            for name, entry in results['metrics'].items()
            if entry['definition'] and 'class' not in entry
        ),
        *results['remarks'],
        *(f'caution: {text}' for text in results['warnings']),
    ]


def as_csv(rows: list[list[str]]) -> str:
    """Rows of cells as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator='\n').writerows(rows)
    return text.getvalue().rstrip('\n')


def as_markdown(rows: list[list[str]]) -> str:
    """Rows of cells as a Markdown table."""
    lines = ['| ' + ' | '.join(row) + ' |' for row in rows]
    lines.insert(1, '|' + '---|' * len(rows[0]))
    return '\n'.join(lines)
