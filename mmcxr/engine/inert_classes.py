"""Placeholders for the foreign classes that published checkpoints mention.

torch's weights-only reader refuses every class it does not know. Published files
and mmengine's own training files mention a few that carry nothing but data; each
is listed here by the name under which it is pickled, with what is built instead.
Nothing listed imports the foreign package or runs code of the file: a stand-in
keeps its state, a container becomes the plain one, ``getattr`` (which mmengine's
log buffers are pickled with) answers for six named functions and nothing else.
"""

import argparse
import pathlib
from collections.abc import Callable
from functools import cache
from pickle import UnpicklingError
from typing import Any

import numpy as np
from mmengine.config import ConfigDict
from mmengine.logging import HistoryBuffer

_OMEGACONF_NODES = (
    'AnyNode ValueNode StringNode IntegerNode FloatNode BooleanNode BytesNode '
    'PathNode EnumNode InterpolationResultNode'
).split()
_LIGHTNING_DICTS = (
    'pytorch_lightning.utilities.parsing.AttributeDict',
    'lightning.pytorch.utilities.parsing.AttributeDict',
    'lightning_fabric.utilities.data.AttributeDict',
    'lightning.fabric.utilities.data.AttributeDict',
)
# Old Lightning files use callback classes as keys of a dict.
_LIGHTNING_CALLBACKS = tuple(
    f'pytorch_lightning.callbacks.{name}'
    for name in (
        'model_checkpoint.ModelCheckpoint',
        'early_stopping.EarlyStopping',
        'lr_monitor.LearningRateMonitor',
    )
)


class InertObject:
    """Holds what a foreign object was pickled with, and does nothing."""

    foreign_name = ''

    def __new__(cls, *args: Any) -> 'InertObject':
        """Keep the arguments; the foreign constructor is never called."""
        instance = super().__new__(cls)
        instance.arguments, instance.state = args, None
        return instance

    def __init__(self, *args: Any):
        pass

    def __setstate__(self, state: Any):
        self.state = state

    def __repr__(self) -> str:
        return f'<inert {self.foreign_name}>'

    def content(self, *names: str) -> Any:
        """First of the state's entries called ``names``, or None."""
        state = self.state if isinstance(self.state, dict) else {}
        return next((state[name] for name in names if name in state), None)


class _PlainDict:
    """Foreign dictionaries, built as the plain one."""

    def __new__(cls, *args: Any) -> dict:
        return dict(args[-1]) if args and isinstance(args[-1], dict) else {}


class _PlainText:
    """Foreign subclasses of str, built as str."""

    def __new__(cls, text: str = '') -> str:
        return str(text)


class _LogBuffer(HistoryBuffer):
    """mmengine's log history, restored from its arrays alone.

    mmengine's own ``__setstate__`` takes the statistics' functions from the file
    into the class, where later calls run them.
    """

    def __setstate__(self, state: dict):
        log, count = state['_log_history'], state['_count_history']
        if not isinstance(log, np.ndarray) or not isinstance(count, np.ndarray):
            raise UnpicklingError('a log history that is no array')
        self.__class__ = HistoryBuffer
        self.__init__(log, count, int(state['max_length']))


class _OneCycle(InertObject):
    """Owner of the two functions that a saved one-cycle schedule refers to."""

    foreign_name = 'mmengine.optim.scheduler.param_scheduler.OneCycleParamScheduler'


def _attribute(owner: Any, name: str) -> Callable:
    """The only uses of ``getattr`` in mmengine's training files."""
    if owner is _LogBuffer and name in ('min', 'max', 'mean', 'current'):
        return getattr(HistoryBuffer, name)
    if owner is _OneCycle and name in ('_annealing_cos', '_annealing_linear'):
        from mmengine.optim.scheduler.param_scheduler import OneCycleParamScheduler

        return getattr(OneCycleParamScheduler, name)
    raise UnpicklingError(f'GLOBAL builtins.getattr (of {owner!r}, {name!r})')


def _path(*parts: str) -> pathlib.PurePath:
    return pathlib.PurePosixPath(*parts)


def _dtype(spec: Any, align: bool = False, copy: bool = True) -> np.dtype:
    """A copy always, so that no state is set on numpy's own dtypes."""
    if not isinstance(spec, (str, bytes, type)):
        raise UnpicklingError('a structured numpy dtype')
    return np.dtype(spec, copy=True)


def _scalar(dtype: np.dtype, data: bytes) -> np.generic:
    if dtype.hasobject:
        raise UnpicklingError('a numpy scalar that holds an object')
    return np.frombuffer(data, dtype, count=1)[0]


def _empty_array(*_: Any) -> np.ndarray:
    return np.ndarray((0,), np.int8)


def _inert(foreign_name: str) -> type[InertObject]:
    name = foreign_name.rpartition('.')[2]
    return type(name, (InertObject,), {'foreign_name': foreign_name})


def _numpy_globals() -> dict[str, Any]:
    found = {'numpy.ndarray': np.ndarray, 'numpy.dtype': _dtype}
    for core in ('numpy.core', 'numpy._core'):  # numpy 1 and numpy 2
        found[f'{core}.multiarray._reconstruct'] = _empty_array
        found[f'{core}.multiarray.scalar'] = _scalar
    for code in '?bBhHiIlLqQefdgFDGSUOMm':
        dtype = np.dtype(code)
        # The class may be given a state, so it must be listed, but under a name
        # no file can spell: called, it would hand out numpy's shared dtype.
        found[f'\n{type(dtype).__name__}'] = type(dtype)
        found[f'numpy.{dtype.type.__name__}'] = dtype.type
    found['numpy.bool_'] = np.bool_
    return found


@cache
def inert_globals() -> dict[str, Any]:
    """What each allowed foreign name is read as: ``{'module.name': stand-in}``."""
    found = dict.fromkeys(_LIGHTNING_DICTS, _PlainDict)
    found['collections.defaultdict'] = _PlainDict
    found['argparse.Namespace'] = argparse.Namespace
    found['mmengine.config.config.ConfigDict'] = ConfigDict
    found['mmengine.logging.history_buffer.HistoryBuffer'] = _LogBuffer
    found[_OneCycle.foreign_name] = _OneCycle
    found['builtins.getattr'] = _attribute
    found['torch.torch_version.TorchVersion'] = _PlainText
    found['typing.Any'] = Any
    for kind in (list, dict, tuple, int, float, bool, str, frozenset, slice, range):
        found[f'builtins.{kind.__name__}'] = kind
    for module in ('pathlib', 'pathlib._local'):
        for name in ('PosixPath', 'WindowsPath', 'PurePosixPath', 'PureWindowsPath'):
            found[f'{module}.{name}'] = _path
    foreign = [f'omegaconf.nodes.{name}' for name in _OMEGACONF_NODES]
    foreign += ['omegaconf.listconfig.ListConfig', 'omegaconf.dictconfig.DictConfig']
    foreign += ['omegaconf.base.Metadata', 'omegaconf.base.ContainerMetadata']
    found.update({name: _inert(name) for name in (*foreign, *_LIGHTNING_CALLBACKS)})
    return found | _numpy_globals()


def plain(value: Any) -> Any:
    """``value`` with omegaconf's containers turned into lists, dicts and values.

    Lists and dicts are changed in place, so that a state dict keeps its metadata.
    """
    return _plain(value, set())


def _plain(value: Any, seen: set[int]) -> Any:
    if isinstance(value, InertObject):
        if value.foreign_name.startswith('omegaconf.nodes.'):
            return _plain(value.content('_val', 'val'), seen)
        if value.foreign_name.startswith(('omegaconf.list', 'omegaconf.dict')):
            return _plain(value.content('_content', 'content'), seen)
        return value
    if isinstance(value, tuple) and type(value) is tuple:
        return tuple(_plain(item, seen) for item in value)
    if isinstance(value, (dict, list)) and id(value) not in seen:
        seen.add(id(value))
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in list(pairs):
            value[key] = _plain(item, seen)
    elif isinstance(value, argparse.Namespace) and id(value) not in seen:
        seen.add(id(value))
        _plain(vars(value), seen)
    return value
