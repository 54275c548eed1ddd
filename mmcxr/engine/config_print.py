"""Showing a config: merged, or the places where its types are defined."""

import inspect
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from .config_check import types_of
from .config_file import ConfigError, load_config


def print_config(
    config: str, where: bool = False, cfg_options: Mapping | None = None
) -> int:
    """Print a config; returns the exit code.

    Args:
        config: config file.
        where: print ``place  type  file:line`` for each type instead of the config.
        cfg_options: dotted key -> value, merged first.
    """
    try:
        cfg = load_config(config, cfg_options)
    except ConfigError as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    if not where:
        print(cfg.pretty_text)
        return 0
    rows = [(place, name, location(target)) for place, name, target in types_of(cfg)]
    widths = [max((len(row[i]) for row in rows), default=0) for i in (0, 1)]
    for place, name, defined in rows:
        print(f'{place:<{widths[0]}}  {name:<{widths[1]}}  {defined}')
    return 0


def location(target: Callable) -> str:
    """``file:line`` of a definition, relative to the working directory if in it."""
    target = getattr(target, 'func', target)  # of a partial
    try:
        path = Path(inspect.getsourcefile(target))
        line = inspect.getsourcelines(target)[1]
    except (TypeError, OSError):  # not written in python
        return target.__module__
    here = Path.cwd()
    return f'{path.relative_to(here) if path.is_relative_to(here) else path}:{line}'
