r"""Convert the CSV files that cxrlearn fine-tunes on, or write one from a dataset.

python tools/dataset_converters/cxrlearn_csv.py IMAGE_FOLDER --out data/mine \
    --train-csv train.csv --val-csv val.csv --test-csv test.csv \
    --path-column Path --class-columns Edema Pneumonia
python tools/dataset_converters/cxrlearn_csv.py data/chexpert --write train.csv \
    --split-scheme official --split train --class-columns Edema Pneumonia
"""

import argparse
import sys

_SPLITS = ('train', 'val', 'test')


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add('source', help='folder of the films; with --write folder of a dataset')
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument('--out', help='folder to write a dataset to')
    target.add_argument('--write', metavar='CSV', help='CSV file to write')
    for split in _SPLITS:
        add(f'--{split}-csv', metavar='CSV', help='with --out')
    add('--path-column', default='Path', help='of the image paths (default Path)')
    add('--class-columns', nargs='+', default=[], help='labels; --write: default all')
    add('--patient-column', help='with --out: of patient ids, if there is one')
    add('--one-column', metavar='NAME', help='with --write: numbers of classes in it')
    add('--split-scheme', help='with --write; default: all images')
    add('--split', help='with --split-scheme')
    args = parser.parse_args(argv)
    args.files = {
        split: getattr(args, f'{split}_csv')
        for split in _SPLITS
        if getattr(args, f'{split}_csv')
    }
    if (args.out is not None) != bool(args.files):
        parser.error('--out needs --train-csv or others, --write takes none')
    if args.out is not None and not args.class_columns:
        parser.error('--out needs --class-columns')
    if (args.split_scheme is None) != (args.split is None):
        parser.error('--split-scheme and --split go together')
    if args.out is not None and (args.split or args.one_column):
        parser.error('--split and --one-column go with --write')
    return args


def main(argv: list[str] | None = None) -> None:
    """Convert, and say what was written and what was not."""
    args = parse_args(argv)
    from mmcxr.preparing.lists import cxrlearn_csv

    if args.out is not None:
        tally = cxrlearn_csv.convert_cxrlearn_csv(
            args.files,
            args.path_column,
            args.class_columns,
            args.source,
            args.out,
            args.patient_column,
        )
    else:
        tally = cxrlearn_csv.write_cxrlearn_csv(
            args.source,
            args.write,
            args.split_scheme,
            args.split,
            args.class_columns,
            args.one_column,
            args.path_column,
        )
    for line in tally.lines():
        print(line)


if __name__ == '__main__':
    try:
        main()
    except (ValueError, OSError) as error:
        print(f'cxrlearn_csv.py: {error}', file=sys.stderr)
        sys.exit(2)
