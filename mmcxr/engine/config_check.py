"""Typing errors of a config, found before anything is built.

Every ``type`` is looked up where the runner would look it up, and every keyword is
bound to the signature of what it names; nothing is called. Each mistake becomes one
line that says where it stands and what was probably meant.
"""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping

from mmengine.config import Config
from torch import nn

from . import config_places as places
from .config_places import Place
from .config_signature import ANY, keywords_of
from .config_types import kind_name, nearest, nearest_type, resolve, resolve_elsewhere

# What variables that only help to write a config are called.
HELPER = re.compile(
    r'^_|^(num|base|max|min|img|image)_|(^|_)(cfg|pipeline|transforms|policies|'
    r'prompts?|templates|classes|views|datasets?|dataset_type|metainfo|evaluator|'
    r'loader|root|type|name|path|dir|file|args|checkpoint|size|scale|ratios?|channels|'
    r'dims|norm|mean|std|epochs|iters|interval)$'
)
# Transforms whose nested transforms belong to another library.
FOREIGN_CHILDREN = ('Albu', 'Albumentations')


def check_config(cfg: Config) -> list[str]:
    """Mistakes in a config, one line each; none for a config that will build.

    Args:
        cfg: merged config.

    Returns:
        Lines ``place: what is wrong; did you mean ...?``. A mistake that several
        places share, as a pipeline shared by two dataloaders does, is one line.
    """
    checker = _Checker(cfg)
    checker.top_level(cfg._cfg_dict, cfg.text or '')
    by_mistake = {}
    for path, mistake in checker.mistakes:
        by_mistake.setdefault(mistake, []).append(path)
    return [
        f'{first}: {mistake}' + (f' (also {", ".join(others)})' if others else '')
        for mistake, (first, *others) in by_mistake.items()
    ]


def types_of(cfg: Config) -> list[tuple[str, str, Callable]]:
    """Every ``type`` of a config: dotted place, name, and what it stands for."""
    return _Checker(cfg).types


class _Checker:
    """Walks a config; gathers its types, and pairs of place and mistake."""

    def __init__(self, cfg: Config):
        self.mistakes: list[tuple[str, str]] = []
        self.types: list[tuple[str, str, Callable]] = []
        scope = cfg.get('default_scope') or 'mmengine'
        for key, value in cfg._cfg_dict.items():
            if key == 'default_hooks' and isinstance(value, Mapping):
                for name, hook in value.items():
                    self.visit(hook, f'{key}.{name}', places.HOOK, scope)
            elif key in places.ROOT:
                self.visit(value, key, places.ROOT[key], scope)

    def note(self, path: str, mistake: str, guess: str | None = None) -> None:
        self.mistakes.append((path, mistake + did_you_mean(guess)))

    def top_level(self, content: Mapping, text: str) -> None:
        """Keys of the config itself.

        A key that the runner does not read is a helper if the text of the config
        reads it or if it is named like one. An unread name that is almost a key of
        the runner is a misspelt key.
        """
        for key in content:
            if key in places.TOP_LEVEL or is_read(key, text):
                continue
            misspelt = nearest(key, places.TOP_LEVEL, cutoff=0.85)
            if misspelt or not HELPER.search(key):
                self.note(
                    key,
                    'nothing reads this key (helper variables are named like '
                    "'norm_cfg', 'train_pipeline' or 'data_root')",
                    misspelt or nearest(key, places.TOP_LEVEL, cutoff=0.5),
                )

    def visit(self, value, path: str, place: Place, scope: str) -> None:
        """A dict to be built, or a list of such, and all below."""
        if isinstance(value, list | tuple):
            for index, item in enumerate(value):
                self.visit(item, f'{path}[{index}]', place, scope)
        elif place.holds_name:
            self.target(value, path, place, scope)
        elif isinstance(value, Mapping):
            self.visit_dict(value, path, places.refine(place, value), scope)

    def visit_dict(self, value: Mapping, path: str, place: Place, scope: str) -> None:
        scope = value.get('_scope_', scope)
        name = value.get('type', place.default) if place.kind else None
        if name is not None:
            target = self.target(name, f'{path}.type', place, place.scope or scope)
            if target is not None:
                self.types.append((path, str(name), target))
                self.bind(value, path, target, place)
            if getattr(target, '__name__', '') in FOREIGN_CHILDREN:
                return
        else:
            for key, what in place.needs.items():
                if key not in value:
                    self.note(path, f'needs {what}')
            if place.keys:
                self.unknown(value, place.keys, path, 'unknown key')
        for key, child in value.items():
            if key != 'type':
                below = places.below(place, key, value)
                self.visit(child, f'{path}.{key}', below, scope)

    def target(self, name, path: str, place: Place, scope: str) -> Callable | None:
        """What the name at ``path`` stands for; None if it had to be noted."""
        if callable(name):
            return name
        if not isinstance(name, str):
            return self.note(path, f'needs a name, not {name!r}')
        found = resolve(name, place.kind, scope)
        if found is not None:
            return found
        kind = kind_name(place.kind)
        found, word = resolve_elsewhere(name, scope)
        if found is None:
            guess = nearest_type(name, place.kind, scope)
            return self.note(path, f"no {kind} is called '{name}'", guess)
        if not place.known:
            return found
        if word != kind:
            return self.note(path, f"'{name}' is no {kind} but a {word}")
        home = found.__module__.partition('.')[0]
        mistake = f"no {kind} of scope '{scope}' is called '{name}'"
        return self.note(path, mistake, f'{home}.{name}')

    def bind(self, value: Mapping, path: str, target: Callable, place: Place) -> None:
        """Check the keywords of a dict against the signature of its ``type``."""
        title, takes = getattr(target, '__name__', str(target)), keywords_of(target)
        given = [k for k in value if k not in ('type', '_scope_', *place.extra)]
        if ANY not in takes:
            allowed = (*takes, 'type')
            self.unknown(given, allowed, path, f'{title} takes no argument')
        # Below a model, norm_cfg and its like get channels from the layer they serve.
        if place.known or (_is_module(target) and not path.endswith('_cfg')):
            for key, required in takes.items():
                if required and key not in given and key not in place.supplied:
                    self.note(path, f"{title} needs an argument '{key}'")

    def unknown(self, given, allowed: Iterable[str], path: str, mistake: str) -> None:
        """Note the keys that are not allowed."""
        for key in given:
            if key not in allowed:
                guess = nearest(key, allowed)
                self.note(f'{path}.{key}', f"{mistake} '{key}'", guess)


def did_you_mean(guess: str | None) -> str:
    """The end of a message that offers a right name."""
    return f"; did you mean '{guess}'?" if guess else ''


def is_read(key: str, text: str) -> bool:
    """Whether the text of a config uses ``key`` in an expression."""
    name = re.escape(key)
    return bool(
        re.search(rf'(?<![\w.]){name}(?!\w)(?!\s*=(?!=))|_base_\.{name}\b', text)
    )


def _is_module(target: Callable) -> bool:
    return inspect.isclass(target) and issubclass(target, nn.Module)
