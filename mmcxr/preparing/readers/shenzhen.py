"""Shenzhen: tuberculosis films of the NLM.

https://data.lhncbc.nlm.nih.gov/public/Tuberculosis-Chest-X-ray-Datasets/

``ChinaSet_AllFiles/CXR_png/CHNCXR_0001_0.png`` (the last digit is 1 where the film is
abnormal) and ``ClinicalReadings/CHNCXR_0001_0.txt``, whose first line is sex and age
("male 45yrs") and whose others are the reading, which becomes ``findings``. Outlines of
the lungs, ``CHNCXR_0001_0_mask.png``, are published apart
(https://www.kaggle.com/datasets/yoctoman/shcxr-lung-mask) and taken where they are in
SOURCE. All films are postero-anterior; each counts as a patient of its own.
"""

import re
from collections.abc import Iterable, Mapping

from mmcxr.datasets.films.dicom import parse_age
from mmcxr.datasets.public.nlm_tuberculosis import SHENZHEN_COUNTS, Shenzhen
from mmcxr.preparing.archives import Member, read_all
from mmcxr.preparing.films import Converter, Film, Listing, Mask, MaskFile
from mmcxr.preparing.source import Source
from mmcxr.preparing.writing import Tally

_MASK = '_mask'
_SEX = re.compile(r'\b(?:(?P<F>f(?:emale)?)|(?P<M>m(?:ale)?))(?![a-z])', re.IGNORECASE)
_AGE = re.compile(r'(?P<number>\d+)\s*-?\s*(?P<unit>[YMWD]?)', re.IGNORECASE)


def read_shenzhen(source: Source, tally: Tally) -> Listing:
    """List the films with their readings and, where there are some, masks."""
    images = source.named('.png')
    found = {s: m for s, m in images.items() if re.fullmatch(r'CHNCXR_\d+_[01]', s)}
    masks = {
        stem: {'mask_lungs': MaskFile(images[f'{stem}{_MASK}'])}
        for stem in found
        if f'{stem}{_MASK}' in images
    }
    named = {f'{stem}{_MASK}' for stem in masks}
    rest = [m for stem, m in images.items() if stem not in named]
    return list_readings(source, found, masks, rest, tally)


def list_readings(
    source: Source,
    found: Mapping[str, Member],
    masks: Mapping[str, Mapping[str, Mask]],
    files: Iterable[Member],
    tally: Tally,
) -> Listing:
    """Films whose names end in 0 or 1, with the readings of the same names.

    Args:
        source: the download.
        found: films by name.
        masks: of each film that has some, by column.
        files: all files that should be films.
        tally: takes what is amiss.
    """
    texts = source.named('.txt', under='ClinicalReadings')
    readings, failed = {}, {}
    for member, data in read_all(texts.values(), failed):
        readings[member.stem] = data.decode('utf-8', 'replace')
    for fault in failed.values():
        tally.fault('unreadable', 'readings; left out', fault)
    films = []
    for stem, file in found.items():
        text = readings.pop(stem, '')
        if not text.strip():
            tally.note('films without a reading', stem)
        cells = parse_reading(text)
        normal = cells['findings'].lower().rstrip('.') == 'normal'
        if cells['findings'] and normal != (stem[-1] == '0'):
            kind = 'readings that contradict the name of their film'
            tally.note(kind, f'{stem}: {cells["findings"]}')
        cells |= dict(view='PA', Tuberculosis=int(stem[-1]))
        films.append(Film(f'{stem}{file.suffix}', file, cells, masks.get(stem, {})))
    for stem in readings:
        tally.fault('missing', 'films of readings', stem)
    return Listing(films, {}, files)


def parse_reading(text: str) -> dict[str, str]:
    """Sex, age and findings of a reading.

    Args:
        text: "male 45yrs" and findings, or the lines "Patient's Sex: F" and
            "Patient's Age: 027Y" before them.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    num_facts = 2 if lines and lines[0].lower().startswith("patient's") else 1
    facts = ' '.join(
        re.sub(r"(?i)patient's (sex|age):", '', x) for x in lines[:num_facts]
    )
    sex, age = _SEX.search(facts), _AGE.search(facts)
    if not sex and not age:
        num_facts = 0
    return dict(
        sex=('F' if sex['F'] else 'M') if sex else '',
        age=parse_age(f'{age["number"]}{age["unit"].upper()}') if age else '',
        findings=' '.join(' '.join(lines[num_facts:]).split()),
    )


CONVERTER = Converter(Shenzhen.METAINFO, read_shenzhen, SHENZHEN_COUNTS)
