r"""Convert the training.csv that MRM pre-trains on, or write one from a dataset.

python tools/dataset_converters/mrm_csv.py training.csv IMAGE_FOLDER \
    --out data/mimic-cxr-mrm
python tools/dataset_converters/mrm_csv.py data/mimic-cxr \
    --write data/mimic-cxr/training.csv --split-scheme official --split train
"""

import argparse
import sys


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('source', help='training.csv; with --write folder of a dataset')
    parser.add_argument('images', nargs='?', help='folder of the films, with --out')
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument('--out', help='folder to write a dataset to')
    target.add_argument('--write', help='training.csv to write')
    parser.add_argument('--split-scheme', help='with --write; default: all images')
    parser.add_argument('--split', help='with --split-scheme')
    args = parser.parse_args(argv)
    if (args.out is None) != (args.images is None):
        parser.error('--out needs the folder of the films, --write takes none')
    if (args.split_scheme is None) != (args.split is None):
        parser.error('--split-scheme and --split go together')
    if args.out is not None and args.split is not None:
        parser.error('--split goes with --write; training.csv has no splits')
    return args


def main(argv: list[str] | None = None) -> None:
    """Convert, and say what was written and what was not."""
    args = parse_args(argv)
    from mmcxr.preparing.lists.mrm_csv import convert_mrm_csv, write_mrm_csv

    if args.out is not None:
        tally = convert_mrm_csv(args.source, args.images, args.out)
    else:
        tally = write_mrm_csv(args.source, args.write, args.split_scheme, args.split)
    for line in tally.lines():
        print(line)


if __name__ == '__main__':
    try:
        main()
    except (ValueError, OSError) as error:
        print(f'mrm_csv.py: {error}', file=sys.stderr)
        sys.exit(2)
