"""Montgomery County: tuberculosis films of the NLM, with their lungs outlined.

https://data.lhncbc.nlm.nih.gov/public/Tuberculosis-Chest-X-ray-Datasets/

``MontgomerySet/CXR_png/MCUCXR_0001_0.png`` (the last digit is 1 where the film is
abnormal), ``ClinicalReadings/MCUCXR_0001_0.txt`` (the lines "Patient's Sex: F",
"Patient's Age: 027Y" and the reading) and ``ManualMask/{leftMask,rightMask}/``, which
become ``mask_left_lung``, ``mask_right_lung`` and, both together, ``mask_lungs``. All
films are postero-anterior; each counts as a patient of its own.
"""

import re

from mmcxr.datasets.public.nlm_tuberculosis import MONTGOMERY_COUNTS, Montgomery
from mmcxr.preparing.films import Converter, Listing, MaskFile, MaskUnion
from mmcxr.preparing.source import Source
from mmcxr.preparing.writing import Tally

from .shenzhen import list_readings

_SIDES = {'mask_left_lung': 'leftMask', 'mask_right_lung': 'rightMask'}


def read_montgomery(source: Source, tally: Tally) -> Listing:
    """List the films with their readings and masks."""
    sides = {
        column: source.named('.png', under=folder) for column, folder in _SIDES.items()
    }
    films = source.named('.png', under='CXR_png')
    found = {s: m for s, m in films.items() if re.fullmatch(r'MCUCXR_\d+_[01]', s)}
    masks = {}
    for stem in found:
        masks[stem] = {
            c: MaskFile(side[stem]) for c, side in sides.items() if stem in side
        }
        if len(masks[stem]) == len(_SIDES):
            masks[stem]['mask_lungs'] = MaskUnion(tuple(masks[stem].values()))
        else:
            tally.fault('missing', 'masks of a lung or both', stem)
    for column, side in sides.items():
        for stem in side.keys() - found.keys():
            tally.fault('missing', 'films of masks', f'{_SIDES[column]}/{stem}')
    return list_readings(source, found, masks, films.values(), tally)


CONVERTER = Converter(Montgomery.METAINFO, read_montgomery, MONTGOMERY_COUNTS)
