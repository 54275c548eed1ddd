"""Commands that read and write the CSV files of other programs; see :mod:`.command`."""

from argparse import ArgumentParser, Namespace

from ..writing import Tally
from .convert_lists import WrittenSchemes
from .cxr_clip_csv import convert_cxr_clip_csv
from .cxr_clip_forms import FORMS
from .cxr_clip_writing import write_cxr_clip_csv
from .cxrlearn_csv import convert_cxrlearn_csv, write_cxrlearn_csv
from .mrm_csv import convert_mrm_csv, write_mrm_csv

_SPLITS = ('train', 'val', 'test')


def cxr_clip_csv(parser: ArgumentParser):
    r"""Convert the CSV files that CXR-CLIP trains on, or write them from a dataset.

    python tools/prepare_dataset.py cxr-clip-csv chexpert CSV_FOLDER IMAGE_FOLDER \
        --out data/chexpert
    python tools/prepare_dataset.py cxr-clip-csv chexpert data/chexpert \
        --write CSV_FOLDER --split-scheme official
    """
    add = parser.add_argument
    add('dataset', choices=FORMS)
    add('source', help='folder with the CSV files; with --write folder of a dataset')
    add('images', nargs='?', help='folder of the films, with --out')
    _add_both_ways(parser, metavar='FOLDER', help='folder to write CSV files to')
    add('--split-scheme', help='with --write; default: all films')

    def run(args: Namespace) -> None:
        _need_films(parser, args)
        if args.out is None:
            scheme = args.split_scheme
            print_lines(
                write_cxr_clip_csv(args.dataset, args.source, args.write, scheme)
            )
            return
        if args.split_scheme is not None:
            parser.error('--split-scheme goes with --write')
        print_lines(
            convert_cxr_clip_csv(args.dataset, args.source, args.images, args.out)
        )

    return run


def mrm_csv(parser: ArgumentParser):
    r"""Convert the training.csv that MRM pre-trains on, or write one from a dataset.

    python tools/prepare_dataset.py mrm-csv training.csv IMAGE_FOLDER \
        --out data/mimic-cxr-mrm
    python tools/prepare_dataset.py mrm-csv data/mimic-cxr \
        --write data/mimic-cxr/training.csv --split-scheme official --split train
    """
    add = parser.add_argument
    add('source', help='training.csv; with --write folder of a dataset')
    add('images', nargs='?', help='folder of the films, with --out')
    _add_both_ways(parser, help='training.csv to write')
    _add_split(parser)

    def run(args: Namespace) -> None:
        _need_films(parser, args)
        _need_both_of_split(parser, args)
        if args.out is None:
            scheme, split = args.split_scheme, args.split
            print_lines(write_mrm_csv(args.source, args.write, scheme, split))
            return
        if args.split is not None:
            parser.error('--split goes with --write; training.csv has no splits')
        print_lines(convert_mrm_csv(args.source, args.images, args.out))

    return run


def cxrlearn_csv(parser: ArgumentParser):
    r"""Convert the CSV files that cxrlearn fine-tunes on, or write one from a dataset.

    python tools/prepare_dataset.py cxrlearn-csv IMAGE_FOLDER --out data/mine \
        --train-csv train.csv --val-csv val.csv --test-csv test.csv \
        --path-column Path --class-columns Edema Pneumonia
    python tools/prepare_dataset.py cxrlearn-csv data/chexpert --write train.csv \
        --split-scheme official --split train --class-columns Edema Pneumonia
    """
    add = parser.add_argument
    add('source', help='folder of the films; with --write folder of a dataset')
    _add_both_ways(parser, metavar='CSV', help='CSV file to write')
    for split in _SPLITS:
        add(f'--{split}-csv', metavar='CSV', help='with --out')
    add('--path-column', default='Path', help='of the image paths (default Path)')
    add('--class-columns', nargs='+', default=[], help='labels; --write: default all')
    add('--patient-column', help='with --out: of patient ids, if there is one')
    add('--one-column', metavar='NAME', help='with --write: numbers of classes in it')
    _add_split(parser)

    def run(args: Namespace) -> None:
        paths = {split: getattr(args, f'{split}_csv') for split in _SPLITS}
        files = {split: path for split, path in paths.items() if path}
        if (args.out is not None) != bool(files):
            parser.error('--out needs --train-csv or others, --write takes none')
        if args.out is not None and not args.class_columns:
            parser.error('--out needs --class-columns')
        _need_both_of_split(parser, args)
        if args.out is not None and (args.split or args.one_column):
            parser.error('--split and --one-column go with --write')
        print_lines(_cxrlearn_csv(args, files))

    return run


def _cxrlearn_csv(args: Namespace, files: dict[str, str]) -> Tally:
    if args.out is not None:
        return convert_cxrlearn_csv(
            files,
            args.path_column,
            args.class_columns,
            args.source,
            args.out,
            args.patient_column,
        )
    return write_cxrlearn_csv(
        args.source,
        args.write,
        args.split_scheme,
        args.split,
        args.class_columns,
        args.one_column,
        args.path_column,
    )


def _add_both_ways(parser: ArgumentParser, **write) -> None:
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument('--out', help='folder to write a dataset to')
    target.add_argument('--write', **write)


def _add_split(parser: ArgumentParser) -> None:
    parser.add_argument('--split-scheme', help='with --write; default: all images')
    parser.add_argument('--split', help='with --split-scheme')


def _need_films(parser: ArgumentParser, args: Namespace) -> None:
    if (args.out is None) != (args.images is None):
        parser.error('--out needs the folder of the films, --write takes none')


def _need_both_of_split(parser: ArgumentParser, args: Namespace) -> None:
    if (args.split_scheme is None) != (args.split is None):
        parser.error('--split-scheme and --split go together')


def print_lines(found: Tally | WrittenSchemes) -> None:
    """What was written and what was not."""
    for line in found.lines():
        print(line)
