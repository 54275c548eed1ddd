"""Convert the CSV files that CXR-CLIP trains on.

python tools/dataset_converters/cxr_clip_csv.py chexpert CSV_FOLDER IMAGE_FOLDER \
    --out data/chexpert
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
    parser.add_argument('csv_folder', help='folder with the files of the dataset')
    parser.add_argument('images', help='folder of the films')
    parser.add_argument('--out', required=True, help='folder to write to')
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Convert, and say what was written and what was not."""
    args = parse_args(argv)
    from mmcxr.datasets.conversion.cxr_clip_csv import convert_cxr_clip_csv

    tally = convert_cxr_clip_csv(args.dataset, args.csv_folder, args.images, args.out)
    for line in tally.lines():
        print(line)


if __name__ == '__main__':
    try:
        main()
    except (ValueError, OSError) as error:
        print(f'cxr_clip_csv.py: {error}', file=sys.stderr)
        sys.exit(2)
