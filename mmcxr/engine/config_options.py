"""What ``--cfg-options`` may change, and what they would change in vain."""

from collections.abc import Iterator, Mapping

from mmengine.config import Config

from . import config_places as places
from .config_check import did_you_mean, is_read
from .config_types import nearest


def option_mistake(cfg: Config, option: str) -> str | None:
    """Why an option would change nothing; None where it changes something.

    A new key below a ``type`` is left to the check of the merged config, which binds
    it to the constructor. A new key in a dict of free names passes unless the dict has
    a key of almost the same spelling. A helper variable is read only while the file
    is, so an option for it would come too late.

    Args:
        cfg: config of the file, without the options.
        option: dotted key.
    """
    content, keys = cfg._cfg_dict, tuple(option.split('.'))
    if keys[0] not in content and keys[0] not in places.TOP_LEVEL:
        guess = nearest(keys[0], {*content, *places.TOP_LEVEL})
        return f"the config has no key '{keys[0]}'{did_you_mean(guess)}"
    if keys[0] not in places.TOP_LEVEL and is_read(keys[0], cfg.text or ''):
        used = uses_of(cfg, content[keys[0]], keys[0])
        used = ' and '.join('.'.join([where, *keys[1:]]) for where in used)
        return (
            f"'{keys[0]}' only helped to write the config and changing it now changes "
            f'nothing; set {used or "the keys that were made from it"}'
        )
    known = {(): content} | dict(nodes(content))
    if keys in known:
        return None
    depth = next(d for d in reversed(range(len(keys))) if keys[:d] in known)
    node, where, key = known[keys[:depth]], '.'.join(keys[:depth]), keys[depth]
    guess = None
    if isinstance(node, Mapping):
        guess = nearest(key, map(str, node), cutoff=0.8)
        if guess is None or where in places.CHECKED or 'type' in node:
            return None
    return f"no key '{key}' in '{where}'{did_you_mean(guess)}"


def uses_of(cfg: Config, value, name: str) -> list[str]:
    """Dotted places, in what the runner reads, that hold a value equal to ``value``.

    Numbers and None are common; one counts only under a key of the same ``name``.
    """
    telling = isinstance(value, str | Mapping | list | tuple)
    read = {key: cfg[key] for key in cfg if key in places.TOP_LEVEL}
    return [
        '.'.join(path)
        for path, node in nodes(read)
        if type(node) is type(value) and node == value and (telling or path[-1] == name)
    ]


def nodes(node, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """Each value of a config and its place, as ``('a', '0', 'b')`` for ``a[0].b``."""
    if isinstance(node, list | tuple):
        node = {str(index): child for index, child in enumerate(node)}
    for key, child in node.items() if isinstance(node, Mapping) else ():
        yield (*path, str(key)), child
        yield from nodes(child, (*path, str(key)))
