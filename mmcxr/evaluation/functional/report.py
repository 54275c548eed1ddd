"""The report of one metric: numbers with intervals, baselines, counts, warnings.

A number is named by a string, or by (string, class) where it belongs to a class;
in a report the latter reads ``name_class`` and carries ``class``.
"""

from collections.abc import Mapping

Key = str | tuple[str, str]


def flat_name(key: Key) -> str:
    """``'auroc'`` or ``('auroc', 'Edema')`` as one word."""
    return key if isinstance(key, str) else '_'.join(key)


def make_report(
    estimates: Mapping[Key, dict],
    definitions: Mapping[str, str],
    baselines: Mapping[Key, dict],
    settings: dict,
    counts: dict,
    interval: dict,
    remarks: list[str],
    warnings: list[str],
    class_definitions: Mapping[str, str] | None = None,
) -> dict:
    """Put the parts of a report together.

    Args:
        estimates: number -> dict(value, ci95, ...), from the bootstrap.
        definitions: name -> what the number is.
        baselines: number -> dict(value, definition).
        settings: what must agree for two reports to be comparable.
        counts: how many of what.
        interval: how the intervals were made.
        remarks: sentences to print with the numbers.
        warnings: sentences a reader must not miss.
        class_definitions: name -> what the number is for one class, where that
            differs from its mean over classes.

    Returns:
        dict(settings, metrics, baselines, counts, interval, remarks, warnings).
    """
    class_definitions = class_definitions or definitions
    metrics, thin = {}, 0
    for key, estimate in estimates.items():
        entry = metrics[flat_name(key)] = dict(estimate)
        thin = max(thin, entry.get('undefined_resamples', 0))
        if isinstance(key, str):
            entry['definition'] = definitions[key]
        else:
            entry['definition'] = class_definitions[key[0]]
            entry['class'] = key[1]
    if thin:
        warnings = [
            *warnings,
            f'some intervals leave out up to {thin} of {interval["num_resamples"]} '
            'resamples, in which the number is undefined (too few cases)',
        ]
    return dict(
        settings=dict(settings, definitions=dict(definitions)),
        metrics=metrics,
        baselines={flat_name(key): entry for key, entry in baselines.items()},
        counts=counts,
        interval=interval,
        remarks=remarks,
        warnings=warnings,
    )
