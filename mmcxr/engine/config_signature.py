"""Which keywords a class or function of a config takes, read from its source.

A constructor that ends in ``**kwargs`` hides its real arguments in a parent class.
The keywords that it hands on are followed upwards; where they go anywhere else than
to a parent, nothing can be said and every keyword passes.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from mmengine.utils import ManagerMixin

READERS = ('get', 'pop', 'setdefault')


@dataclass(frozen=True)
class Arguments:
    """Keywords of a callable.

    Args:
        names: accepted keywords, in the order of the signature.
        required: those without a default.
        anything: true if unknown keywords pass as well.
    """

    names: tuple[str, ...]
    required: tuple[str, ...]
    anything: bool = False


@cache
def arguments(target: Callable) -> Arguments:
    """Keywords that ``target`` takes; ``self`` is left out.

    Args:
        target: class, function or ``functools.partial``.
    """
    if not inspect.isclass(target):
        return _own_arguments(target)[0]
    found = _constructor_arguments(target, 0)
    if issubclass(target, ManagerMixin) and 'name' not in found.names:
        return Arguments(('name', *found.names), found.required, found.anything)
    return found


def _constructor_arguments(cls: type, start: int) -> Arguments:
    """Keywords of the first constructor in ``cls.__mro__[start:]``."""
    index = next(
        i for i, c in enumerate(cls.__mro__) if i >= start and '__init__' in vars(c)
    )
    owner = cls.__mro__[index]
    # Both take any keyword by signature and refuse it at run time.
    if owner is object or owner.__module__ == 'torch.nn.modules.module':
        return Arguments((), ())
    init = inspect.unwrap(vars(owner)['__init__'])
    own, rest = _own_arguments(init, skip=1)
    if rest is None:
        return own
    uses = _uses_of(init, rest)
    if uses is None or not (uses.calls or uses.names):
        return Arguments(own.names, own.required, anything=True)
    names, required, anything = list(own.names), list(own.required), False
    names += [name for name in uses.names if name not in names]
    for call in uses.calls:
        parent = _parent_arguments(cls, index, init, call)
        if parent is None:
            anything = True
            continue
        given = _given(call, parent)
        names += [n for n in parent.names if n not in given and n not in names]
        required += [n for n in parent.required if n not in given]
        anything |= parent.anything
    return Arguments(tuple(names), tuple(required), anything)


def _own_arguments(function, skip: int = 0) -> tuple[Arguments, str | None]:
    """Arguments of one signature, and the name of its ``**`` parameter if any."""
    try:
        parameters = list(inspect.signature(function).parameters.values())[skip:]
    except (TypeError, ValueError):  # written in C
        return Arguments((), (), anything=True), None
    rest = next((p.name for p in parameters if p.kind is p.VAR_KEYWORD), None)
    named = [p for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    required = tuple(p.name for p in named if p.default is p.empty)
    found = Arguments(tuple(p.name for p in named), required, rest is not None)
    return found, rest


@dataclass
class _Uses:
    """What a constructor does with its ``**kwargs``."""

    calls: list[ast.Call]  # calls of a parent's constructor
    names: list[str]  # keywords that it reads itself


def _uses_of(init, rest: str) -> _Uses | None:
    """Uses of the parameter ``rest``; None where they cannot be told."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(init)))
    except (OSError, TypeError, SyntaxError):
        return None
    uses, understood = _Uses([], []), 0
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if any(k.arg is None and _is_name(k.value, rest) for k in node.keywords):
                if not _calls_init(node):
                    return None
                uses.calls.append(node)
                understood += 1
            elif isinstance(node.func, ast.Attribute) and _is_name(
                node.func.value, rest
            ):
                if node.func.attr not in READERS or not _is_text(node.args[0]):
                    return None
                uses.names.append(node.args[0].value)
                understood += 1
        elif isinstance(node, ast.Subscript) and _is_name(node.value, rest):
            if not _is_text(node.slice):
                return None
            uses.names.append(node.slice.value)
            understood += 1
        elif isinstance(node, ast.Compare) and _is_name(node.comparators[-1], rest):
            if not _is_text(node.left):
                return None
            uses.names.append(node.left.value)
            understood += 1
    seen = sum(_is_name(node, rest) for node in ast.walk(tree))
    return uses if seen == understood else None


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _calls_init(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == '__init__'


def _parent_arguments(cls: type, index: int, init, call: ast.Call) -> Arguments | None:
    """Arguments of the parent constructor that ``call`` reaches."""
    caller = call.func.value
    if isinstance(caller, ast.Name):  # Parent.__init__(self, ...)
        parent = init.__globals__.get(caller.id)
        return _constructor_arguments(parent, 0) if parent in cls.__mro__ else None
    if not (isinstance(caller, ast.Call) and _is_name(caller.func, 'super')):
        return None
    if caller.args:  # super(Child, self).__init__(...)
        child = init.__globals__.get(getattr(caller.args[0], 'id', None))
        if child not in cls.__mro__:
            return None
        index = cls.__mro__.index(child)
    return _constructor_arguments(cls, index + 1)


def _given(call: ast.Call, parent: Arguments) -> set[str]:
    """Parent arguments that the call itself fills, so that a user cannot."""
    given = {keyword.arg for keyword in call.keywords if keyword.arg}
    positional = [a for a in call.args if not isinstance(a, ast.Starred)]
    if isinstance(call.func.value, ast.Name):
        positional = positional[1:]  # Parent.__init__(self, ...)
    return given | set(parent.names[: len(positional)])
