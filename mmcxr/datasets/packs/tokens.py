"""Token ids of the reports of a dataset, in its pack."""

from collections.abc import Mapping
from pathlib import Path

from mmcxr.datasets.tables.samples import share_texts, whole_reports
from mmcxr.datasets.tables.table import TableError, find_table, read_table
from mmcxr.datasets.texts.laterality import swap_sides

from .layout import file_digest, token_name, write_facts
from .pack import Pack
from .token_cache import CachedTokenizer


def add_tokens(pack: Pack, tokenizer: Mapping, max_length: int) -> Pack:
    """Add token ids of all reports of the table to a pack, unless it has them.

    They are those of whole reports, as ``texts='whole'`` of
    :class:`~mmcxr.datasets.image_text.ImageTextDataset` has them, and of the same with
    left and right exchanged. A killed run leaves the pack as it was.

    Args:
        pack: opened with the folder of its dataset.
        tokenizer: config of one from the registry TOKENIZERS.
        max_length: most ids per text.

    Returns:
        The pack, opened anew.

    Raises:
        TableError: no row has a report, or one study has several.
        PackError: the pack has these ids, but damaged; or the table changed meanwhile.
    """
    cached = CachedTokenizer(tokenizer, max_length)
    digest = cached.digest(())
    if pack.token_file(digest) is not None:
        return pack
    texts = _reports(pack.root)
    path = pack.folder / token_name(digest)
    cached.make(texts).save(path)
    pack.check_table(Path(pack.root))  # it may have changed meanwhile
    facts = dict(
        tokenizer=dict(tokenizer),
        max_length=max_length,
        texts=len(texts),
        sha256=file_digest(path),
    )
    tokens = {**pack.facts.get('tokens', {}), digest: facts}
    write_facts(pack.folder, dict(pack.facts, tokens=tokens))
    return Pack(pack.folder, pack.root)


def _reports(root: str | Path) -> list[str]:
    """Different reports of a table, and what they are mirrored."""
    table = share_texts(read_table(root), Path(root))
    texts = [text for text in dict.fromkeys(whole_reports(table)) if text]
    if not texts:
        raise TableError(f'{find_table(root)}: no row has a report to tokenise')
    return list(dict.fromkeys([*texts, *map(swap_sides, texts)]))
