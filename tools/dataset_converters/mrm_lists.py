r"""Write the text lists that MRM fine-tunes on from a split scheme of a dataset.

python tools/dataset_converters/mrm_lists.py data/chestx-ray14 --split-scheme official \
    --class-columns Atelectasis Cardiomegaly --write lists/NIH_ChestX-ray

tools/dataset_converters/split_lists.py reads such lists.
"""

import argparse
import sys

_POLICIES = ('ones', 'zeros')


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add('data', help='folder of a converted dataset')
    add('--write', metavar='FOLDER', required=True, help='folder to write to')
    add('--split-scheme', required=True, help='whose splits to write')
    add('--class-columns', nargs='+', default=[], help='labels; default: none')
    add('--uncertain', choices=_POLICIES, help='what -1 counts as; default: left out')
    add('--unknown', choices=_POLICIES, help='what an empty label counts as, likewise')
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Write, and say what was written and what was not."""
    args = parse_args(argv)
    from mmcxr.preparing.lists.mrm_lists import write_mrm_lists

    tally = write_mrm_lists(
        args.data,
        args.write,
        args.split_scheme,
        args.class_columns,
        args.uncertain,
        args.unknown,
    )
    for line in tally.lines():
        print(line)


if __name__ == '__main__':
    try:
        main()
    except (ValueError, OSError) as error:
        print(f'mrm_lists.py: {error}', file=sys.stderr)
        sys.exit(2)
