"""Back-translated reports: English -> another language -> English.

CXR-CLIP (https://arxiv.org/abs/2310.13292) augments reports this way. The work is
cut into batches whose randomness comes from (seed, batch) and whose results are
written to a journal as they come, so a killed run goes on where it stopped and ends
with the same table.
"""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from mmcxr.datasets.tables.table import SECTIONS, find_table
from mmcxr.datasets.tables.table_file import TableError, read_cells

from .translation import MarianTranslator


@dataclass(frozen=True)
class BackTranslation:
    """What decides the result of a back-translation.

    Args:
        forward: MarianMT model from English, hub name or local folder.
        backward: MarianMT model back to English.
        temperatures: of the sampling, forward and backward.
        num_beams: beams kept.
        batch_size: distinct texts of a batch.
        seed: of the sampling.
    """

    forward: str = 'Helsinki-NLP/opus-mt-en-it'
    backward: str = 'Helsinki-NLP/opus-mt-it-en'
    temperatures: tuple[float, float] = (1.5, 1.5)
    num_beams: int = 5
    batch_size: int = 128
    seed: int = 42

    def translators(self, device: str) -> list[MarianTranslator]:
        """Load both models."""
        return [
            MarianTranslator(name, t, self.num_beams, self.batch_size, device)
            for name, t in zip(
                (self.forward, self.backward), self.temperatures, strict=True
            )
        ]


def back_translate_table(
    root: str | Path,
    settings: BackTranslation,
    out: str | Path | None = None,
    device: str = 'cpu',
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Path:
    """Write a copy of a dataset's table with back-translated sections.

    The columns ``findings_augmented`` and ``impression_augmented`` are added or
    replaced, all else is kept; empty sections stay empty. Equal texts share one
    back-translation. The copy appears when it is complete; until then the results
    are in ``<out>.partial``, from which a further call goes on.

    Args:
        root: folder of the dataset.
        settings: models and sampling.
        out: path of the copy, its ending says the format (.csv, .csv.gz,
            .parquet); None is ``table_augmented`` beside the table, in its format.
        device: where the models run.
        progress: called with the number of texts done and in all.

    Returns:
        Path of the copy.

    Raises:
        TableError: the table has no findings and no impression.
        ValueError: ``<out>.partial`` belongs to other settings or another table.
    """
    path = find_table(root)
    table = read_cells(path)
    sections = [name for name in SECTIONS if name in table]
    texts = {text for name in sections for text in table[name] if text.strip()}
    if not texts:
        raise TableError(f'{path}: no text in findings or impression to translate')
    # By length: a batch is padded to its longest.
    texts = sorted(texts, key=lambda text: (len(text), text))
    if out is None:
        out = path.with_name(path.name.replace('table', 'table_augmented', 1))
    out = Path(out)
    journal = out.with_name(f'{out.name}.partial')
    done = back_translate(texts, settings, journal, device, progress)
    translated = dict(zip(texts, done, strict=True))
    for name in sections:
        table[f'{name}_augmented'] = [translated.get(text, '') for text in table[name]]
    _write_table(table, out)
    journal.unlink()
    return out


def back_translate(
    texts: list[str],
    settings: BackTranslation,
    journal: Path,
    device: str = 'cpu',
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[str]:
    """Back-translate texts, keeping finished batches in a journal.

    Seeds torch's global generators anew for each batch.

    Returns:
        One text for each of ``texts``.
    """
    key = _digest(texts, settings)
    done = _read_journal(journal, key)
    progress(len(done), len(texts))
    if len(done) == len(texts):
        return done
    translators = settings.translators(device)
    with journal.open('a', encoding='utf-8') as file:
        if file.tell() == 0:
            _append(file, dict(key=key, settings=asdict(settings)))
        for start in range(len(done), len(texts), settings.batch_size):
            batch = texts[start : start + settings.batch_size]
            batch = _translate_batch(batch, translators, settings.seed, start)
            _append(file, batch)
            done += batch
            progress(len(done), len(texts))
    return done


def _translate_batch(texts, translators, seed: int, start: int) -> list[str]:
    import torch

    number = hashlib.sha256(f'{seed} {start}'.encode()).digest()[:8]
    torch.manual_seed(int.from_bytes(number, 'little') >> 1)
    for translator in translators:
        texts = translator(texts)
    return texts


def _digest(texts: list[str], settings: BackTranslation) -> str:
    content = json.dumps([asdict(settings), texts], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _read_journal(journal: Path, key: str) -> list[str]:
    """Texts of the finished batches; a line cut short by a kill is removed."""
    if not journal.is_file():
        return []
    content = journal.read_bytes()
    whole = content[: content.rfind(b'\n') + 1]
    if len(whole) < len(content):
        with journal.open('r+b') as file:
            file.truncate(len(whole))
    head, *batches = [json.loads(line) for line in whole.splitlines()] or [{'key': key}]
    if head['key'] != key:
        raise ValueError(
            f'{journal} was begun with other settings, another table or an older '
            'one; remove it to start again'
        )
    return [text for batch in batches for text in batch]


def _append(file, content) -> None:
    file.write(json.dumps(content) + '\n')
    file.flush()
    os.fsync(file.fileno())


def _write_table(table: pd.DataFrame, out: Path) -> None:
    """Write beside the target under another name, then put it in place at once."""
    written = out.with_name(f'.writing_{out.name}')
    if out.suffix == '.parquet':
        table.to_parquet(written, index=False)
    else:
        table.to_csv(written, index=False)
    os.replace(written, out)
