r"""Which encoder serves your films best: labels in CSV files in, a ranked table out.

    python tools/probe.py --train-csv train.csv --val-csv val.csv --test-csv test.csv \
        --path-column Path --class-columns Edema Pneumonia --patient-column Patient \
        --models gloria=chexpert_resnet50.ckpt mrm=MRM.pth mine=CONFIG.py:CHECKPOINT \
        random=CONFIG.py --probe logreg linear knn --out work_dirs/probe

A model is SYSTEM=FILE for a published file (two of one system: gloria@a=... gloria@b=),
NAME=CONFIG:CHECKPOINT for one of ours, NAME=CONFIG for random weights. Each sees films
as its authors do. A single class column of more than two values is one of exclusive
classes. Called again, it goes on: what is finished is not done again.

Of folders that tools/extract_features.py made, one probe of one model:

    python tools/probe.py --features TRAIN VAL TEST --probe logreg

Exit code 1: some models failed, the others ran. 2: nothing could be measured.
"""

import argparse
import sys
from pathlib import Path

from mmengine.config import DictAction

PROBES = ('logreg', 'linear', 'knn', 'finetune')


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; flags may be spelt with _ as cxrlearn's are."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )

    def add(name: str, **settings) -> None:
        spellings = dict.fromkeys((f'--{name}', f'--{name.replace("-", "_")}'))
        parser.add_argument(*spellings, **settings)

    add('train-csv', help='films to learn from')
    add('val-csv', help='to choose settings on; default: folds of the training films')
    add('test-csv', help='to measure on')
    add('path-column', help='of film paths')
    add('class-columns', nargs='+', default=[], help='of labels: 1, 0, -1, empty')
    add('patient-column', help='of patient ids; default: each film is its own patient')
    add('image-root', default='.', help='folder of relative paths (default: here)')
    add('name', default='own data', help='of the data, in results')
    add('models', nargs='+', default=[], metavar='NAME=...', help='see above')
    add('features', nargs=3, metavar=('TRAIN', 'VAL', 'TEST'), help='see above')
    add('probe', nargs='+', default=['logreg'], choices=PROBES, help='(logreg)')
    add('preset', choices=('default', 'cxrlearn'), default='default',
        help='cxrlearn: films squashed to 224 px with the values of CLIP, C = 0.0327, '
        'no scaling of features')  # fmt: skip
    add('uncertain', choices=('ignore', 'zeros', 'ones'), default='ignore',
        help='what a label of -1 counts as')  # fmt: skip
    add('label-fractions', nargs='+', type=float, default=[1.0], metavar='SHARE',
        help='of the training films, by patient: 0.01 0.1 1')  # fmt: skip
    add('few-shot', nargs='+', type=int, default=[], metavar='K',
        help='films of each class, besides')  # fmt: skip
    add('seeds', nargs='+', type=int, default=[0], help='of draws (default 0)')
    add('grid', nargs='+', type=float, default=[], help='values to choose from: C, '
        'learning rate or number of neighbours')  # fmt: skip
    add('epochs', type=int, default=50, help='of linear')
    add('batch-size', type=int, default=64, help='of extraction')
    add('workers', type=int, default=2, help='processes that read films')
    add('resamples', type=int, default=1000, help='of patients, for intervals')
    add('device', help='cpu or cuda; default: cuda if there is one')
    add('amp', action='store_true', help='extract in bfloat16')
    add('cfg-options', nargs='+', action=DictAction, default={}, metavar='KEY=VALUE',
        help='change the config of finetune: train_cfg.max_epochs=20')  # fmt: skip
    add('out', default='work_dirs/probe', help='folder of everything that is written')
    args = parser.parse_args(argv)
    needed = ('train_csv', 'test_csv', 'path_column', 'class_columns', 'models')
    given = [name for name in needed if getattr(args, name)]
    if args.features and (
        given or args.val_csv or len(args.probe) > 1 or 'finetune' in args.probe
    ):
        parser.error('--features takes one probe of features, no CSV files and models')
    if not args.features and len(given) < len(needed):
        lacking = [f'--{n.replace("_", "-")}' for n in needed if n not in given]
        parser.error(f'{", ".join(lacking)} missing (or give --features)')
    return args


def probe_folders(args: argparse.Namespace) -> int:
    """Probe three folders of features and print the table."""
    from mmcxr.evaluation.functional.tables import explanations, results_table
    from mmcxr.studies.feature_cache import load_features
    from mmcxr.studies.probes.fit import ProbeSettings
    from mmcxr.studies.probes.probe import probe

    kind = 'logistic' if args.probe == ['logreg'] else args.probe[0]
    splits = [load_features(path) for path in args.features]
    settings = ProbeSettings(
        kind, args.grid, args.uncertain, epochs=args.epochs, seed=args.seeds[0],
        exclusive=bool(splits[0].facts['metainfo'].get('exclusive')),
    )  # fmt: skip
    results = probe(*splits, settings, args.out, args.resamples)
    print('\n'.join((results_table(results), *explanations(results))))
    print(f'chosen: {results["spec"]["model"]["probe"]["value"]:g}')
    print(f'written to {args.out}/results.json')
    return 0


def probe_models(args: argparse.Namespace) -> int:
    """Extract, probe and rank; print the table."""
    import torch
    from mmengine.logging import MMLogger
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    from mmcxr.preparing.lists.csv_form import CSVColumns
    from mmcxr.studies.csv_data import prepare_csv
    from mmcxr.studies.probing import run_study
    from mmcxr.studies.ranking import ranking_lines, write_report
    from mmcxr.studies.sources import read_sources
    from mmcxr.studies.study import Study

    MMLogger.get_current_instance().setLevel('WARNING')  # the table is the news
    sources = read_sources(args.models)
    files = dict(train=args.train_csv, val=args.val_csv, test=args.test_csv)
    out = Path(args.out)
    data = prepare_csv(
        {split: file for split, file in files.items() if file},
        CSVColumns(args.path_column, args.class_columns, args.patient_column),
        out / 'data',
        args.name,
        args.uncertain,
        args.workers,
        args.image_root,
    )
    for line in (*data.unreadable_lines(), *data.remarks):
        print(line, flush=True)
    study = Study(
        data,
        sources,
        out,
        args.probe,
        args.label_fractions,
        args.few_shot,
        args.seeds,
        args.uncertain,
        args.preset == 'cxrlearn',
        args.grid,
        args.epochs,
        args.batch_size,
        args.workers,
        args.device or ('cuda' if torch.cuda.is_available() else 'cpu'),
        args.amp,
        args.resamples,
        options=args.cfg_options,
    )
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), transient=True) as bar:
        tasks: dict[str, int] = {}

        def progress(what: str, done: int, total: int) -> None:
            task = tasks.get(what)
            tasks[what] = bar.add_task(what) if task is None else task
            bar.update(tasks[what], completed=done, total=total)

        finished, failures = run_study(study, bar.console.print, progress)
    report = write_report(study, finished, failures) if finished else {}
    if report:
        print('\n'.join(['', *ranking_lines(report)]))
        print(f'written to {out}/ranking.json, ranking.csv and ranking.png')
    for failure in failures:
        print(f'failed: {failure}', file=sys.stderr)
    return (1 if report else 2) if failures else 0


def main(argv: list[str] | None = None) -> int:
    """Probe what the command line names."""
    args = parse_args(argv)
    try:
        return probe_folders(args) if args.features else probe_models(args)
    except (ValueError, OSError, KeyError) as error:
        print(f'probe.py: {str(error).strip(chr(39))}', file=sys.stderr)
        return 2


if __name__ == '__main__':
    sys.exit(main())
