"""Pack the films and masks of a converted dataset: small, in a few large files.

    python tools/misc/pack_dataset.py DATA --size 512

Writes DATA/packs/512-jpeg, which a config then names: dict(type='LoadFilm',
pack='512-jpeg'). A killed run goes on when the command is given again; of a dataset
that has changed since, only what changed is packed anew.

    python tools/misc/pack_dataset.py DATA --size 512 --tokenizer CONFIG

adds the token ids of the reports, for CachedTokenizer(pack='512-jpeg').

    python tools/misc/pack_dataset.py DATA --size 512 --webdataset

writes several tar files, of which ShardSampler reads each from front to back, with the
rows of the table, as the webdataset library trains from them. Their films are
shuffled, for a table has those of a patient next to each other; --order studies leaves
the films of a study together, for training on studies of several views.
"""

import argparse
import sys
from pathlib import Path

from mmengine.config import Config
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

from mmcxr.datasets.packs.layout import CODECS, ORDERS, PackError, PackSettings
from mmcxr.datasets.packs.pack import Pack
from mmcxr.datasets.packs.packing import pack_dataset
from mmcxr.datasets.packs.tokens import add_tokens


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('data', help='folder of the dataset')
    parser.add_argument(
        '--size', type=int, default=512, help='shorter side of the films in pixels'
    )
    parser.add_argument(
        '--codec',
        choices=CODECS,
        default='jpeg',
        help='raw is the fastest and largest (one byte a pixel), png exact and slow',
    )
    parser.add_argument('--quality', type=int, default=95, help='of JPEG')
    parser.add_argument('--workers', type=int, default=0, help='processes')
    parser.add_argument(
        '--webdataset',
        action='store_true',
        help='several tar files, of which the webdataset library can train, too',
    )
    parser.add_argument(
        '--shard-size', type=int, default=1024, help='of a tar file, in MiB'
    )
    parser.add_argument(
        '--order',
        choices=ORDERS,
        help='of the rows: as in the table, or films or studies shuffled (always the '
        'same way); default: films with --webdataset, else table',
    )
    parser.add_argument(
        '--tokenizer',
        help="add token ids of the reports: a config, whose training data's "
        'CachedTokenizer is taken, or name, file or folder of a tokenizer',
    )
    parser.add_argument(
        '--max-length', type=int, default=100, help='of a report, unless a config says'
    )
    parser.add_argument('--name', help='of the pack; default: size and codec')
    parser.add_argument(
        '--verify', action='store_true', help='compare all checksums of the pack'
    )
    return parser.parse_args(argv)


def tokenizer_of(name: str, max_length: int) -> dict:
    """Arguments of ``add_tokens``: those of a config, or for a tokenizer of a name."""
    if not name.endswith('.py'):
        tokenizer = dict(type='HFTokenizer', name=name)
        return dict(tokenizer=tokenizer, max_length=max_length)
    dataset = Config.fromfile(name).to_dict()['train_dataloader']['dataset']
    cached = dataset.get('tokenizer')
    if cached is None:
        raise ValueError(
            f'{name}: train_dataloader.dataset has no tokenizer; where sentences are '
            'drawn in training there are no token ids to keep'
        )
    return dict(
        tokenizer=cached['tokenizer'], max_length=cached.get('max_length', max_length)
    )


def main(argv: list[str] | None = None) -> None:
    """Pack with a progress bar, or verify."""
    args = parse_args(argv)
    settings = PackSettings(
        args.size, args.codec, args.quality, args.webdataset, args.order
    )
    if args.verify:
        pack = Pack(Path(args.data, 'packs', args.name or settings.name), args.data)
        damaged = pack.verify()
        if damaged:
            raise PackError(
                f'{pack.folder}: {len(damaged)} of {len(pack)} records are damaged; '
                'remove the pack and make it again'
            )
        for digest in pack.facts.get('tokens', ()):
            pack.token_file(digest)
    else:
        columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn())
        with Progress(*columns, TimeRemainingColumn()) as bar:
            task = bar.add_task('films', total=None)
            pack = pack_dataset(
                args.data,
                settings,
                args.name,
                args.workers,
                args.shard_size << 20,
                lambda done, total: bar.update(task, completed=done, total=total),
            )
        if args.tokenizer:
            pack = add_tokens(pack, **tokenizer_of(args.tokenizer, args.max_length))
    size = sum(file['bytes'] for file in pack.facts['files'])
    print(f'{pack.folder}: {pack.facts["rows"]} rows, {size / 1e6:.1f} MB', end='')
    for tokens in pack.facts.get('tokens', {}).values():
        print(f', ids of {tokens["texts"]} texts', end='')
    unreadable = pack.unreadable()
    print(f', {unreadable} files that cannot be read' if unreadable else '')


if __name__ == '__main__':
    try:
        main()
    except (ValueError, OSError) as error:
        print(f'pack_dataset.py: {error}', file=sys.stderr)
        sys.exit(2)
