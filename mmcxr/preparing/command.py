"""The command line that all converters share."""

import argparse
import os
import sys
from concurrent.futures.process import BrokenProcessPool
from importlib import import_module
from pathlib import Path

from .convert import convert
from .films import Converter
from .placing import Options
from .verify import Verification, verify
from .writing import FAULTS


def run(name: str, doc: str, argv: list[str] | None = None) -> int:
    """Convert or verify as the command line says.

    Args:
        name: module of :mod:`.readers` with the constant ``CONVERTER``.
        doc: help text; its first line says what is converted.
        argv: the command line; None takes that of the process.

    Returns:
        Exit code: 0 all is as published, 1 it is not, 2 nothing could be done.
    """
    converter: Converter = import_module(f'{__package__}.readers.{name}').CONVERTER
    parser = _parser(name, doc, converter)
    args = parser.parse_args(argv)
    if not args.verify and args.source is None:
        parser.error('SOURCE is missing: name the folder of the download')
    try:
        if args.verify:
            found = verify(args.out, converter.reported, args.workers)
        else:
            options = Options(args.size, args.link, args.keep_dicom)
            found = convert(
                converter,
                args.source,
                args.out,
                options,
                args.workers,
                args.limit,
                **{option: getattr(args, option) for option in converter.options},
            )
    except KeyboardInterrupt:
        return _fail(name, 'stopped; the same command goes on where it was')
    except BrokenProcessPool:
        fault = 'a worker died, for want of memory perhaps; go on with fewer --workers'
        return _fail(name, fault)
    except (ValueError, OSError) as error:
        return _fail(name, error)
    return _report(found, args)


def _parser(name: str, doc: str, converter: Converter) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f'{name}.py',
        description=doc,
        epilog=f'Licence: {converter.facts["licence"]}. Please cite: '
        f'{converter.facts["citation"]}.',
        formatter_class=argparse.RawDescriptionHelpFormatter,
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
    return parser


def _report(found: Verification, args: argparse.Namespace) -> int:
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


def _fail(name: str, fault: object) -> int:
    print(f'{name}.py: {fault}', file=sys.stderr)
    return 2


def _natural(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f'{text} is below 0')
    return number


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f'{text} is below 1')
    return number
