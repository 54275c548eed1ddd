"""Read film and patient from the file names of public collections.

Names keep these ids through every copy and renaming of suffixes and folders, so
lists, tables and datasets can be compared without the films.
"""

import re
from dataclasses import dataclass

# Each with a group ``patient`` where the name tells the patient; ``film`` is what is
# the same in every copy. The first that fits is taken.
_PATTERNS = {
    # 00013118_008.png: patient, follow-up number (ChestX-ray14's FAQ).
    'chestx-ray14': r'(?:^|/)(?P<film>(?P<patient>\d{8})_\d{3})(?=\.|$)',
    # CheXpert-v1.0-small/train/patient00001/study1/view1_frontal.jpg
    'chexpert': r'(?P<film>(?P<patient>patient\d+)[/_]study\d+[/_]view\d+_\w+)',
    # files/p10/p10000032/s50414267/02aa804e-bde0afdd-112c0b34-7bc16630-4e384014.jpg
    'mimic-cxr': r'(?:(?P<patient>p\d{8})/s\d{8}/)?'
    r'(?P<film>[0-9a-f]{8}(?:-[0-9a-f]{8}){4})(?=\.|$)',
    # A study of it: files/p10/p10000032/s50414267
    'mimic-cxr study': r'(?P<patient>p\d{8})/(?P<film>s\d{8})(?=\.|$)',
    # CXR1_1_IM-0001-3001.png, or 1_IM-0001-3001.dcm.png on Kaggle; the number is that
    # of the report, and every report is of another patient (Demner-Fushman 2016).
    'openi': r'(?:^|/)(?:CXR)?(?P<patient>\d+)(?:_\d+)?_(?P<film>IM-\d+(?:-\d+)+)',
    # sub-S03044_ses-E06138_run-1_bp-chest_vp-ap_cr.png
    'bimcv': r'(?P<film>(?P<patient>sub-S\d+)_ses-E\d+_[\w-]*?)'
    r'(?=(?:-corrected)?(?:\.|$))',
    # MIDRC-RICORD-1C-419639-001464-39871-0.png: the subject is 419639-001464.
    'ricord': r'(?P<film>MIDRC-RICORD-\w+-(?:SITE\w+-)?(?P<patient>\d{6}-\d{6})'
    r'-[\d-]+)',
    # A204200-01-29-1901-NA-CHEST_AP_VIEWONLY-90574-4.png (Stony Brook, TCIA)
    'stony-brook': r'(?:^|/)(?P<film>(?P<patient>A\d{6})-\d\d-\d\d-\d{4}-.*?)(?=\.|$)',
    # Of RSNA's challenge; the name is the film's, nothing tells the patient.
    'rsna': r'(?P<film>[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12})',
    # SIIM-ACR's challenge: SOP instance uid; nothing tells the patient.
    'siim': r'(?P<film>1\.2\.276\.0\.7230010\.3\.1\.4\.\d+\.\d+\.\d+\.\d+)',
}
_NAMES = {source: re.compile(pattern) for source, pattern in _PATTERNS.items()}
_SUFFIX = re.compile(r'(\.(png|jpe?g|dcm|dicom|tiff?|bmp|npy|webp|gif|gz|nii))+$', re.I)


@dataclass(frozen=True)
class FilmName:
    """A name that is understood.

    Args:
        source: collection whose names look so.
        film: what names the film within it.
        patient: whose it is within it; '' if the name does not tell.
    """

    source: str
    film: str
    patient: str


def parse_film_name(name: str) -> FilmName | None:
    """Read the name or path of a film; None where it is of no known collection."""
    for source, pattern in _NAMES.items():
        if found := pattern.search(name):
            groups = found.groupdict()
            film = groups['film'].replace('/', '_')
            if source == 'openi':
                film = f'{groups["patient"]}_{film}'
            # A patient of MIMIC-CXR is the same, whether a film or a study is named.
            source = source.split()[0]
            return FilmName(source, film, groups.get('patient') or '')
    return None


def without_suffix(name: str) -> str:
    """A path without the suffixes of image files: 'a/1_IM-1-1.dcm.png' -> 'a/1_IM-1-1'.

    Other dots stay: they are part of many ids.
    """
    return _SUFFIX.sub('', name)
