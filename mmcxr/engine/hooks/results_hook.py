"""Write what a test run found, in full, and print it as one table."""

from pathlib import Path

import numpy as np
from mmengine.dist import master_only
from mmengine.hooks import Hook

from mmcxr.engine.run_spec import (
    describe_lacking,
    describe_model,
    describe_overlap,
    describe_protocol,
    versions,
)
from mmcxr.evaluation.functional.results import (
    build_results,
    rename_former_results,
    write_results,
    write_scores,
)
from mmcxr.evaluation.functional.tables import explanations, results_table
from mmcxr.registry import HOOKS


@HOOKS.register_module()
class ResultsHook(Hook):
    """Write ``results.json`` and ``scores.csv.gz`` after a test epoch.

    Metrics that keep a ``report`` (ours) are written with intervals, definitions,
    baselines and counts; numbers of other metrics as they are, without. Results of
    another model or protocol that the folder holds are set aside, not overwritten.

    Args:
        out_dir: folder of the two files; by default the run's work folder.
        checkpoint: file to name and hash as the model; by default what the run
            loaded.
    """

    priority = 'LOW'

    def __init__(self, out_dir: str | None = None, checkpoint: str | None = None):
        self.out_dir = out_dir
        self.checkpoint = checkpoint

    @master_only
    def after_test_epoch(self, runner, metrics: dict[str, float] | None = None):
        """Write and print; on the main process only."""
        evaluated = runner.test_evaluator.metrics
        reports = {
            metric.prefix: metric.report
            for metric in evaluated
            if getattr(metric, 'report', None) is not None
        }
        columns = join_columns(
            {m.prefix: m.per_image for m in evaluated if m.prefix in reports}
        )
        metainfo = getattr(runner.test_dataloader.dataset, 'metainfo', {})
        checkpoint = self.checkpoint or runner.cfg.get('load_from')
        model = describe_model(runner.cfg, checkpoint)
        warnings = []
        if model['checkpoint_sha256'] is None:
            warnings.append(
                f'checkpoint {model["checkpoint"]} is no file here, so it has no digest'
                if checkpoint
                else 'no checkpoint was loaded'
            )
        lacking, sentences = describe_lacking(metainfo)
        results = build_results(
            describe_protocol(runner.cfg, metainfo, columns.get('image', [])),
            model,
            versions(),
            reports,
            describe_overlap(metainfo),
            warnings + sentences,
            lacking,
        )
        for name, value in (metrics or {}).items():
            if name.split('/')[0] not in reports and np.isscalar(value):
                entry = dict(value=float(value), ci95=None, definition=None)
                results['metrics'][name] = entry
        folder = Path(self.out_dir or runner.work_dir)
        former = rename_former_results(folder, results['spec_hash'])
        if former:
            runner.logger.warning(
                f'{folder / "results.json"} was of another model, protocol or version; '
                f'it is now {former.name}'
            )
        if columns:
            write_scores(folder / 'scores.csv.gz', columns)
        write_results(folder / 'results.json', results)
        lines = ['results', results_table(results), *explanations(results)]
        lines.append(f'written to {folder / "results.json"}')
        runner.logger.info('\n'.join(lines))


def join_columns(tables: dict[str, dict]) -> dict[str, list]:
    """Tables per image of several metrics as one.

    Args:
        tables: prefix -> columns; all over the same images, or empty.

    Returns:
        Columns; one that has the name of another but other values is named after
        its metric.

    Raises:
        ValueError: the tables are of different images.
    """
    joined: dict[str, list] = {}
    for prefix, table in tables.items():
        if table and joined and list(table['image']) != list(joined['image']):
            raise ValueError(f'{prefix} was measured on other images than the rest')
        for name, values in table.items():
            if name not in joined:
                joined[name] = values
            elif not _same(joined[name], values):
                joined[f'{prefix}_{name}'] = values
    return joined


def _same(one, other) -> bool:
    one, other = np.asarray(one), np.asarray(other)
    number = one.dtype.kind == other.dtype.kind == 'f'
    return np.array_equal(one, other, equal_nan=number)
