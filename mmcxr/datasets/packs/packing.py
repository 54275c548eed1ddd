"""Pack a dataset."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import chain, islice
from pathlib import Path

import pandas as pd

from mmcxr.datasets.tables.table import find_table, mask_columns, read_table
from mmcxr.processes import in_order

from .encoding import UNREADABLE, Item, encode_row, plan_row
from .layout import (
    PackError,
    PackSettings,
    settings_facts,
    table_facts,
    token_name,
    write_facts,
)
from .order import arranged
from .pack import Pack
from .tokens import add_tokens
from .writing import PackWriter


def pack_dataset(
    root: str | Path,
    settings: PackSettings,
    name: str | None = None,
    workers: int = 0,
    shard_bytes: int = 1 << 30,
    progress: Callable[[int, int], None] | None = None,
) -> Pack:
    """Pack the films and masks of a dataset, or bring a pack of it up to date.

    The bytes of a new pack follow from the dataset and the settings, whatever the
    number of workers and however often it was killed and begun again. Where a pack
    is brought up to date, or into another order, films and masks whose files have not
    changed are copied, and token ids that it has are made anew if the table is another.
    What cannot be read is counted, and raises its error when it is asked for.

    Args:
        root: folder of the dataset.
        settings: how to pack.
        name: of the pack in the folder ``packs`` of the dataset; by default size and
            codec.
        workers: processes that read and encode; 0 does it in the caller's.
        shard_bytes: size of a tar after which the next begins, for webdataset.
        progress: called with the rows done and all rows.

    Returns:
        The pack, opened.

    Raises:
        PackError: a pack of that name has other settings than the order or is
            damaged, another process writes it, or the table changed meanwhile.
        TableError: the table cannot be used.
    """
    root = Path(root)
    folder = root / 'packs' / (name or settings.name)
    facts = table_facts(find_table(root))
    table = arranged(read_table(root), settings.order)
    old = _former(folder, settings)
    tokens = {} if old is None else old.facts.get('tokens', {})
    if old is not None and _is_current(old, _planned(root, table, settings)):
        _take_over(old, facts, settings)
        return _with_tokens(Pack(folder, root), tokens)
    with PackWriter(folder, settings, shard_bytes) as writer:
        done = writer.resume(_planned(root, table, settings))
        former = None if old is None else folder
        calls = (
            (root, items, settings, former)
            for items in islice(_planned(root, table, settings), done, None)
        )
        for number, items in enumerate(in_order(make_row, calls, workers), done):
            writer.add(items)
            if progress:
                progress(number + 1, len(table))
        if table_facts(find_table(root)) != facts:
            raise PackError(
                f'{root}: the table changed while it was packed; give the command again'
            )
        writer.finish(dict(table=facts, rows=len(table)))
    return _with_tokens(Pack(folder, root), tokens)


def make_row(
    root: Path, items: Sequence[Item], settings: PackSettings, former: Path | None
) -> list[Item]:
    """The items of a row with their data.

    If its film and masks are as they were, they are copied from a former pack.
    """
    if former is not None:
        old = _open_once(former)
        if all(_is_same(old, item) for item in items if not item.data):
            return [item if item.data else _copied(old, item) for item in items]
    return encode_row(root, items, settings)


def _planned(
    root: Path, table: pd.DataFrame, settings: PackSettings
) -> Iterator[list[Item]]:
    """The items of each row, as their files are now."""
    masks = mask_columns(table)
    columns = list(table)
    cells = zip(*(table[name].tolist() for name in columns), strict=True)
    for row in cells:
        yield plan_row(root, dict(zip(columns, row, strict=True)), masks, settings)


def _former(folder: Path, settings: PackSettings) -> Pack | None:
    """The pack that is there already, whole, of these settings but for the order."""
    if not folder.exists():
        return None
    pack = Pack(folder)
    found = replace(pack.settings, order=settings.order)
    if settings_facts(found) != settings_facts(settings):
        raise PackError(
            f'{folder}: made with other settings ({pack.settings}); remove it, or give '
            'this pack another --name'
        )
    return pack


def _take_over(pack: Pack, table: dict, settings: PackSettings) -> None:
    """Let a pack be one of another table that has the same films and masks."""
    facts = dict(pack.facts)
    is_stale = facts['table']['sha256'] != table['sha256']
    stale = facts.pop('tokens', ()) if is_stale else ()
    facts.update(table=table, settings=settings_facts(settings))
    write_facts(pack.folder, facts)
    for digest in stale:
        (pack.folder / token_name(digest)).unlink(missing_ok=True)


def _with_tokens(pack: Pack, tokens: Mapping[str, Mapping]) -> Pack:
    """The pack with the token ids that the former one had, of its own reports."""
    for made in tokens.values():
        pack = add_tokens(pack, made['tokenizer'], made['max_length'])
    return pack


def _is_current(pack: Pack, rows: Iterator[list[Item]]) -> bool:
    """Whether a pack has all these items as they are, in this order, and no others."""
    number, last = 0, (0, 0)
    for item in chain.from_iterable(rows):
        if not _is_same(pack, item) or pack.start(item.name) < last:
            return False
        number, last = number + 1, pack.start(item.name)
    return number == len(pack)


def _is_same(pack: Pack, item: Item) -> bool:
    return item.name in pack and pack.source(item.name) == item.source


def _copied(pack: Pack, item: Item) -> Item:
    record, data = pack.read(item.name)
    stored, full = (tuple(record[key].tolist()) for key in ('stored', 'full'))
    return replace(
        item,
        data=data.tobytes(),
        stored=stored,
        full=full,
        suffix=item.suffix if any(stored) else UNREADABLE,
    )


@cache
def _open_once(folder: Path) -> Pack:
    return Pack(folder)
