"""Which lists MRM, BenchX and KnoBo published, of which dataset."""

import os
from dataclasses import dataclass
from pathlib import Path

from mmcxr.datasets.public.chest_xray14 import CHEST_XRAY14_CLASSES
from mmcxr.datasets.tables.table_file import TableError

from .list_folders import find_split_lists
from .split_lists import SplitLists, read_split_lists

_CHEXPERT_5 = ('Atelectasis', 'Cardiomegaly', 'Consolidation', 'Edema')
_CHEXPERT_5 += ('Pleural Effusion',)
_COVID = 'COVID-19_Image_Data_Collection'


@dataclass(frozen=True)
class KnownLists:
    """Where the lists of one scheme are and what their columns are called.

    Args:
        dataset: name of the dataset they are of.
        folder: that holds them, as far as it tells them from others.
        scheme: name of the split scheme.
        labels: columns of the table that the label columns of the lists are of.
    """

    dataset: str
    folder: str
    scheme: str
    labels: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Scheme and dataset."""
        return f'{self.scheme} {self.dataset}'

    def is_in(self, root: str | Path) -> bool:
        """Whether there is such a folder at or below ``root``."""
        return bool(_folders(Path(root), self.folder))

    def read(self, root: str | Path) -> SplitLists:
        """Read the lists below ``root``, a copy of the authors' files.

        Raises:
            TableError: the folder is not there, or what it holds cannot be read.
        """
        folder = _find_folder(Path(root), self.folder)
        groups = find_split_lists(folder)
        if list(groups) != ['']:
            raise TableError(
                f'{folder}: lists in {", ".join(groups)}; expected one set of lists'
            )
        return read_split_lists(self.name, groups[''], self.labels)


#: By whose lists they are. MRM: specification of RL4M/MRM-pytorch; the columns of
#: CheXpert are not written anywhere, their positives are those of these classes.
KNOWN_LISTS = {
    'mrm': (
        KnownLists('chestx-ray14', 'NIH_ChestX-ray', 'mrm', CHEST_XRAY14_CLASSES),
        KnownLists('chexpert', 'CheXpert', 'mrm', _CHEXPERT_5),
        KnownLists('rsna', 'RSNA_Pneumonia', 'mrm', ('Pneumonia',)),
        KnownLists('siim', 'SIIM-ACR_Pneumothorax', 'mrm'),
        *(
            KnownLists('covid19', f'{_COVID}/covid{i}', f'mrm-covid{i}', ('COVID-19',))
            for i in range(1, 6)
        ),
        # 1 is viral, 0 bacterial: every film of these lists is one of the two.
        *(
            KnownLists(
                'covid19', f'{_COVID}/viral{i}', f'mrm-viral{i}', ('Viral Pneumonia',)
            )
            for i in range(1, 6)
        ),
    ),
    'benchx': tuple(
        KnownLists(dataset, folder, 'benchx')
        for dataset, folder in {
            'chestx-ray14': 'NIH_Chest_Xray',
            'covidx': 'COVIDx',
            'object-cxr': 'Object-CXR',
            'rsna': 'RSNA',
            'siim': 'SIIM',
            'tbx11k': 'TBX11K',
            'vindr-cxr': 'VinDr_CXR',
        }.items()
    ),
    'knobo': tuple(
        KnownLists(dataset, folder, scheme)
        for dataset, folder, scheme in (
            ('chestx-ray14', 'NIH-CXR', 'knobo'),
            ('chestx-ray14', 'NIH-sex', 'knobo-sex'),
            ('chestx-ray14', 'NIH-age', 'knobo-age'),
            ('chestx-ray14', 'NIH-pos', 'knobo-pos'),
            ('chestx-ray14', 'NIH-CheXpert', 'knobo-nih-chexpert'),
            ('chexpert', 'NIH-CheXpert', 'knobo-nih-chexpert'),
            ('chexpert', 'CheXpert-race', 'knobo-race'),
            ('covid-qu', 'COVID-QU', 'knobo'),
            ('openi', 'open-i', 'knobo'),
            ('pneumonia', 'pneumonia', 'knobo'),
            ('vindr-cxr', 'vindr-cxr', 'knobo'),
        )
    ),
}


def known_lists(system: str, dataset: str | None = None) -> list[KnownLists]:
    """What a system published, of one dataset or of all.

    Raises:
        TableError: unknown system, or it has no lists of that dataset.
    """
    if system not in KNOWN_LISTS:
        raise TableError(
            f'no lists of {system!r} are known; {", ".join(KNOWN_LISTS)} are'
        )
    sets = [s for s in KNOWN_LISTS[system] if dataset in (None, s.dataset)]
    if not sets:
        names = dict.fromkeys(s.dataset for s in KNOWN_LISTS[system])
        raise TableError(
            f'{system} has no lists of {dataset!r}; it has them of {", ".join(names)}'
        )
    return sets


def _find_folder(root: Path, wanted: str) -> Path:
    """The one folder at or below ``root`` whose path ends in ``wanted``."""
    found = _folders(root, wanted)
    if len(found) != 1:
        number = 'no folder' if not found else f'{len(found)} folders'
        raise TableError(
            f'{root}: {number} {wanted} in it; give the folder of the lists as '
            'published'
        )
    return found[0]


def _folders(root: Path, wanted: str) -> list[Path]:
    if not root.is_dir():
        raise TableError(f'{root}: no such folder')
    parts = tuple(wanted.split('/'))
    return [
        Path(folder)
        for folder, _, _ in os.walk(root.resolve())
        if Path(folder).parts[-len(parts) :] == parts
    ]
