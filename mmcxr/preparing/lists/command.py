"""Commands that read and write the lists and CSV files of other programs.

Each adds its arguments to a parser and returns what runs it; its docstring is its help.
"""

from argparse import ArgumentParser, Namespace

from .convert_lists import convert_split_lists, read_schemes
from .csv_commands import cxr_clip_csv, cxrlearn_csv, mrm_csv, print_lines
from .known_lists import KNOWN_LISTS
from .mrm_lists import write_mrm_lists

_POLICIES = ('ones', 'zeros')


def split_lists(parser: ArgumentParser):
    r"""Make split schemes of a converted dataset from published lists.

    python tools/prepare_dataset.py split-lists mrm DatasetsSplits \
        --dataset covid19 --out data/covid19
    python tools/prepare_dataset.py split-lists any FOLDER --scheme mine \
        --out data/mine
    """
    add = parser.add_argument
    add('system', choices=(*KNOWN_LISTS, 'any'), help='whose lists')
    add('lists', help='folder (or one file) of the lists')
    add('--out', required=True, help='folder of the converted dataset')
    add('--dataset', help='which dataset; needed but for any')
    add('--scheme', help='name of the scheme; for any')
    add(
        '--accept',
        nargs='+',
        default=[],
        choices=('faulty-labels', 'empty-splits'),
        help='faults to live with: label cells that are none become unknown, a split '
        'may have no image',
    )
    add(
        '--fill-labels',
        action='store_true',
        help="write the lists' labels into cells that are empty in the table",
    )

    def run(args: Namespace) -> None:
        needed = 'scheme' if args.system == 'any' else 'dataset'
        if getattr(args, needed) is None:
            parser.error(f'{args.system} needs --{needed}')
        schemes = read_schemes(args.system, args.lists, args.dataset, args.scheme)
        print_lines(
            convert_split_lists(schemes, args.out, args.accept, args.fill_labels)
        )

    return run


def mrm_lists(parser: ArgumentParser):
    r"""Write the text lists that MRM fine-tunes on from a split scheme of a dataset.

    python tools/prepare_dataset.py mrm-lists data/chestx-ray14 \
        --split-scheme official --class-columns Atelectasis Cardiomegaly \
        --write lists/NIH_ChestX-ray

    split-lists reads such lists.
    """
    add = parser.add_argument
    add('data', help='folder of a converted dataset')
    add('--write', metavar='FOLDER', required=True, help='folder to write to')
    add('--split-scheme', required=True, help='whose splits to write')
    add('--class-columns', nargs='+', default=[], help='labels; default: none')
    add('--uncertain', choices=_POLICIES, help='what -1 counts as; default: left out')
    add('--unknown', choices=_POLICIES, help='what an empty label counts as, likewise')

    def run(args: Namespace) -> None:
        policies = args.uncertain, args.unknown
        wanted = args.split_scheme, args.class_columns
        print_lines(write_mrm_lists(args.data, args.write, *wanted, *policies))

    return run


LIST_COMMANDS = {
    command.__name__.replace('_', '-'): command
    for command in (split_lists, cxr_clip_csv, mrm_csv, mrm_lists, cxrlearn_csv)
}
