"""Average the scores of several test runs, as CheXzero does with its ten files.

    for f in best_*.pt; do python tools/test.py CONFIG $f --work-dir runs/$f; done
    python tools/misc/average_runs.py runs/* --out runs/ensemble

The runs must be of one protocol, with ClassificationMetric.
"""

import argparse
import sys

from mmcxr.evaluation.functional.tables import explanations, results_table
from mmcxr.studies.ensemble import average_runs


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'runs', nargs='+', help='folders with results.json and scores.csv.gz'
    )
    parser.add_argument('--out', required=True, help='folder to write')
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Average, and print the results; 2 where that cannot be done."""
    args = parse_args(argv)
    try:
        results = average_runs(args.runs, args.out)
    except (OSError, ValueError) as error:
        print(f'average_runs.py: {error}', file=sys.stderr)
        return 2
    print('\n'.join([results_table(results), *explanations(results)]))
    print(f'written to {args.out}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
