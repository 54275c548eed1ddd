"""GLoRIA's splits of RSNA and SIIM, which are published as a rule, not as lists.

``gloria/datasets/preprocess_datasets.py`` of https://github.com/marshuang80/gloria
draws 30 % of the rows of a table with scikit-learn's ``train_test_split`` and halves
them, both with ``random_state=0``; so 70 % is for training and 15 % each for testing
and validation. RSNA's rows are its films in the order of their names. SIIM's are those
of the table of run lengths, of which a film has one for each region: such a film may
be in several splits, as it was with them. They drew from the table of stage 1.

Their lists of CheXpert cannot be had: they were drawn without a seed.
"""

from collections.abc import Sequence

from sklearn.model_selection import train_test_split

_MIN_ROWS = 4  # fewer leave a split empty
_HELD_OUT = 0.15 * 2


def gloria_splits(rows: Sequence[str]) -> list[tuple[str, str]]:
    """(film, split) of each row, in their order; none of less than four rows.

    Args:
        rows: the film of each row of the table that they split.
    """
    if len(rows) < _MIN_ROWS:
        return []
    train, held_out = train_test_split(
        range(len(rows)), test_size=_HELD_OUT, random_state=0
    )
    _, val = train_test_split(held_out, test_size=0.5, random_state=0)
    split_of = dict.fromkeys(train, 'train') | dict.fromkeys(val, 'val')
    return [(film, split_of.get(row, 'test')) for row, film in enumerate(rows)]
