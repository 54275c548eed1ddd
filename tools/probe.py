"""Probe features that tools/extract_features.py computed; minutes on a CPU.

    python tools/probe.py TRAIN VAL TEST --kind logistic --out work_dirs/probe

Fits on the first, chooses C (or the learning rate, or the number of neighbours) by
the mean AUROC on the second, and writes results.json and scores.csv.gz of the third.
"""

import argparse
import sys


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for split in ('train', 'val', 'test'):
        parser.add_argument(split, help=f'folder with features of {split}')
    parser.add_argument(
        '--kind', choices=('logistic', 'linear', 'knn'), default='logistic'
    )
    parser.add_argument(
        '--grid', nargs='+', type=float, default=(), help='values to choose from'
    )
    parser.add_argument(
        '--uncertain',
        choices=('ignore', 'zeros', 'ones'),
        default='ignore',
        help='what a label of -1 counts as',
    )
    parser.add_argument('--epochs', type=int, default=50, help='of linear')
    parser.add_argument('--seed', type=int, default=0, help='of linear')
    parser.add_argument('--out', default='work_dirs/probe', help='folder')
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Probe and print the table."""
    args = parse_args(argv)
    from mmcxr.apis.feature_cache import load_features
    from mmcxr.apis.probe import ProbeSettings, probe
    from mmcxr.evaluation.functional.tables import explanations, results_table

    settings = ProbeSettings(
        args.kind, args.grid, args.uncertain, epochs=args.epochs, seed=args.seed
    )
    splits = (load_features(path) for path in (args.train, args.val, args.test))
    results = probe(*splits, settings, args.out)
    print('\n'.join((results_table(results), *explanations(results))))
    print(f'chosen: {results["spec"]["model"]["probe"]["value"]:g}')
    print(f'written to {args.out}/results.json')


if __name__ == '__main__':
    try:
        main()
    except (ValueError, OSError) as error:
        print(f'probe.py: {error}', file=sys.stderr)
        sys.exit(2)
