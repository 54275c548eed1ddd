r"""Make split schemes of a converted dataset from published lists.

python tools/dataset_converters/split_lists.py mrm DatasetsSplits \
    --dataset covid19 --out data/covid19
python tools/dataset_converters/split_lists.py any FOLDER --scheme mine \
    --out data/mine
"""

import argparse
import sys


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'system', choices=('mrm', 'benchx', 'knobo', 'any'), help='whose lists'
    )
    parser.add_argument('lists', help='folder (or one file) of the lists')
    parser.add_argument('--out', required=True, help='folder of the converted dataset')
    parser.add_argument('--dataset', help='which dataset; needed but for any')
    parser.add_argument('--scheme', help='name of the scheme; for any')
    parser.add_argument(
        '--accept',
        nargs='+',
        default=[],
        choices=('faulty-labels', 'empty-splits'),
        help='faults to live with: label cells that are none become unknown, a split '
        'may have no image',
    )
    parser.add_argument(
        '--fill-labels',
        action='store_true',
        help="write the lists' labels into cells that are empty in the table",
    )
    args = parser.parse_args(argv)
    needed = 'scheme' if args.system == 'any' else 'dataset'
    if getattr(args, needed) is None:
        parser.error(f'{args.system} needs --{needed}')
    return args


def main(argv: list[str] | None = None) -> None:
    """Write the schemes, and say what was found and what was not."""
    args = parse_args(argv)
    from mmcxr.preparing.lists.convert_lists import convert_split_lists, read_schemes

    schemes = read_schemes(args.system, args.lists, args.dataset, args.scheme)
    written = convert_split_lists(schemes, args.out, args.accept, args.fill_labels)
    for line in written.lines():
        print(line)


if __name__ == '__main__':
    try:
        main()
    except (ValueError, OSError) as error:
        print(f'split_lists.py: {error}', file=sys.stderr)
        sys.exit(2)
