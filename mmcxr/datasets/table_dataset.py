"""What all datasets over a table share: rows, splits, seeds and unreadable films.

How films are read is the pipeline's affair: ``LoadFilm`` takes ``img_path``, and a
loader that maps a pack of pre-resized films takes its place by name in the config.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from mmcxr.datasets.films.grey import UnreadableFilm
from mmcxr.datasets.tables.identities import read_identities
from mmcxr.datasets.tables.splits import (
    SplitScheme,
    fraction_name,
    listed_above,
    overlap,
    read_split,
    take_fraction,
)
from mmcxr.datasets.tables.table import (
    VIEWS,
    MissingTable,
    TableError,
    find_table,
    label_columns,
    nearest,
    read_table,
)
from mmcxr.registry import TRANSFORMS

from .packs.pack import open_pack
from .seeding import hash_numbers, sample_seed

_MAX_REPLACEMENTS = 100


class TableDataset(BaseDataset):
    """Rows of one split of one table; children make items of them.

    An index is ``epoch * len(dataset) + index``, as ``EpochSampler`` gives it; a
    plain index is epoch 0. The pipeline runs under a seed made of (seed, epoch,
    index). ``seed`` is set by the sampler.

    ``METAINFO`` and ``metainfo`` may hold any fact; known ones are ``dataset`` (name;
    else that of the folder), ``classes`` (else all label columns), ``licence``,
    ``citation`` and ``convert`` (the command that makes ``{data_root}``). After loading
    ``metainfo`` also holds ``split_scheme``, ``split``, ``fraction``,
    ``fraction_source``, ``left_out`` ({reason: images}), ``missing`` ({split:
    dict(listed, missing)} of splits that list images the table lacks) and
    ``overlap``: None, or what the split shares with the training split, dict(scheme,
    against, images, patients) and, where ``identities.csv`` says which films are
    copies, ``copies``.

    Args:
        data_root: folder of the table.
        split_scheme: name of a list in ``splits/``, or ``clean``; None with
            ``split=None`` is the whole table.
        split: name of a split in it.
        fraction: share of the split, in (0, 1]. A fraction that the scheme lists
            itself (0.01 of ``train`` as ``train_1``) is taken from there, any other
            is drawn by patients, nested, inside the next larger one that is listed.
        fraction_seed: for the draw; not the seed of the run.
        classes: label columns in the order of the outputs; overrides METAINFO.
        views: keep images of these views only ('' is unknown); None keeps all.
        metainfo: facts that override METAINFO.
        pipeline: transforms.
        test_mode: an unreadable film raises; else another sample replaces it.
        max_unreadable: share of the samples that may be unreadable in training; one
            is allowed in any case unless it is 0.
        lazy_init: load at first use.

    Raises:
        MissingTable: no folder; the message holds the command that makes it.
        TableError: a table or split list that cannot be used.
        UnreadableFilm: from indexing.
    """

    def __init__(
        self,
        data_root: str,
        split_scheme: str | None = None,
        split: str | None = None,
        fraction: float = 1.0,
        fraction_seed: int = 0,
        classes: Sequence[str] | None = None,
        views: Sequence[str] | None = None,
        metainfo: Mapping | None = None,
        pipeline: Sequence[dict | Callable] = (),
        test_mode: bool = False,
        max_unreadable: float = 0.01,
        lazy_init: bool = False,
    ):
        if (split_scheme is None) != (split is None):
            raise ValueError('give both split_scheme and split, or neither')
        for view in views or ():
            if view not in VIEWS:
                raise ValueError(f'unknown view {view!r}{nearest(view, VIEWS)}')
        self.split_scheme = split_scheme
        self.split = split
        self.fraction = fraction
        self.fraction_seed = fraction_seed
        self.views = views
        self.max_unreadable = max_unreadable
        self.seed = 0
        facts = dict(metainfo or {})
        if classes is not None:
            facts['classes'] = classes
        steps = [TRANSFORMS.build(t) if isinstance(t, dict) else t for t in pipeline]
        super().__init__(
            metainfo=facts,
            data_root=str(data_root),
            pipeline=steps,
            test_mode=test_mode,
            lazy_init=lazy_init,
        )

    @classmethod
    def _load_metainfo(cls, metainfo: Mapping | None = None) -> dict:
        # The parent's would open any text that happens to be the name of a file.
        merged = {**cls.METAINFO, **(metainfo or {})}
        if 'classes' in merged:
            merged['classes'] = tuple(merged['classes'])
        return merged

    def full_init(self) -> None:
        """Load the items, once."""
        if not self._fully_initialized:
            super().full_init()
            # In shared memory: what one worker finds, the others count.
            num = len(self.data_address)
            self._unreadable = torch.zeros(num, dtype=torch.uint8).share_memory_()

    def load_rows(self) -> pd.DataFrame:
        """Rows of the split, fraction and views, and facts of them in ``metainfo``."""
        root = Path(self.data_root)
        facts = self._metainfo
        try:
            table = read_table(root)
        except MissingTable as error:
            command = facts.get('convert', '').format(data_root=self.data_root)
            hint = f'; make it with: {command}' if command else ''
            raise MissingTable(f'{error}{hint}') from error
        self.table_path = find_table(root)
        facts.setdefault('dataset', root.resolve().name)
        facts.setdefault('classes', tuple(label_columns(table)))
        facts.update(
            split_scheme=self.split_scheme,
            split=self.split,
            fraction=self.fraction,
            fraction_source=None,
            overlap=None,
            left_out={},
            missing={},
        )
        if self.split_scheme is not None:
            scheme = read_split(root, self.split_scheme, table)
            facts['missing'] = scheme.missing()
            rows = self._choose(table, scheme)
            facts['overlap'] = self._overlap(table, scheme)
        else:
            rows = self._choose(table, None)
        table = table.iloc[rows].reset_index(drop=True)
        if self.views is not None:
            table = self.leave_out(table, table['view'].isin(self.views), 'view')
        return table

    def leave_out(self, table: pd.DataFrame, keep, reason: str) -> pd.DataFrame:
        """Rows where ``keep`` (N,) holds; the others are counted under ``reason``."""
        number = int(len(table) - np.count_nonzero(keep))
        if number:
            self._metainfo['left_out'][reason] = number
            print_log(
                f'{self.table_path}: {number} of {len(table)} images are left out '
                f'({reason})',
                'current',
            )
        return table[np.asarray(keep)].reset_index(drop=True)

    def film_places(self, pack: str) -> np.ndarray:
        """(N, 2) int64: where the first film of each sample lies in a pack.

        Args:
            pack: name or path, as of ``LoadFilm``.
        """
        infos = (self.get_data_info(index) for index in range(len(self)))
        images = [info.get('views', [info])[0]['image'] for info in infos]
        return open_pack(pack, str(Path(self.data_root).absolute())).places(images)

    def need_columns(self, table: pd.DataFrame, names: Sequence[str]) -> None:
        """Raise TableError unless the table has all these columns."""
        for name in names:
            if name not in table:
                raise TableError(
                    f'{self.table_path}: no column {name!r}'
                    f'{nearest(name, table.columns)}, which dataset '
                    f'{self._metainfo["dataset"]!r} needs; its labels are '
                    f'{", ".join(label_columns(table)) or "none"}'
                )

    def filter_data(self) -> list[dict]:
        """The items as they are; an empty dataset is refused."""
        if not self.data_list:
            reasons = self._metainfo['left_out'] or 'the split is empty'
            raise TableError(f'{self.table_path}: no sample is left ({reasons})')
        return self.data_list

    def __iter__(self) -> Iterator[dict]:
        """Samples of epoch 0; indices have no end, so iteration needs saying."""
        return (self[index] for index in range(len(self)))

    def __getitem__(self, number: int) -> dict:
        """Sample ``number % len(self)`` as it is in epoch ``number // len(self)``."""
        epoch, index = divmod(number, len(self))
        chosen = index
        for attempt in range(_MAX_REPLACEMENTS):
            seed = hash_numbers(self.seed, attempt) if attempt else self.seed
            try:
                with sample_seed(seed, epoch, index):
                    sample = self.prepare_data(chosen)
            except UnreadableFilm as error:
                self._count_unreadable(chosen, error)
                step = hash_numbers(self.seed, epoch, index, attempt) % (len(self) - 1)
                chosen = (chosen + 1 + step) % len(self)
                continue
            if sample is None:
                raise RuntimeError(f'the pipeline lost {self._describe(chosen)}')
            return sample
        raise UnreadableFilm(
            f'{_MAX_REPLACEMENTS} samples in a row are unreadable, the last '
            f'{self._describe(chosen)}'
        )

    def _count_unreadable(self, index: int, error: UnreadableFilm) -> None:
        """Log and count it, or raise where it may not be replaced."""
        if self.test_mode:
            raise UnreadableFilm(f'{error} [{self._describe(index)}]') from error
        new = not self._unreadable[index]
        self._unreadable[index] = 1
        bad = self._unreadable.nonzero().flatten().tolist()
        allowed = max(self.max_unreadable * len(self), self.max_unreadable > 0)
        if len(bad) > allowed or len(self) == 1:
            shown = '; '.join(self._describe(i) for i in bad[:10])
            raise UnreadableFilm(
                f'{len(bad)} of {len(self)} samples of {self._metainfo["dataset"]!r} '
                f'are unreadable, more than max_unreadable={self.max_unreadable:g} '
                f'allows. The last: {error}. All: {shown}'
                f'{"; ..." if len(bad) > 10 else ""}'
            ) from error
        if new:
            print_log(
                f'{error}; another sample takes its place [{self._describe(index)}]',
                'current',
                logging.WARNING,
            )

    def _describe(self, index: int) -> str:
        info = self.get_data_info(index)
        images = [view['image'] for view in info.get('views', [info])]
        return f'sample {index}, study {info["study_id"]}: {", ".join(images)}'

    def _choose(self, table: pd.DataFrame, scheme: SplitScheme | None) -> np.ndarray:
        """Row numbers of the split and fraction."""
        rows = np.arange(len(table)) if scheme is None else scheme.of(self.split)
        if self.fraction == 1:
            return rows
        source, share = f'drawn with seed {self.fraction_seed}', self.fraction
        if scheme is not None:
            listed = fraction_name(self.split, self.fraction)
            if listed in scheme.rows:
                self._metainfo['fraction_source'] = f'{scheme.name}: {listed}'
                return scheme.of(listed)
            larger = listed_above(scheme, self.split, self.fraction)
            if larger != self.split:
                source += f' inside {scheme.name}: {larger}'
                share = min(share * len(rows) / len(scheme.of(larger)), 1)
                rows = scheme.of(larger)
        self._metainfo['fraction_source'] = source
        labels = (*self._metainfo['classes'], self._metainfo.get('empty_mask'))
        classes = [name for name in labels if name in table]
        return take_fraction(table, rows, share, self.fraction_seed, classes)

    def _overlap(self, table: pd.DataFrame, scheme: SplitScheme) -> dict | None:
        identities = read_identities(self.data_root, table)
        counts = overlap(table, scheme, identities=identities).get(self.split)
        if counts is None:
            return None
        if any(counts.values()):
            shared = [f'{number} {what}' for what, number in counts.items()]
            print_log(
                f'split {self.split!r} of scheme {scheme.name!r} shares '
                f"{', '.join(shared[:-1])} and {shared[-1]} with 'train'",
                'current',
                logging.WARNING,
            )
        return dict(scheme=scheme.name, against='train', **counts)
