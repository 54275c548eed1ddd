"""A method is one file: no other code names its class."""

import ast
from pathlib import Path

import pytest

from mmcxr.models import algorithms
from mmcxr.models.algorithms.method import Method

ROOT = Path(__file__).resolve().parents[1]
# Not methods of pre-training: what any of them is fine-tuned and probed in.
FOR_ALL = ('FilmClassifier', 'FilmEncoder')
METHODS = [
    name
    for name, found in vars(algorithms).items()
    if isinstance(found, type) and issubclass(found, Method) and name not in FOR_ALL
]
FILES = [path for room in ('mmcxr', 'tools') for path in (ROOT / room).rglob('*.py')]


def names_in(path: Path) -> set[str]:
    """Names, attributes and strings of a file, a string without its scope."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value.removeprefix('mmcxr.'))
        for field in ('id', 'attr', 'name'):
            found.add(getattr(node, field, None))
    return found


@pytest.fixture(scope='module')
def names():
    return {path: names_in(path) for path in FILES}


@pytest.mark.parametrize('name', METHODS)
def test_only_its_own_file_and_its_published_files_name_a_method(name, names):
    homes = [path for path in FILES if name in names[path]]
    own = Path(f'{getattr(algorithms, name).__module__.replace(".", "/")}.py')
    others = [
        path.relative_to(ROOT)
        for path in homes
        if path not in (ROOT / own, ROOT / own.parent / '__init__.py')
        and 'published' not in path.parts
    ]
    assert ROOT / own in homes and not others


def test_the_methods_are_found():
    assert len(METHODS) >= 6 and not set(FOR_ALL) - set(vars(algorithms))
