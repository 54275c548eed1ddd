"""Ranked models as dots with intervals."""

from collections.abc import Mapping, Sequence

_BEST, _LESS = '#1f6fb4', '#9a9a9a'


def plot_rankings(rankings: Mapping[str, Sequence[dict]], xlabel: str, chance=0.5):
    """Figure with a panel for each ranking.

    A full dot is not distinguishable from the best of its panel, a hollow one is; a bar
    at the right joins neighbours that are not distinguishable from each other.

    Args:
        rankings: title -> entries of
            :func:`mmcxr.evaluation.functional.paired.rank_models`.
        xlabel: what is measured.
        chance: what a model without knowledge scores; a dotted line.

    Returns:
        A matplotlib figure.
    """
    from matplotlib.figure import Figure

    sizes = [len(entries) for entries in rankings.values()]
    figure = Figure(
        figsize=(7.5, 0.9 + sum(0.75 + 0.34 * size for size in sizes)),
        layout='constrained',
    )
    panels = figure.subplots(
        len(sizes), 1, squeeze=False, sharex=True, height_ratios=[n + 1 for n in sizes]
    )[:, 0]
    for axes, (title, entries) in zip(panels, rankings.items(), strict=True):
        _draw(axes, entries, chance)
        axes.set_title(title, loc='left', fontsize=10)
    panels[-1].set_xlabel(f'{xlabel}, 95 % interval over patients')
    figure.suptitle(
        'full: not distinguishable from the best; bar at the right: neighbours not '
        'distinguishable',
        fontsize=8,
        color='#555555',
    )
    return figure


def _draw(axes, entries: Sequence[dict], chance: float) -> None:
    axes.spines[['top', 'right']].set_visible(False)
    axes.grid(alpha=0.25, axis='x')
    axes.axvline(chance, color='#444444', linewidth=0.8, linestyle=':')
    for place, entry in enumerate(entries):
        if entry['value'] is None:
            continue
        low, high = entry['ci95'] or [entry['value']] * 2
        below = entry['below_best']
        level = below is None or not below['distinguishable']
        colour = _BEST if level else _LESS
        axes.plot([low, high], [place, place], color=colour, linewidth=1.6)
        face = colour if level else 'white'
        axes.plot(entry['value'], place, 'o', color=colour, mfc=face, markersize=6.5)
        previous = entry['below_previous']
        if previous is not None and not previous['distinguishable']:
            axes.plot(
                [1.015, 1.015],
                [place - 1, place],
                color='#444444',
                linewidth=2.2,
                transform=axes.get_yaxis_transform(),
                clip_on=False,
            )
    names = [f'{entry["rank"]}  {entry["model"]}' for entry in entries]
    axes.set_yticks(range(len(entries)), names)
    axes.set_ylim(len(entries) - 0.5, -0.5)
