"""One reading of REFLACX: what a radiologist selected, drew and said."""

from collections.abc import Iterable, Mapping

from mmcxr.datasets.tables.table_file import TableError, parse_csv
from mmcxr.preparing.archives import Member
from mmcxr.preparing.source import Source, need_columns, read_member
from mmcxr.preparing.writing import Tally

_BOOLEANS = {'True': 1, 'False': 0, '1': 1, '0': 0}
_CORNERS = ('xmin', 'ymin', 'xmax', 'ymax')


def read_votes(
    row: Mapping[str, str],
    findings: Iterable[str],
    devices: Iterable[str],
    certainty: int,
    place: str,
) -> tuple[dict[str, int], dict]:
    """(0 or 1 by finding, certainties above 0 and other findings) of a row.

    Args:
        row: of the metadata.
        findings: columns of certainties, 0 to 5.
        devices: columns of True and False.
        certainty: from which on a finding is 1.
        place: of the row, for messages.

    Raises:
        TableError: a cell that is neither; names row and column.
    """
    votes, sure = {}, {}
    for name in findings:
        cell = row[name].removesuffix('.0')
        if cell not in {'0', '1', '2', '3', '4', '5'}:
            raise TableError(
                f'{place}, column {name!r}: {row[name]!r} is no certainty of 0 to 5'
            )
        votes[name] = int(int(cell) >= certainty)
        if cell != '0':
            sure[name] = int(cell)
    for name in devices:
        if row[name] not in _BOOLEANS:
            raise TableError(
                f'{place}, column {name!r}: {row[name]!r} is neither True nor False'
            )
        votes[name] = _BOOLEANS[row[name]]
    other = [text.strip() for text in row.get('Other', '').split('|') if text.strip()]
    return votes, dict(certainties=sure, other=other)


def read_reading(
    source: Source,
    reading: str,
    findings: Iterable[str],
    certainty: int,
    tally: Tally,
) -> tuple[dict, list[tuple]]:
    """(ellipses, chest and transcription; boxes) of the folder of a reading.

    Args:
        source: the download.
        reading: id, the name of the folder.
        findings: what may be drawn.
        certainty: from which on an ellipse becomes a box.
        tally: takes what is amiss.
    """
    told, boxes = dict(ellipses=[], chest=None, transcription=''), []
    names = {name.lower(): name for name in findings}
    member = source.find(f'{reading}/anomaly_location_ellipses.csv')
    if member is None:
        tally.fault('missing', 'ellipses of readings', reading)
    for place, row in _rows(member, (*_CORNERS, 'certainty')):
        corners = _numbers(row, _CORNERS)
        sure = _numbers(row, ('certainty',))
        drawn = [
            names[name.lower()]
            for name, cell in row.items()
            if name.lower() in names and _BOOLEANS.get(cell)
        ]
        if corners is None or sure is None or not drawn:
            tally.fault('invalid', 'ellipses that are none', place)
            continue
        told['ellipses'].append([*corners, sure[0], drawn])
        if sure[0] >= certainty:
            left, top, right, bottom = corners
            size = (right - left, bottom - top)
            boxes += [(left, top, *size, name) for name in drawn]
    member = source.find(f'{reading}/chest_bounding_box.csv')
    for place, row in _rows(member, _CORNERS):
        told['chest'] = _numbers(row, _CORNERS)
        if told['chest'] is None:
            tally.fault('invalid', 'boxes of the chest that are none', place)
    member = source.find(f'{reading}/transcription.txt')
    if member:
        text = read_member(member).decode('utf-8', 'replace')
        told['transcription'] = ' '.join(text.split())
    return told, boxes


def _rows(member: Member | None, columns: tuple[str, ...]):
    """(place, cells by column) of each row; of no file none.

    The index that pandas writes into a column without a name is dropped.
    """
    if member is None:
        return
    table = parse_csv(read_member(member), member, drop_unnamed=True)
    need_columns(table, columns, member)
    for number, row in enumerate(table.to_dict('records'), start=1):
        yield f'{member.name}: row {number}', row


def _numbers(row: Mapping[str, str], names: tuple[str, ...]) -> list[int] | None:
    """Whole numbers of these cells; None where one is none, or a box is empty."""
    try:
        numbers = [round(float(row[name])) for name in names]
    except (ValueError, OverflowError):
        return None
    if len(numbers) == 4 and not (numbers[0] < numbers[2] and numbers[1] < numbers[3]):
        return None
    return numbers
