"""The command that prepares a dataset: ``tools/prepare_dataset.py NAME``."""

import argparse
import re
import sys
from collections.abc import Callable
from functools import partial
from inspect import getdoc, getmodule

from mmcxr.synthetic.command import synthetic

from .lists.command import LIST_COMMANDS
from .official_download import official_download
from .overview import all_converters

PROG = 'prepare_dataset.py'


def main(argv: list[str] | None = None) -> int:
    """Do what the command line says; None takes that of the process.

    Returns:
        Exit code: 0 all is as published, 1 it is not, 2 nothing could be done.
    """
    args = _parser().parse_args(argv)
    try:
        return args.run(args) or 0
    except (ValueError, OSError) as error:
        print(f'{PROG} {args.name}: {error}', file=sys.stderr)
        return 2


def old_name(name: str) -> None:
    """Run the command ``name`` with the arguments of the process, and end it."""
    sys.exit(main([name, *sys.argv[1:]]))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROG,
        description='Prepare a dataset, or lists of one. Each NAME has options of its '
        'own: NAME --help.',
    )
    names = parser.add_subparsers(dest='name', metavar='NAME', required=True)

    def add(name: str, documented: object, arguments: Callable) -> None:
        doc = re.sub(r':\w+:`[.~]*([^`]+)`|``', r'\1', getdoc(documented))
        command = names.add_parser(
            name,
            help=doc.split('\n')[0].replace('%', '%%'),
            description=doc,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.set_defaults(run=arguments(command))

    for name, converter in sorted(all_converters().items()):
        add(name, getmodule(converter.read), partial(official_download, converter))
    for name, arguments in {'synthetic': synthetic, **LIST_COMMANDS}.items():
        add(name, arguments, arguments)
    return parser
