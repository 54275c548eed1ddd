"""Loss and ROC curves as matplotlib figures (no global state touched)."""

import json
from pathlib import Path

import numpy as np


def _axes(width: float = 5.2, height: float = 3.8):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout='constrained')
    axes = figure.subplots()
    axes.spines[['top', 'right']].set_visible(False)
    axes.grid(alpha=0.25)
    return figure, axes


def read_scalars(path: str | Path, names: list[str]) -> dict[str, np.ndarray]:
    """Curves from a run's ``vis_data/scalars.json``.

    Returns:
        name -> (N, 2) array of step and value; names never logged are left out.
    """
    found = {name: [] for name in names}
    for line in Path(path).read_text(encoding='utf-8').splitlines():
        record = json.loads(line)
        for name in names:
            if name in record:
                found[name].append((record['step'], record[name]))
    return {name: np.array(points) for name, points in found.items() if points}


def plot_curves(curves: dict[str, np.ndarray], ylabel: str, xlabel: str = 'iteration'):
    """Figure of curves, each an (N, 2) array of x and y."""
    figure, axes = _axes()
    for name, points in curves.items():
        marker = 'o' if len(points) < 15 else None
        axes.plot(points[:, 0], points[:, 1], label=name, marker=marker, markersize=3)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.legend(frameon=False, fontsize=8)
    return figure


def plot_roc(labels: np.ndarray, scores: np.ndarray, classes: list[str]):
    """ROC curve per class.

    Args:
        labels: (N, C) with 1 present, 0 absent, anything else left out.
        scores: (N, C), higher means present.
        classes: C names; a class without both labels is named in the legend.
    """
    from sklearn.metrics import roc_auc_score, roc_curve

    figure, axes = _axes(5.2, 4.6)
    axes.plot([0, 1], [0, 1], color='0.7', linewidth=1, linestyle='--')
    for column, name in enumerate(classes):
        known = np.isin(labels[:, column], (0, 1))
        truth, score = labels[known, column], scores[known, column]
        if len(np.unique(truth)) < 2:
            axes.plot([], [], label=f'{name} (one label only)')
            continue
        false_positive, true_positive, _ = roc_curve(truth, score)
        auroc = roc_auc_score(truth, score)
        axes.plot(
            false_positive, true_positive, label=f'{name} {auroc:.2f}', linewidth=1.5
        )
    axes.set(
        xlabel='1 - specificity', ylabel='sensitivity', xlim=(0, 1), ylim=(0, 1.01)
    )
    axes.legend(frameon=False, fontsize=8, loc='lower right')
    return figure
