"""Which keywords a class or function of a config takes.

A constructor that ends in ``**kwargs`` hides its real arguments in a parent class.
Its source tells where the keywords go: they are followed to the constructors of
parents; where they go anywhere else, every keyword passes.
"""

import ast
import inspect
import re
import textwrap
from collections.abc import Callable
from functools import cache

from mmengine.utils import ManagerMixin

ANY = '**'  # stands for every other keyword


@cache
def keywords_of(target: Callable) -> dict[str, bool]:
    """Keyword -> whether it must be given; ``ANY`` if others pass as well.

    Args:
        target: class, function or ``functools.partial``.
    """
    if not inspect.isclass(target):
        found, rest = _own(target)
        return found if rest is None else found | {ANY: False}
    named = dict(name=False) if issubclass(target, ManagerMixin) else {}
    return named | _constructor(target, 0)


def _constructor(cls: type, start: int) -> dict[str, bool]:
    """Keywords of the first constructor in ``cls.__mro__[start:]``."""
    mro = cls.__mro__
    index = next(i for i in range(start, len(mro)) if '__init__' in vars(mro[i]))
    # Both take any keyword by signature and refuse it at run time.
    if mro[index] is object or mro[index].__module__ == 'torch.nn.modules.module':
        return {}
    init = inspect.unwrap(vars(mro[index])['__init__'])
    found, rest = _own(init, skip=1)
    if rest is None:
        return found
    read, calls = _uses(init, rest)
    if not (read or calls):
        return found | {ANY: False}
    parents = [_parent(cls, index, init, call) for call in calls]
    for more in [dict.fromkeys(read, False), *parents]:
        found = found | more | found  # what the child says of a keyword holds
    return found


def _own(function: Callable, skip: int = 0) -> tuple[dict[str, bool], str | None]:
    """Keywords of one signature, and the name of its ``**`` parameter if any."""
    try:
        parameters = list(inspect.signature(function).parameters.values())[skip:]
    except (TypeError, ValueError):  # written in C
        return {ANY: False}, None
    named = [p for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    rest = next((p.name for p in parameters if p.kind is p.VAR_KEYWORD), None)
    return {p.name: p.default is p.empty for p in named}, rest


def _uses(init: Callable, rest: str) -> tuple[list[str], list[ast.Call]]:
    """What a constructor does with its parameter ``**rest``.

    Returns:
        Keywords that it reads itself, and its calls of parents' constructors that
        get the others; both empty where something else is done with them.
    """
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(init)))
    except (OSError, TypeError, SyntaxError):
        return [], []
    reading = rf"\b{rest}(?:\.(?:get|pop|setdefault)\(|\[)'(\w+)'"
    asking = rf"'(\w+)' (?:not )?in {rest}\b"
    code = ast.unparse(tree)
    read = re.findall(reading, code) + re.findall(asking, code)
    nodes = list(ast.walk(tree))
    calls = [
        node
        for node in nodes
        if isinstance(node, ast.Call) and f'**{rest}' in map(ast.unparse, node.keywords)
    ]
    understood = all(ast.unparse(call.func).endswith('.__init__') for call in calls)
    uses = sum(isinstance(node, ast.Name) and node.id == rest for node in nodes)
    return (read, calls) if understood and uses == len(read + calls) else ([], [])


def _parent(cls: type, index: int, init: Callable, call: ast.Call) -> dict[str, bool]:
    """Keywords of the parent constructor that ``call`` reaches, less those it fills.

    The call is ``super().__init__``, ``super(Class, self).__init__`` or
    ``Parent.__init__``.
    """
    caller = call.func.value
    above = isinstance(caller, ast.Call) and ast.unparse(caller.func) == 'super'
    for named in caller.args[:1] if above else [caller]:
        parent = init.__globals__.get(ast.unparse(named))
        if parent not in cls.__mro__:
            return {ANY: False}
        index = cls.__mro__.index(parent)
    found = _constructor(cls, index + above)
    positional = [a for a in call.args if not isinstance(a, ast.Starred)]
    filled = list(found)[: len(positional) - (not above)]
    filled += [keyword.arg for keyword in call.keywords]
    return {key: found[key] for key in found if key not in filled}
