"""Modules that moved: an import by their old path still works, with one warning.

A config may hold such a path in ``custom_imports`` or as a full ``type``, a notebook in
an import. Listed are modules that register something, and what notebooks could name;
registry names never carried a path.
"""

import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_DATASETS = (
    'brax chest_xray14 chexpert covid19 covid_qu covidx jsrt kermany mimic_cxr '
    'nlm_tuberculosis object_cxr openi padchest ranzcr_clip reflacx rsna siim '
    'synthetic_films tbx11k vindr_cxr'
)
_TEXTS = 'clip_tokenizer gloria_tokenizer tokenizers'
MOVED = {
    'mmcxr.apis.fractions': 'mmcxr.studies.fractions',
    'mmcxr.apis.fraction_cell': 'mmcxr.studies.trained_cell',
    'mmcxr.apis.fraction_grid': 'mmcxr.studies.setting_grid',
    'mmcxr.datasets.token_cache': 'mmcxr.datasets.packs.token_cache',
    **{
        f'mmcxr.datasets.{name}': f'mmcxr.datasets.{room}.{name}'
        for room, names in (('public', _DATASETS), ('texts', _TEXTS))
        for name in names.split()
    },
}


class _Moved(MetaPathFinder, Loader):
    """Finds a module by its old path and hands over the one by its new path."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        return ModuleSpec(fullname, self) if fullname in MOVED else None

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        old = module.__name__
        new = MOVED[old]
        warnings.warn(
            f'{old} is now {new}; name that in your config', FutureWarning, stacklevel=2
        )
        sys.modules[old] = import_module(new)


def find_moved_modules() -> None:
    """Let Python find them, after all other ways have failed."""
    sys.meta_path.append(_Moved())
