"""The command that draws a dataset."""

from argparse import ArgumentParser, Namespace

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from .write import write_synthetic_dataset

_COLUMNS = ('Drawing films', BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())


def synthetic(parser: ArgumentParser):
    """Draw synthetic chest films with reports, labels, masks and boxes.

    Example:
    python tools/prepare_dataset.py synthetic --num-films 500 --out data/synthetic
    """
    add = parser.add_argument
    add('--out', required=True, help='folder to write to')
    count = parser.add_mutually_exclusive_group()
    count.add_argument('--num-films', type=int, help='at least so many; default 500')
    count.add_argument('--num-patients', type=int, help='about 2.9 films each')
    add('--size', type=int, default=256, help='shorter side, pixels')
    add('--format', choices=('jpg', 'png', 'dicom'), default='jpg')
    add('--seed', type=int, default=0)
    add('--workers', type=int, default=0, help='processes that draw')

    def run(args: Namespace) -> None:
        if args.num_patients is None and args.num_films is None:
            args.num_films = 500
        if (args.num_patients or args.num_films or 0) < 1:
            parser.error('--num-films and --num-patients count from 1')
        _draw(args)

    return run


def _draw(args: Namespace) -> None:
    with Progress(*_COLUMNS) as bar:
        # Films per patient vary, so for a number of patients the end is a guess.
        total = args.num_films or round(2.9 * args.num_patients)
        task = bar.add_task('films', total=total)
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
