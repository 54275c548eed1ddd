"""Finding what a ``type`` of a config names, and the nearest name when nothing does.

A *kind* is the name of one of our registries (``'MODELS'``, ``'TRANSFORMS'``, ...);
a *scope* is a package (``'mmcxr'``, ``'mmpretrain'``, ``'mmseg'``, ``'mmengine'``).
"""

import difflib
from collections.abc import Callable, Iterable
from importlib import import_module

import mmcv.cnn  # noqa: F401 - fills mmengine's registries, as mmengine.runner does
import mmengine.runner  # noqa: F401
from mmengine.registry import Registry
from mmengine.utils import get_object_from_string

from mmcxr import registry as registries
from mmcxr.sister_libraries import prepare_sister_libraries

PACKAGES = ('mmcxr', 'mmpretrain', 'mmseg', 'mmengine')


def resolve(name: str, kind: str, scope: str = 'mmcxr') -> Callable | None:
    """What ``name`` stands for, as the registry of ``kind`` would find it.

    Args:
        name: ``type`` of a config, with or without a scope.
        kind: name of the registry to look in.
        scope: ``default_scope`` or ``_scope_`` in force where the name stands.
    """
    package, dot, bare = name.rpartition('.')
    registry = _registry(kind, package or scope)
    if registry is None and not dot:
        registry = getattr(registries, kind).root
    while registry is not None:
        if bare in registry.module_dict:
            return registry.module_dict[bare]
        registry = None if package == scope else registry.parent
    # The registry would go on to import a module for a bare name, too.
    return get_object_from_string(name) if dot else None


def resolve_elsewhere(name: str, scope: str) -> tuple[Callable | None, str]:
    """What ``name`` stands for in any registry that can be seen from ``scope``.

    Returns:
        The object and the name of its registry, for example ``'hook'``; or (None, '').
    """
    asked_scope, _, bare = name.rpartition('.')
    for package in dict.fromkeys((asked_scope or scope, 'mmcxr', 'mmengine')):
        for registry in _open(package):
            registry.import_from_location()
            if bare in registry.module_dict:
                return registry.module_dict[bare], registry.name
    return None, ''


def nearest(name: str, candidates: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The candidate spelt most like ``name``, without regard to case; or None."""
    by_lower = {c.lower(): c for c in candidates}
    found = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=cutoff)
    return by_lower[found[0]] if found else None


def nearest_type(name: str, kind: str, scope: str = 'mmcxr') -> str | None:
    """The registered name nearest to ``name``, with its scope where it needs one.

    A bare name that a sister library has exactly (``ResNet``) wins over one that is
    merely spelt alike.
    """
    asked, _, bare = name.rpartition('.')
    known = {}  # as a config writes it -> bare
    for package in dict.fromkeys((scope, 'mmengine', *PACKAGES)):
        prefix = '' if package in (scope, 'mmengine') else f'{package}.'
        registry = _registry(kind, package)
        if registry is not None:
            known |= {f'{prefix}{n}': n for n in registry.module_dict}
    if asked in PACKAGES:
        known = {k: n for k, n in known.items() if k.startswith(asked)} or known
    short = bare if bare in known.values() else nearest(bare, known.values(), 0.7)
    return next((full for full, n in known.items() if n == short), None)


def kind_name(kind: str) -> str:
    """A kind in words: ``'data sampler'``."""
    return getattr(registries, kind).name


def _registry(kind: str, package: str) -> Registry | None:
    """The registry of ``kind`` that a package has, filled; None if it has none."""
    _open(package)
    registry = getattr(registries, kind).root._search_child(package)
    if registry is not None:
        registry.import_from_location()
    return registry


def _open(package: str) -> list[Registry]:
    """The registries of a package; none where it has no module of them."""
    if package in ('mmpretrain', 'mmseg'):
        prepare_sister_libraries()
    try:
        module = import_module(f'{package}.registry')
    except ModuleNotFoundError as error:
        if not f'{package}.registry'.startswith(error.name):
            raise
        return []
    return [value for value in vars(module).values() if isinstance(value, Registry)]
