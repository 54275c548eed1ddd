"""Finding what a ``type`` of a config names, and the nearest name when nothing does.

A *kind* is the name of one of our registries (``'MODELS'``, ``'TRANSFORMS'``, ...);
a *scope* is a package (``'mmcxr'``, ``'mmpretrain'``, ``'mmseg'``, ``'mmengine'``).
"""

import difflib
from collections.abc import Callable
from importlib import import_module
from types import ModuleType

from mmengine.registry import Registry

from mmcxr import registry as registries
from mmcxr.sister_libraries import prepare_sister_libraries

PACKAGES = ('mmcxr', 'mmpretrain', 'mmseg', 'mmengine')
# Packages that fill mmengine's own registries when they are imported.
FILLED_BY = dict(
    MODELS=('mmengine.model', 'mmcv.cnn'),
    TRANSFORMS=('mmcv.transforms',),
    DATASETS=('mmengine.dataset',),
    DATA_SAMPLERS=('mmengine.dataset',),
    FUNCTIONS=('mmengine.dataset',),
    WEIGHT_INITIALIZERS=('mmengine.model',),
    MODEL_WRAPPERS=('mmengine.model',),
    HOOKS=('mmengine.hooks',),
    VISUALIZERS=('mmengine.visualization',),
    VISBACKENDS=('mmengine.visualization',),
)


def resolve(name: str, kind: str, scope: str = 'mmcxr') -> Callable | None:
    """What ``name`` stands for, as the registry of ``kind`` would find it.

    Args:
        name: ``type`` of a config, with or without a scope.
        kind: name of the registry to look in.
        scope: ``default_scope`` or ``_scope_`` in force where the name stands.
    """
    registry = _registry(kind, scope)
    if '.' in name:
        if name.partition('.')[0] in PACKAGES:
            _open(name.partition('.')[0])
        try:
            return registry.get(name)
        except RuntimeError as error:
            if not str(error).startswith('Failed to get'):
                raise
            return None
    # Registry.get would go on to import a module called `name`.
    while registry is not None and name not in registry.module_dict:
        registry = registry.parent
    return None if registry is None else registry.module_dict[name]


def resolve_elsewhere(name: str, scope: str) -> tuple[Callable | None, str]:
    """What ``name`` stands for in any registry that can be seen from ``scope``.

    Returns:
        The object and the name of its registry, for example ``'hook'``; or (None, '').
    """
    asked_scope, _, bare = name.rpartition('.')
    for package in dict.fromkeys((asked_scope or scope, 'mmcxr', 'mmengine')):
        if package not in PACKAGES:
            continue
        for registry in _registries_of(package):
            registry.import_from_location()
            if bare in registry.module_dict:
                return registry.module_dict[bare], registry.name
    return None, ''


def nearest(name: str, candidates, cutoff: float = 0.6) -> str | None:
    """The candidate spelt most like ``name``, without regard to case; or None."""
    by_lower = {c.lower(): c for c in candidates}
    found = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=cutoff)
    return by_lower[found[0]] if found else None


def nearest_type(name: str, kind: str, scope: str = 'mmcxr') -> str | None:
    """The registered name nearest to ``name``, with its scope where it needs one.

    A bare name that a sister library has exactly (``ResNet``) wins over one that is
    merely spelt alike.
    """
    asked_scope, _, bare = name.rpartition('.')
    known = {n: n for n in _names(kind, scope)}
    for package in PACKAGES:
        if package not in (scope, 'mmengine'):
            known.update({f'{package}.{n}': n for n in _names(kind, package)})
    if asked_scope in PACKAGES:
        known = {k: n for k, n in known.items() if k.startswith(asked_scope)} or known
    exact = [full for full, short in known.items() if short == bare]
    if exact:
        return exact[0]
    short = nearest(bare, known.values(), cutoff=0.7)
    return next((full for full, n in known.items() if n == short), None)


def kind_name(kind: str) -> str:
    """A kind in words: ``'data sampler'``."""
    return getattr(registries, kind).name


def _registry(kind: str, scope: str) -> Registry:
    """The registry of ``kind`` that a build in ``scope`` uses, filled."""
    for module in FILLED_BY.get(kind, ('mmengine.runner',)):
        import_module(module)
    registry = getattr(registries, kind)
    if scope != 'mmcxr' and registry.parent is not None:
        _open(scope)
        child = registry.root._search_child(scope)
        registry = registry.root if child is None else child  # an empty one is falsy
    registry.import_from_location()
    return registry


def _registries_of(package: str) -> list[Registry]:
    module = _open(package)
    return [value for value in vars(module).values() if isinstance(value, Registry)]


def _open(package: str) -> ModuleType:
    """Import the registry module of a package, mending what its models need."""
    if package in ('mmpretrain', 'mmseg'):
        prepare_sister_libraries()
    return import_module(f'{package}.registry')


def _names(kind: str, scope: str) -> list[str]:
    """Names registered in ``scope`` and, in ours, those of mmengine."""
    registry = _registry(kind, scope)
    inherited = registry.parent if scope == 'mmcxr' else None
    return [*registry.module_dict, *(inherited.module_dict if inherited else ())]
