"""Result files: what was measured, under which protocol, by which model.

``results.json`` holds a spec of three parts.  The *protocol* says what was asked
(data, split, labels, preprocessing, prompts, metric definitions): numbers may
stand in one column only where it is equal.  The *model* says who answered, and
*versions* with what software.  ``scores.csv.gz`` holds the scores per image.
"""

import csv
import gzip
import hashlib
import io
import json
import math
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

FORMAT = 1
_ABSOLUTE = re.compile(r'(/|~/|file:|[A-Za-z]:[\\/])')


def plain(value):
    """Reduce to what JSON holds: numpy to Python, tuples to lists, NaN to None.

    Raises:
        TypeError: a value has no JSON form; guessing one would change hashes.
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise TypeError(f'{type(value).__name__} {value!r} cannot stand in a result file')


def portable(value):
    """Replace absolute paths by their last part: a spec is the same on any machine."""
    if isinstance(value, Mapping):
        return {key: portable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [portable(item) for item in value]
    if isinstance(value, str) and _ABSOLUTE.match(value) and '\n' not in value:
        return re.split(r'[\\/]', value.rstrip('\\/'))[-1]
    return value


def _whole(value):
    """Whole floats as integers: a fraction of 1 and of 1.0 is the same."""
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def spec_hash(spec) -> str:
    """First 16 hex digits of the SHA-256 of a spec in canonical JSON."""
    text = json.dumps(
        _whole(plain(spec)), sort_keys=True, separators=(',', ':'), ensure_ascii=False
    )
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def build_results(
    protocol: dict,
    model: dict,
    versions: dict,
    reports: Mapping[str, dict],
    overlap: dict | None = None,
    warnings: Sequence[str] = (),
    lacking: dict | None = None,
) -> dict:
    """Contents of ``results.json``.

    Args:
        protocol: data, split, labels, preprocessing, prompts; the settings of the
            metrics are added here under ``metrics``.
        model: name, checkpoint digest and what else tells models apart.
        versions: package -> version.
        reports: prefix -> report of :func:`.report.make_report`.
        overlap: shared images and patients of this split with another:
            dict(scheme, images, patients, against), and perhaps ``copies``, images
            of which the other holds a copy under another name.
        warnings: further sentences a reader must not miss.
        lacking: images asked for and not there, by data set: dict(missing,
            left_out).
    """
    protocol = dict(protocol)
    protocol['metrics'] = {name: r['settings'] for name, r in reports.items()}
    spec = plain(portable(dict(protocol=protocol, model=model, versions=versions)))
    results = dict(
        format=FORMAT,
        protocol_hash=spec_hash(spec['protocol']),
        spec_hash=spec_hash(spec),
        spec=spec,
        metrics={},
        baselines={},
        counts={},
        intervals={},
        overlap=overlap,
        lacking=lacking,
        remarks=[],
        warnings=list(warnings),
    )
    for prefix, report in reports.items():
        for part in ('metrics', 'baselines'):
            for name, entry in report[part].items():
                results[part][f'{prefix}/{name}'] = entry
        results['counts'][prefix] = report['counts']
        results['intervals'][prefix] = report['interval']
        for part in ('remarks', 'warnings'):
            results[part] += [f'{prefix}: {text}' for text in report[part]]
    return plain(results)


def write_results(path: str | Path, results: dict) -> None:
    """Write ``results`` as JSON, whole or not at all."""
    text = json.dumps(results, indent=1, allow_nan=False, ensure_ascii=False)
    _replace(Path(path), (text + '\n').encode())


def read_results(path: str | Path) -> dict:
    """Read a result file.

    Raises:
        ValueError: it is no result file, or its spec was changed afterwards.
    """
    try:
        results = json.loads(Path(path).read_text(encoding='utf-8'))
        spec, protocol_hash = results['spec'], results['protocol_hash']
        changed = spec_hash(spec['protocol']) != protocol_hash
        changed |= spec_hash(spec) != results['spec_hash']
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f'{path} is not a results.json of ours: {error!r}') from error
    if changed:
        raise ValueError(f'{path}: the spec does not fit its hash, so it was edited')
    return results


def rename_former_results(folder: str | Path, spec: str) -> Path | None:
    """Give results of another spec a name of their own before new ones are written.

    ``results.json`` and ``scores.csv.gz`` become ``results-<hash>.json`` and
    ``scores-<hash>.csv.gz``, with the spec hash of the former.

    Args:
        folder: where new results will be written.
        spec: their spec hash; results of the same spec are left to be replaced.

    Returns:
        The new path of the results, or None where nothing was set aside.
    """
    former = Path(folder, 'results.json')
    if not former.is_file():
        return None
    try:
        found = read_results(former)['spec_hash']
    except ValueError:  # edited, or not ours: kept all the same
        found = hashlib.sha256(former.read_bytes()).hexdigest()[:16]
    if found == spec:
        return None
    scores = Path(folder, 'scores.csv.gz')
    if scores.is_file():
        os.replace(scores, scores.with_name(f'scores-{found}.csv.gz'))
    return former.replace(former.with_name(f'results-{found}.json'))


def write_scores(path: str | Path, columns: Mapping[str, Sequence]) -> None:
    """Write a table per image as gzipped CSV; undefined cells are left empty.

    Args:
        path: ends in ``.csv.gz``.
        columns: name -> N values.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(columns)
    values = [np.asarray(column).tolist() for column in columns.values()]
    for row in zip(*values, strict=True):
        writer.writerow('' if cell != cell or cell is None else cell for cell in row)
    # No time stamp: equal scores give equal files.
    _replace(Path(path), gzip.compress(text.getvalue().encode(), mtime=0))


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f'.{path.name}.')
    try:
        with os.fdopen(handle, 'wb') as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)  # mkstemp makes files private
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
