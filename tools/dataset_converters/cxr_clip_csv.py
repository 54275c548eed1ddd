r"""Convert the CSV files that CXR-CLIP trains on, or write them from a dataset.

python tools/dataset_converters/cxr_clip_csv.py chexpert CSV_FOLDER IMAGE_FOLDER \
    --out data/chexpert
python tools/dataset_converters/cxr_clip_csv.py chexpert data/chexpert \
    --write CSV_FOLDER --split-scheme official
"""

import argparse
import sys

DATASETS = ('mimic-cxr', 'chexpert', 'chestx-ray14', 'vindr-cxr', 'rsna', 'siim')
DATASETS += ('chexpert-5x200', 'openi')


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('dataset', choices=DATASETS)
    parser.add_argument(
        'source', help='folder with the CSV files; with --write folder of a dataset'
    )
    parser.add_argument('images', nargs='?', help='folder of the films, with --out')
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument('--out', help='folder to write a dataset to')
    target.add_argument(
        '--write', metavar='FOLDER', help='folder to write CSV files to'
    )
    parser.add_argument('--split-scheme', help='with --write; default: all films')
    args = parser.parse_args(argv)
    if (args.out is None) != (args.images is None):
        parser.error('--out needs the folder of the films, --write takes none')
    if args.out is not None and args.split_scheme is not None:
        parser.error('--split-scheme goes with --write')
    return args


def main(argv: list[str] | None = None) -> None:
    """Convert, and say what was written and what was not."""
    args = parse_args(argv)
    from mmcxr.preparing.lists.cxr_clip_csv import convert_cxr_clip_csv
    from mmcxr.preparing.lists.cxr_clip_writing import write_cxr_clip_csv

    if args.out is not None:
        tally = convert_cxr_clip_csv(args.dataset, args.source, args.images, args.out)
    else:
        tally = write_cxr_clip_csv(
            args.dataset, args.source, args.write, args.split_scheme
        )
    for line in tally.lines():
        print(line)


if __name__ == '__main__':
    try:
        main()
    except (ValueError, OSError) as error:
        print(f'cxr_clip_csv.py: {error}', file=sys.stderr)
        sys.exit(2)
