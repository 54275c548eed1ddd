"""The page that lists all datasets, made from the facts beside their classes."""

import pkgutil
from importlib import import_module

from mmcxr.datasets.tables.reported_counts import ReportedCounts
from mmcxr.registry import DATASETS

from . import readers
from .films import Converter

_HEAD = """# Datasets

Made by `python tools/misc/list_datasets.py docs/datasets.md` from the `METAINFO` of
the dataset classes and the published numbers beside them; edit those, not this.

Each command takes `--workers N`, `--size N`, `--link`, `--keep-dicom`, `--limit N`,
`--verify` and `--accept KIND` where it reads an official download; `--help` tells more.
"""
_CXRLEARN = """
## Datasets of the cxrlearn paper

Which of the thirteen that its results stand on can be had. How it divided them is not
known here, so its figures are no targets to repeat.

| in the paper | here |
|---|---|
| RANZCR CLiP | `ranzcr-clip` |
| SIIM-ACR Pneumothorax | `siim` |
| Pediatric Pneumonia | `kermany` |
| Shenzhen + Montgomery | `shenzhen` and `montgomery` |
| Pulmonary Edema Severity | none: grades of films of `mimic-cxr` which PhysioNet \
publishes apart; their files could not be looked into |
| TB Portals | none: given out on request, with an agreement, by the NIAID; its files \
could not be looked into |
| Indiana University | `openi` |
| JSRT | `jsrt` |
| PadChest | `padchest` |
| REFLACX | `reflacx`, over films of `mimic-cxr` |
| BRAX | `brax` |
| NIH ChestX-ray14 | `chestx-ray14` |
| VinDr-CXR | `vindr-cxr` |

## What is not certain

Of four datasets no download was at hand; layout, names and columns are those of the
pages and programs that the head of each converter and its tests name.

- ranzcr-clip: rows of train.csv are compared (27,074 and 3,009 of a public division \
of it make 30,083). Numbers of patients, of each label, of outlines and of test films \
are not compared, for want of a source.
- jsrt: sizes are those of the JSRT's page, which says nothing of the columns of the \
tables or which way the numbers of a film run: both are as programs read them.
- brax: images and studies are compared. The number of patients is not: secondary \
sources say 19,351, the paper could not be read for it. Of a group of ages it is not \
known which of its five years the number names.
- reflacx: films and patients are compared, the 3,052 readings cannot be.
"""
_SIZES = ('images', 'patients', 'studies', 'reports')


def datasets_page() -> str:
    """The page as Markdown."""
    converters = all_converters()
    lines = [_HEAD, '| dataset | classes to name in a config | published size |']
    lines[-1] += ' licence | citation |'
    lines.append('|---|---|---|---|---|')
    commands = ['', '## Conversion', '']
    for name, classes in sorted(_classes().items()):
        facts = classes[0].METAINFO
        names = ', '.join(f'`{one.__name__}`' for one in classes)
        reported = converters[name].reported if name in converters else ()
        sizes = '; '.join(filter(None, map(_size, reported)))
        cells = (name, names, sizes, facts['licence'], facts['citation'])
        lines.append(f'| {" | ".join(cells)} |')
        command = facts['convert'].format(data_root=f'data/{name}')
        commands += [f'- {name}: `{command}`']
    return '\n'.join([*lines, *commands, _CXRLEARN])


def all_converters() -> dict[str, Converter]:
    """Converters by the name of their dataset."""
    modules = [
        import_module(f'{readers.__name__}.{found.name}')
        for found in pkgutil.iter_modules(readers.__path__)
    ]
    return {
        module.CONVERTER.facts['dataset']: module.CONVERTER
        for module in modules
        if hasattr(module, 'CONVERTER')
    }


def _classes() -> dict[str, list[type]]:
    """Dataset classes by the name of their dataset."""
    found: dict[str, list[type]] = {}
    for one in DATASETS.module_dict.values():
        facts = getattr(one, 'METAINFO', {})
        if 'convert' in facts and one.__module__.startswith('mmcxr.'):
            found.setdefault(facts['dataset'], []).append(one)
    return found


def _size(reported: ReportedCounts) -> str:
    """'12,047 images (source)', or nothing where it says none of the sizes."""
    numbers = {name: getattr(reported, name) for name in _SIZES}
    shown = ', '.join(f'{n:,} {name}' for name, n in numbers.items() if n is not None)
    release = f'{reported.release}: ' if reported.release else ''
    return f'{release}{shown} ({reported.source})' if shown else ''
