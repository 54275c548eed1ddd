"""Label cells that are no label: what the other lists say of the same film."""

from collections.abc import Sequence
from dataclasses import replace

from mmcxr.datasets.tables.table_file import TableError

from .split_lists import SplitLists


def repair_labels(
    lists: Sequence[SplitLists], accept: bool = False
) -> tuple[list[SplitLists], list[str]]:
    """Replace faulty cells by what the same column says of the same film elsewhere.

    The rule: if all proper cells of the column for that film, in all of ``lists``,
    are the same label, the faulty cell is that label.

    Args:
        lists: of the same images.
        accept: cells that cannot be repaired become empty (unknown).

    Returns:
        The lists, and a sentence for each repaired cell.

    Raises:
        TableError: a cell that nothing repairs and that is not accepted.
    """
    repaired, remarks = [], []
    for one in lists:
        rows = one.rows
        for index, fault in one.faulty().iterrows():
            column, image = fault['column'], fault['image']
            said = [
                label
                for other in lists
                if column in other.labels
                for label in other.rows.loc[other.rows['image'] == image, column]
                if label in ('0', '1', '-1')
            ]
            place = f'{one.name}: {fault["file"]} line {fault["line"]}'
            fault_text = f'{image} has {fault["cell"]!r} for {column!r}'
            if len(set(said)) != 1 and not accept:
                others = 'contradict each other' if said else 'do not have it'
                raise TableError(
                    f'{place}: {fault_text}, which is no label (1, 0, -1 or empty), '
                    f'and the other lists {others}; mend the line, or accept it as '
                    'unknown'
                )
            label = said[0] if len(set(said)) == 1 else ''
            reason = f'as {len(said)} other lines say' if label else 'accepted'
            remarks.append(f'{place}: {fault_text}, read as {label!r} ({reason})')
            rows = rows.copy()
            rows.loc[index, column] = label
        repaired.append(replace(one, rows=rows))
    return repaired, remarks
