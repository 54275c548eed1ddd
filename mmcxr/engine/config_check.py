"""Typing errors of a config, found before anything is built.

Every ``type`` is looked up where the runner would look it up, and every keyword is
bound against the signature of what it names. Each mistake becomes one line that says
where it stands and what was probably meant.
"""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping

from mmengine.config import Config
from torch import nn

from . import config_places as places
from .config_places import Place
from .config_signature import arguments
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
    checker = _walked(cfg)
    checker.top_level(cfg._cfg_dict, cfg.text or '')
    return checker.lines()


def types_of(cfg: Config) -> list[tuple[str, str, Callable]]:
    """Every ``type`` of a config: dotted place, name, and what it stands for."""
    return _walked(cfg).types


def _walked(cfg: Config) -> '_Checker':
    checker = _Checker()
    scope = cfg.get('default_scope') or 'mmengine'
    for key, value in cfg._cfg_dict.items():
        checker.section(key, value, scope)
    return checker


class _Checker:
    """Walks a config; gathers its types, and pairs of place and mistake."""

    def __init__(self):
        self.found: list[tuple[str, str]] = []
        self.types: list[tuple[str, str, Callable]] = []

    def note(self, path: str, mistake: str, guess: str | None = None) -> None:
        self.found.append((path, mistake + did_you_mean(guess)))

    def lines(self) -> list[str]:
        """One line per mistake, with its first place before and the others behind."""
        by_mistake = {}
        for path, mistake in self.found:
            by_mistake.setdefault(mistake, []).append(path)
        return [
            f'{paths[0]}: {mistake}'
            + (f' (also {", ".join(paths[1:])})' if paths[1:] else '')
            for mistake, paths in by_mistake.items()
        ]

    def top_level(self, content: Mapping, text: str) -> None:
        """Keys of the config itself.

        A key that the runner does not read is a helper if the text of the config
        reads it or if it is named like one. A name a hair's breadth from a key of
        the runner, which nothing reads, is a slip of the pen.
        """
        for key in content:
            if key in places.TOP_LEVEL or is_read(key, text):
                continue
            slip = nearest(key, places.TOP_LEVEL, cutoff=0.85)
            if slip is None and HELPER.search(key):
                continue
            self.note(
                key,
                "nothing reads this key (helper variables are named like 'norm_cfg', "
                "'train_pipeline' or 'data_root')",
                slip or nearest(key, places.TOP_LEVEL, cutoff=0.5),
            )

    def section(self, key: str, value, scope: str) -> None:
        """One top-level key and all below it."""
        if key in places.ROOT:
            self.visit(value, key, places.ROOT[key], scope)
        elif key == 'runner_type':
            self.target(value, key, places.RUNNER, scope)
        elif not isinstance(value, Mapping):
            return
        elif key in places.LOADERS:
            self.dataloader(value, key, scope)
        elif key == 'default_hooks':
            for name, hook in value.items():
                self.visit(hook, f'{key}.{name}', places.HOOK, scope)
        elif key in places.PLAIN:
            self.keys(value, key, places.PLAIN[key])
            self.section(f'{key}.mp_cfg', value.get('mp_cfg'), scope)

    def dataloader(self, value: Mapping, path: str, scope: str) -> None:
        """A dataloader and what it builds."""
        self.keys(value, path, places.LOADER_KEYS)
        for key in ('dataset', 'sampler'):
            if key not in value:
                self.note(path, f"needs a '{key}'")
        for key, place in places.IN_LOADER.items():
            self.visit(value.get(key), f'{path}.{key}', place, scope)

    def visit(self, value, path: str, place: Place, scope: str) -> None:
        """A dict to be built, or a list of such, and all below."""
        if isinstance(value, list | tuple):
            for index, item in enumerate(value):
                self.visit(item, f'{path}[{index}]', place, scope)
        if not isinstance(value, Mapping):
            return
        scope = value.get('_scope_', scope)
        place = places.refine(place, value)
        name = value.get('type', place.default)
        if name is not None:
            target = self.target(name, f'{path}.type', place, place.scope or scope)
            if target is not None:
                self.types.append((path, str(name), target))
                self.bind(value, path, target, place)
            if getattr(target, '__name__', '') in FOREIGN_CHILDREN:
                return
        elif place.needs:
            self.note(path, f'needs {place.needs}')
        for key, child in value.items():
            below = f'{path}.{key}'
            if place.kind == 'OPTIM_WRAPPERS' and key in places.OPTIM_KEYS:
                self.optim_key(key, value, below, scope)
            else:
                self.visit(child, below, places.below(place, key), scope)

    def optim_key(self, key: str, wrapper: Mapping, path: str, scope: str) -> None:
        """What an optimizer wrapper holds besides the optimizer."""
        if key == 'constructor':
            self.target(wrapper[key], path, places.CONSTRUCTOR, scope)
        elif isinstance(wrapper[key], Mapping):
            self.keys(wrapper[key], path, places.optim_keys(key, wrapper))

    def target(self, name, path: str, place: Place, scope: str) -> Callable | None:
        """What the name at ``path`` stands for; None if it had to be noted."""
        if not isinstance(name, str):
            return name
        found = resolve(name, place.kind, scope)
        if found is not None:
            return found
        found, word = resolve_elsewhere(name, scope)
        if found is None:
            guess = nearest_type(name, place.kind, scope)
            self.note(path, f"no {kind_name(place.kind)} is called '{name}'", guess)
        elif place.known:
            kind, home = kind_name(place.kind), found.__module__.partition('.')[0]
            if word == kind:
                mistake = f"no {kind} of scope '{scope}' is called '{name}'"
                self.note(path, mistake, f'{home}.{name}')
            else:
                self.note(path, f"'{name}' is no {kind} but a {word}")
            return None
        return found

    def bind(self, value: Mapping, path: str, target: Callable, place: Place) -> None:
        """Check the keywords of a dict against the signature of its ``type``."""
        takes, title = arguments(target), getattr(target, '__name__', str(target))
        given = [k for k in value if k not in ('type', '_scope_', *place.extra)]
        if not takes.anything:
            for key in given:
                if key not in takes.names:
                    self.note(
                        f'{path}.{key}',
                        f"{title} takes no argument '{key}'",
                        nearest(key, (*takes.names, 'type')),
                    )
        # Below a model, norm_cfg and its like get channels from the layer they serve.
        if place.known or (_is_module(target) and not path.endswith('_cfg')):
            for key in takes.required:
                if key not in given and key not in place.supplied:
                    self.note(path, f"{title} needs an argument '{key}'")

    def keys(self, value: Mapping, path: str, allowed: Iterable[str]) -> None:
        """Check the keys of a dict without a ``type``; none allowed means all are."""
        for key in value:
            if allowed and key not in allowed:
                self.note(
                    f'{path}.{key}', f"unknown key '{key}'", nearest(key, allowed)
                )


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
