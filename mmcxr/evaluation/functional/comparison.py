"""Compare several evaluations; those that are not comparable are refused.

Numbers share a column only under one protocol; where an evaluation has several
metrics, the settings of the column's own metric count and the others do not.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .results import spec_hash
from .tables import format_interval, format_number, format_overlap

_MISSING = '(not there)'


class UnequalSpecsError(ValueError):
    """Numbers that were to stand in one column were measured differently."""


class Evaluation(NamedTuple):
    """One result file and the row it goes to.

    Args:
        row: name of the model.
        file: where the result is from, for messages.
        results: contents of ``results.json``.
    """

    row: str
    file: str
    results: dict


def differences(one, other, path: str = '') -> Iterator[tuple[str, object, object]]:
    """Yield (dotted path, value, other value) where two specs differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted({*one, *other}):
            inner = f'{path}.{key}' if path else key
            pair = one.get(key, _MISSING), other.get(key, _MISSING)
            yield from differences(*pair, inner)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for place, pair in enumerate(zip(one, other, strict=True)):
            yield from differences(*pair, f'{path}[{place}]')
    elif one != other:
        yield path, one, other


def column_protocol(results: dict, metric: str) -> dict:
    """The part of the protocol that ``metric`` (``prefix/name``) depends on."""
    protocol = dict(results['spec']['protocol'])
    prefix = metric.split('/')[0]
    protocol['metrics'] = {prefix: protocol['metrics'].get(prefix)}
    return protocol


def name_rows(
    loaded: Sequence[tuple[str, dict]], names: Sequence[str] | None = None
) -> list[Evaluation]:
    """Say which row each result file goes to.

    Args:
        loaded: (file, contents) of each.
        names: one for each; by default that of the model, with the digest of its
            checkpoint where two checkpoints share a name.

    Raises:
        ValueError: too few or too many names.
    """
    models = [results['spec']['model'] for _, results in loaded]
    if names is None:
        digests: dict[str, set] = {}
        for model in models:
            digests.setdefault(model['name'], set()).add(model['checkpoint_sha256'])
        names = [
            model['name']
            if len(digests[model['name']]) == 1
            else f'{model["name"]} ({(model["checkpoint_sha256"] or "none")[:8]})'
            for model in models
        ]
    if len(names) != len(loaded):
        raise ValueError(f'{len(loaded)} results but {len(names)} names')
    return [Evaluation(row, *pair) for row, pair in zip(names, loaded, strict=True)]


def compare(
    evaluations: Sequence[Evaluation],
    metrics: Sequence[str] | None = None,
    separate: bool = False,
) -> list[list[str]]:
    """Table with a row per model and a column per data set and metric.

    Args:
        evaluations: from :func:`name_rows`; those of one row fill its columns, and
            where two would fill the same cell the later gets a row of its own.
        metrics: ``prefix/name`` of the columns; by default all that belong to no
            single class.
        separate: give unequal protocols columns of their own instead of refusing.

    Returns:
        Rows of cells, the head first and the trivial baseline last.

    Raises:
        UnequalSpecsError: a column would mix protocols.
        ValueError: no result has any of the metrics.
    """
    columns: dict[tuple[str, str, str], list[Evaluation]] = {}
    for evaluation in evaluations:
        results = evaluation.results
        for metric, entry in results['metrics'].items():
            if metric not in metrics if metrics else 'class' in entry:
                continue
            dataset = results['spec']['protocol'].get('dataset') or 'unnamed data'
            digest = spec_hash(column_protocol(results, metric)) if separate else ''
            columns.setdefault((dataset, metric, digest), []).append(evaluation)
    if not columns:
        known = sorted({name for e in evaluations for name in e.results['metrics']})
        wanted = ', '.join(metrics or ['any number'])
        raise ValueError(f'no result has {wanted}; they have {", ".join(known)}')
    for (dataset, metric, _), column in columns.items():
        _check_equal(column, dataset, metric)
    return _as_rows(columns, evaluations)


def _check_equal(column: list[Evaluation], dataset: str, metric: str) -> None:
    first, *others = column
    protocol = column_protocol(first.results, metric)
    lines = []
    for other in others:
        found = list(differences(protocol, column_protocol(other.results, metric)))
        if found:
            lines.append(f'  {first.file} | {other.file}')
            lines += [f'    {path}: {a!r} | {b!r}' for path, a, b in found]
    if lines:
        raise UnequalSpecsError(
            '\n'.join([f'{metric} on {dataset} was measured differently:', *lines])
        )


def _as_rows(columns: dict, evaluations: Sequence[Evaluation]) -> list[list[str]]:
    cells: dict[str, dict] = {evaluation.row: {} for evaluation in evaluations}
    baselines = {}
    for key, column in columns.items():
        for row, file, results in column:
            name = f'{row} [{file}]' if key in cells[row] else row
            cells.setdefault(name, {})[key] = _cell(results, key[1])
            trivial = results['baselines'].get(key[1], {}).get('value')
            baselines.setdefault(key, format_number(trivial))
    cells['trivial baseline'] = baselines
    head = ['model', *(' '.join(filter(None, key)) for key in columns)]
    return [
        head,
        *(
            [name, *(row.get(key, '') for key in columns)]
            for name, row in cells.items()
        ),
    ]


def _cell(results: dict, metric: str) -> str:
    entry = results['metrics'][metric]
    parts = [format_number(entry['value']), format_interval(entry['ci95'])]
    if overlap := format_overlap(results['overlap']):
        parts.append(f'(overlap: {overlap})')
    return ' '.join(filter(None, parts))
