"""Add back-translated reports to a converted dataset.

    python tools/misc/back_translate.py DATA --temperature 1.5

English -> Italian -> English with two MarianMT models. Writes table_augmented.csv
beside the table (--in-place replaces the table); a killed run goes on where it was.
"""

import argparse
import sys

from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

from mmcxr.datasets.tables.table import find_table
from mmcxr.preparing.back_translation import BackTranslation, back_translate_table


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('data', help='folder of the dataset')
    parser.add_argument('--lang', default='it', help='language in between')
    parser.add_argument(
        '--temperature',
        type=float,
        nargs='+',
        default=[1.5],
        help='of the sampling; two values for the two directions',
    )
    parser.add_argument('--forward', help='model from English: hub name or folder')
    parser.add_argument('--backward', help='model to English: hub name or folder')
    parser.add_argument('--num-beams', type=int, default=5)
    parser.add_argument('--batch-size', type=int, default=128)
    parser.add_argument('--seed', type=int, default=42)
    parser.add_argument('--device', help='cpu or cuda; default: cuda if there is one')
    where = parser.add_mutually_exclusive_group()
    where.add_argument('--out', help='path of the new table')
    where.add_argument('--in-place', action='store_true', help='replace the table')
    args = parser.parse_args(argv)
    if len(args.temperature) > 2:
        parser.error('--temperature takes one or two values')
    return args


def main(argv: list[str] | None = None) -> None:
    """Run the back-translation with a progress bar."""
    args = parse_args(argv)
    settings = BackTranslation(
        forward=args.forward or f'Helsinki-NLP/opus-mt-en-{args.lang}',
        backward=args.backward or f'Helsinki-NLP/opus-mt-{args.lang}-en',
        temperatures=(args.temperature[0], args.temperature[-1]),
        num_beams=args.num_beams,
        batch_size=args.batch_size,
        seed=args.seed,
    )
    if args.device is None:
        import torch

        args.device = 'cuda' if torch.cuda.is_available() else 'cpu'
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn()) as bar:
        task = bar.add_task('texts', total=None)
        out = back_translate_table(
            args.data,
            settings,
            find_table(args.data) if args.in_place else args.out,
            args.device,
            lambda done, total: bar.update(task, completed=done, total=total),
        )
    print(f'wrote {out}')


if __name__ == '__main__':
    try:
        main()
    except (ValueError, OSError, ImportError) as error:
        print(f'back_translate.py: {error}', file=sys.stderr)
        sys.exit(2)
