"""Draw synthetic chest films with reports, labels, masks and boxes.

Example:
    python tools/dataset_converters/synthetic.py --num-films 500 --out data/synthetic
"""

import argparse
import sys

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from mmcxr.synthetic import write_synthetic_dataset


def parse_args() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--out', required=True, help='folder to write to')
    count = parser.add_mutually_exclusive_group()
    count.add_argument('--num-films', type=int, help='at least so many; default 500')
    count.add_argument('--num-patients', type=int, help='about 2.9 films each')
    parser.add_argument('--size', type=int, default=256, help='shorter side, pixels')
    parser.add_argument('--format', choices=('jpg', 'png', 'dicom'), default='jpg')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--workers', type=int, default=0, help='processes that draw')
    args = parser.parse_args()
    if args.num_patients is None and args.num_films is None:
        args.num_films = 500
    if (args.num_patients or args.num_films or 0) < 1:
        parser.error('--num-films and --num-patients count from 1')
    return args


def main() -> None:
    """Write the dataset, with a progress bar."""
    args = parse_args()
    columns = (
        'Drawing films',
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns) as bar:
        # Films per patient vary, so for a number of patients the end is a guess.
        total = args.num_films or round(2.9 * args.num_patients)
        task = bar.add_task('films', total=total)
        try:
            write_synthetic_dataset(
                args.out,
                num_patients=args.num_patients,
                num_films=args.num_films,
                size=args.size,
                image_format=args.format,
                seed=args.seed,
                workers=args.workers,
                progress=lambda films: bar.advance(task, films),
            )
        except (ValueError, OSError) as error:
            bar.stop()
            print(f'synthetic.py: {error}', file=sys.stderr)
            sys.exit(2)


if __name__ == '__main__':
    main()
