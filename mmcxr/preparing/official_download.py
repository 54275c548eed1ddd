"""The command of each converter: convert an official download, or verify it."""

import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from .convert import convert
from .films import Converter
from .placing import Options
from .verify import Verification, verify
from .writing import FAULTS


def official_download(converter: Converter, parser: ArgumentParser):
    """Add the arguments of ``converter``; returns what runs it."""
    _add_arguments(parser, converter)

    def run(args: Namespace) -> int:
        if not args.verify and args.source is None:
            parser.error('SOURCE is missing: name the folder of the download')
        try:
            return _report(_found(converter, args), args)
        except KeyboardInterrupt:
            fault = 'stopped; the same command goes on where it was'
            raise InterruptedError(fault) from None
        except BrokenProcessPool:
            fault = 'a worker died, for want of memory perhaps; go on with fewer'
            raise ChildProcessError(f'{fault} --workers') from None

    return run


def _found(converter: Converter, args: Namespace) -> Verification:
    if args.verify:
        return verify(args.out, converter.reported, args.workers)
    options = Options(args.size, args.link, args.keep_dicom)
    further = {option: getattr(args, option) for option in converter.options}
    return convert(
        converter,
        args.source,
        args.out,
        options,
        args.workers,
        args.limit,
        **further,
    )


def _add_arguments(parser: ArgumentParser, converter: Converter) -> None:
    facts = converter.facts
    example = facts['convert'].format(data_root=f'data/{facts["dataset"]}')
    parser.epilog = (
        f'Example: {example} --size 512\n'
        f'Licence: {facts["licence"]}. Please cite: {facts["citation"]}.'
    )
    add = parser.add_argument
    add('source', nargs='?', help='folder or archive of the official download')
    add('--out', required=True, metavar='DATA', help='folder to write to')
    add(
        '--workers',
        type=_natural,
        default=min(8, os.cpu_count() or 1),
        metavar='N',
        help='processes; 0 works in this one (default %(default)s)',
    )
    add(
        '--size',
        type=_positive,
        metavar='N',
        help='shrink films whose shorter side is longer than N pixels to N, with their '
        'boxes and masks; JPEG stays JPEG (quality 95), all else becomes 8-bit PNG',
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        '--copy',
        action='store_true',
        help='copy films that stay as they are (the default: DATA then needs nothing '
        'of SOURCE)',
    )
    how.add_argument(
        '--link', action='store_true', help='point symbolic links at them instead'
    )
    add(
        '--keep-dicom',
        action='store_true',
        help='store DICOM as it is, not as 8-bit PNG; its headers come along',
    )
    add('--limit', type=_positive, metavar='N', help='only the first N films')
    add(
        '--verify',
        action='store_true',
        help='convert nothing: check every file in DATA and compare with the '
        'published numbers',
    )
    add(
        '--accept',
        nargs='+',
        default=(),
        choices=FAULTS,
        metavar='KIND',
        help='faults that do not fail the verification: '
        + '; '.join(f'{fault} ({meaning})' for fault, meaning in FAULTS.items()),
    )
    for option, arguments in converter.options.items():
        add(f'--{option.replace("_", "-")}', **arguments)


def _report(found: Verification, args: Namespace) -> int:
    for line in found.lines():
        print(line)
    refused = found.refused(args.accept)
    if refused:
        print(
            f'not as it should be: {", ".join(refused)}; every name is in '
            f'{Path(args.out) / "verification.json"}; where that is known and right, '
            f'add --accept {" ".join(refused)}',
            file=sys.stderr,
        )
    return int(bool(refused))


def _natural(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ArgumentTypeError(f'{text} is below 0')
    return number


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ArgumentTypeError(f'{text} is below 1')
    return number
