"""Published split lists -> split schemes of a converted dataset."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mmcxr.datasets.tables.table import find_table, read_table
from mmcxr.datasets.tables.table_file import TableError
from mmcxr.preparing.writing import Tally, write_csv

from .known_lists import known_lists
from .label_faults import repair_labels
from .list_folders import find_split_lists
from .list_labels import compare_labels, fill_labels, listed_labels
from .matching import Matches, match_images
from .split_lists import SplitLists, read_split_lists

#: What a person may accept.
ACCEPTABLE = ('faulty-labels', 'empty-splits')


@dataclass(frozen=True)
class WrittenSchemes:
    """What became of published lists.

    Args:
        sizes: scheme, split, listed (images) and found.
        tally: what was found how, missing, ambiguous, repeated, contradicted.
    """

    sizes: pd.DataFrame
    tally: Tally

    def lines(self) -> list[str]:
        """To print: sizes by scheme, then what there is to know."""
        lines = []
        for scheme, group in self.sizes.groupby('scheme', sort=False):
            parts = [
                f'{split} {found:,}' + (f' of {listed:,}' if found < listed else '')
                for split, listed, found in group[['split', 'listed', 'found']].values
            ]
            lines.append(f'{scheme}: {", ".join(parts)}')
        return lines + self.tally.lines()


def read_schemes(
    system: str, lists: str | Path, dataset: str | None, scheme: str | None
) -> dict[str, SplitLists]:
    """Published lists by the name of their scheme.

    Args:
        system: a key of :data:`~.known_lists.KNOWN_LISTS`, or ``any``.
        lists: folder or file of the lists.
        dataset: which dataset; not needed for ``any``.
        scheme: name to give the lists of ``any``; where there are lists in several
            folders, the folder's name is added.

    Raises:
        TableError: see :func:`~.known_lists.known_lists` and
            :func:`~.split_lists.read_split_lists`.
    """
    if system != 'any':
        found = known_lists(system, dataset)
        return {one.scheme: one.read(lists) for one in found}
    groups = find_split_lists(lists)
    named = {}
    for group, files in groups.items():
        parts = [scheme, *group.split('/')] if len(groups) > 1 else [scheme]
        named['-'.join(filter(None, parts))] = read_split_lists(scheme, files)
    return named


def convert_split_lists(
    schemes: Mapping[str, SplitLists],
    out: str | Path,
    accept: Sequence[str] = (),
    fill: bool = False,
) -> WrittenSchemes:
    """Write ``splits/<scheme>.csv`` for each set of lists over one dataset.

    Listed images are found in the table by their path, by its end, by the id in
    their name or by their file name (:func:`~.matching.match_images`); what is
    missing or ambiguous is counted, named and kept in the list as it was. Labels in
    the lists are compared with the table's, which stay what they are.

    Args:
        schemes: lists by name of the scheme; lists of one dataset repair each other's
            labels (:func:`~.label_faults.repair_labels`).
        out: folder of the converted dataset.
        accept: of :data:`ACCEPTABLE`: label cells that nothing repairs, splits
            without any image.
        fill: write the lists' labels into cells that are empty in the table.

    Raises:
        TableError: no table, a faulty label, a split of which no image is there.
            Nothing is written then.
    """
    out, tally = Path(out), Tally()
    table = read_table(out)
    lists, remarks = repair_labels(list(schemes.values()), 'faulty-labels' in accept)
    for remark in remarks:
        tally.note('label cells repaired or accepted', remark)
    names = pd.concat([one.rows['image'] for one in lists]).unique()
    matches = match_images(names, list(table['image']))
    _note_matches(matches, tally)
    written, sizes, labels = {}, [], set()
    for scheme, one in zip(schemes, lists, strict=True):
        rows = one.rows.assign(row=one.rows['image'].map(matches.rows))
        sizes += _sizes(scheme, one, rows, out, 'empty-splits' in accept)
        known = rows.dropna(subset='row').astype(dict(row=np.int64))
        labels |= set(listed_labels(one, known, table, tally))
        # What is not there stays in the list: evaluations then say how much is missing.
        ours = pd.Series(table['image'].to_numpy()[known['row']], index=known.index)
        rows['image'] = ours.reindex(rows.index).fillna(rows['image'])
        again = rows.duplicated(['image', 'split'])
        for image in rows.loc[again, 'image']:
            tally.note('lines that list an image again', f'{image} ({scheme})')
        written[scheme] = rows.loc[~again, ['image', 'split']]
    compare_labels(labels, table, tally)
    if fill:
        fill_labels(find_table(out), labels, table, tally)
    for scheme, listed in written.items():
        write_csv(out / 'splits' / f'{scheme}.csv', listed)
    return WrittenSchemes(pd.DataFrame(sizes), tally)


def _note_matches(matches: Matches, tally: Tally) -> None:
    for name, way in matches.ways.items():
        tally.note(f'listed images found by {way}', name)
    for name in matches.missing:
        tally.note('listed images that the table lacks', name)
    for name, what in matches.ambiguous.items():
        tally.note('listed images left out as ambiguous', f'{name} ({what})')


def _sizes(
    scheme: str, one: SplitLists, rows: pd.DataFrame, out: Path, accept: bool
) -> list[dict]:
    sizes = []
    for split in one.splits:
        of_split = rows[rows['split'] == split]
        listed, found = of_split['image'].nunique(), of_split['row'].nunique()
        if found == 0 and not accept:
            raise TableError(
                f'{one.name}: none of the {listed} images of {split!r} is in the '
                f'table of {out} (the first is {of_split["image"].iloc[0]!r}); convert '
                'all of the dataset, or accept empty splits'
            )
        sizes.append(dict(scheme=scheme, split=split, listed=listed, found=found))
    return sizes
