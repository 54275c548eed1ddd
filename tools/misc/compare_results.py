"""Print one table from several results.json files.

    python tools/misc/compare_results.py work_dirs/*/results.json
    python tools/misc/compare_results.py A B --metrics classification/auroc

Numbers measured under different protocols are refused; the message says what
differs, and --separate gives them columns of their own.
"""

import argparse
import sys
from pathlib import Path

from mmcxr.evaluation.functional.comparison import UnequalSpecsError, compare, name_rows
from mmcxr.evaluation.functional.results import read_results
from mmcxr.evaluation.functional.tables import aligned, as_csv, as_markdown

FORMATS = dict(text=aligned, markdown=as_markdown, csv=as_csv)


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'results', nargs='+', help='results.json files, or folders that hold one'
    )
    parser.add_argument('--names', nargs='+', help='one name for each row')
    parser.add_argument(
        '--metrics', nargs='+', help='columns, for example classification/auroc'
    )
    parser.add_argument('--format', choices=FORMATS, default='text')
    parser.add_argument(
        '--separate',
        action='store_true',
        help='put unequal protocols into columns of their own',
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Print the table; 2 where it cannot be made."""
    args = parse_args(argv)
    paths = [Path(path) for path in args.results]
    paths = [path / 'results.json' if path.is_dir() else path for path in paths]
    try:
        loaded = [(str(path), read_results(path)) for path in paths]
        evaluations = name_rows(loaded, args.names)
        table = compare(evaluations, args.metrics, args.separate)
    except UnequalSpecsError as error:
        print(error, file=sys.stderr)
        print('--separate gives each its own column', file=sys.stderr)
        return 2
    except (OSError, ValueError) as error:
        print(f'compare_results.py: {error}', file=sys.stderr)
        return 2
    print(FORMATS[args.format](table))
    return 0


if __name__ == '__main__':
    sys.exit(main())
