"""Which film of ChestX-ray14 a film of the RSNA and SIIM challenges is.

RSNA published the file ``pneumonia-challenge-dataset-mappings_2018.json``: 30,000
films, each with its name in the challenge (``subset_img_id``), its DICOM UIDs and its
name at the NIH (``img_id``, ``00000013_026.png``, which begins with the patient).
"""

import json
from pathlib import Path

from mmcxr.datasets.tables.table_file import TableError
from mmcxr.preparing.source import Source, read_member

CROSSWALK = 'pneumonia-challenge-dataset-mappings_2018.json'
#: For :attr:`.films.Converter.options`.
CROSSWALK_OPTION = dict(
    metavar='FILE',
    help=f'{CROSSWALK} of RSNA, if it is not in SOURCE: gives the patients, who are '
    'those of ChestX-ray14',
)


def read_crosswalk(source: Source, path: str | None, key: str) -> dict[str, str]:
    """NIH names of films by their name ``key``; empty where there is no file.

    Args:
        source: looked through where ``path`` is None.
        path: of the file.
        key: 'subset_img_id' or 'SOPInstanceUID'.

    Raises:
        TableError: the file is not there, or not such a file.
    """
    if path is None:
        place = source.find(CROSSWALK)
        if place is None:
            return {}
        data = read_member(place)
    else:
        place = Path(path)
        if not place.is_file():
            raise TableError(f'{path}: no such file')
        data = place.read_bytes()
    try:
        rows = json.loads(data)
        names = {str(row[key]): str(row['img_id']) for row in rows}
    except (ValueError, TypeError, KeyError) as error:
        raise TableError(
            f'{place}: not a list of films with {key!r} and "img_id" ({error!r})'
        ) from error
    return names


def nih_cells(name: str | None) -> dict[str, str]:
    """Patient and name of a film at the NIH as cells; empty where it is unknown."""
    patient = name.partition('_')[0] if name else ''
    return dict(patient_id=patient, extra_nih_image=name or '')
