"""COVID-QU as KnoBo uses it: the COVID-19 Radiography Database.

https://www.kaggle.com/datasets/tawsifurrahman/covid19-radiography-database

``COVID-19_Radiography_Dataset/{COVID,Lung_Opacity,Normal,Viral Pneumonia}/{images,
masks}/COVID-1.png``, or KnoBo's one folder ``images/``. The class is in the name of the
file. Masks of the lungs are of 256 px, films of 299: they are enlarged. Who the
patients are is not published.
"""

import re

from mmcxr.datasets.public.covid_qu import COVID_QU_CLASSES, COVID_QU_COUNTS, COVIDQU
from mmcxr.datasets.tables.table_file import TableError
from mmcxr.preparing.films import Converter, Film, Listing, ScaledMask
from mmcxr.preparing.source import Source
from mmcxr.preparing.writing import Tally

_NAMES = {
    name.replace('Lung Opacity', 'Lung_Opacity'): name for name in COVID_QU_CLASSES
}
_FILM = re.compile(f'(?P<name>{"|".join(_NAMES)})-\\d+')


def read_covid_qu(source: Source, tally: Tally) -> Listing:
    """List the films of all classes."""
    found = source.named('.png', under='images')
    masks = source.named('.png', under='masks')
    films = []
    for stem, file in found.items():
        match = _FILM.fullmatch(stem)
        if match is None:
            continue
        labels = {name: int(name == _NAMES[match['name']]) for name in COVID_QU_CLASSES}
        drawn = {'mask_lungs': ScaledMask(masks[stem])} if stem in masks else {}
        if masks and not drawn:
            tally.fault('missing', 'masks of films', stem)
        films.append(Film(f'{stem}{file.suffix}', file, labels, drawn))
    for stem in masks.keys() - found.keys():
        tally.fault('missing', 'films of masks', stem)
    if not films:
        raise TableError(
            f'{source.root}: holds no images/COVID-1.png or others named so'
        )
    return Listing(films, {}, found.values())


CONVERTER = Converter(COVIDQU.METAINFO, read_covid_qu, COVID_QU_COUNTS)
