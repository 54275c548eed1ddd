"""Tell what a checkpoint file is, whether it is whole, and how to load it.

    python tools/model_converters/inspect.py FILE
    python tools/model_converters/inspect.py FILE --json

From its content, not its name; nothing in it is run. Exit code 0: it can be loaded; 1:
it was read, but is no known file, or an incomplete one; 2: it cannot be read.
"""

import sys

# This folder is searched last: Python's own module inspect has this file's name.
sys.path.sort(key=lambda path: path.endswith('model_converters'))

import argparse
import json
from collections import Counter


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('checkpoint', metavar='FILE', help='what to look at')
    parser.add_argument('--json', action='store_true', help='print all of it as JSON')
    return parser.parse_args(argv)


def lines(found: dict, most: int = 5) -> list[str]:
    """What a person wants to know, one thing a line."""
    named = found['system'] or 'nothing known'
    told = [f'{found["file"]}: {named}' + _behind(found['variant'])]
    told.append(f'kind       {found["kind"]}')
    if found['tensors']:
        precision = ', '.join(f'{n} {name}' for name, n in found['precision'].items())
        told.append(
            f'holds      {found["tensors"]} tensors ({precision}), '
            f'{found["parameters"]:,} numbers'
        )
    container = found['container'] or {}
    if container.get('under') or container.get('prefix'):
        where = container['under'] or 'the top'
        behind = f', each behind {container["prefix"]!r}' if container['prefix'] else ''
        told.append(f'weights    under {where!r}{behind}')
    if container.get('beside'):
        told.append(f'beside     {_listed(list(container["beside"]), most)}')
    if found['coverage'] is not None:
        told.append(
            f'coverage   {found["coverage"]:.1%} of the model, {found["mapped"]} '
            f'entries mapped, {len(found["dropped"])} left out'
        )
    for reason, count in Counter(found['dropped'].values()).items():
        told.append(f'left out   {count}: {reason}')
    for name in ('missing', 'foreign', 'misshapen'):
        if found[name]:
            told.append(f'{name:10} {_listed(found[name], most)}')
    for other in found['also']:
        told.append(f'also       {other}')
    if found['problem']:
        told.append(f'problem    {found["problem"]}')
    if found['load']:
        told.append(f'load       {found["load"]}')
    return told


def _behind(variant: str | None) -> str:
    return f' ({variant})' if variant else ''


def _listed(names: list[str], most: int) -> str:
    more = f' and {len(names) - most} more' if len(names) > most else ''
    return ', '.join(names[:most]) + more


def main(argv: list[str] | None = None) -> int:
    """Print, and return the exit code."""
    args = parse_args(argv)
    from mmcxr.apis.inspection import inspect_checkpoint

    try:
        found = inspect_checkpoint(args.checkpoint)
    except OSError as error:
        print(f'inspect.py: {error}', file=sys.stderr)
        return 2
    print(json.dumps(found, indent=1) if args.json else '\n'.join(lines(found)))
    if not found['readable']:
        return 2
    return 0 if found['load'] else 1


if __name__ == '__main__':
    sys.exit(main())
