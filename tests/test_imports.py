"""The import table of the house: which room may import which."""

import ast
import subprocess
import sys
import time
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / 'mmcxr'
# room -> rooms it may import; every room may import itself and the ground.
GROUND = {
    'mmcxr',
    'registry',
    'torchvision_schema',
    'sister_libraries',
    'recompute',
    'processes',
    'moved',
}
MODEL_PARTS = {
    'models.backbones',
    'models.necks',
    'models.heads',
    'models.losses',
    'models.parts',
}
# What runs are made of; the rooms above them are entered by people.
RUN = {'datasets', 'models', 'evaluation', 'engine', 'published'}
APIS = RUN | {'visualization', 'evaluation.functional', 'evaluation.metrics'}
TABLE = {
    **{room: set() for room in GROUND - {'mmcxr'}},
    'datasets': set(),
    'synthetic': set(),
    'evaluation.functional': set(),
    'evaluation.metrics': {'evaluation.functional'},
    'visualization': set(),
    'models.losses': set(),
    'models.positions': set(),
    'models.backbones': {'models.positions'},
    'models.necks': {'models.positions'},
    'models.parts': {'models.backbones'},
    'models.preprocessor': set(),
    'models.heads': {'models.losses'},
    'models.algorithms': MODEL_PARTS,
    'published': set(),
    'engine': {'published', 'evaluation.functional'},
    'preparing': {'datasets', 'synthetic'},
    'apis': APIS | {'models.heads'},
    'studies': APIS | {'apis', 'preparing', 'models.algorithms'},
    'demo': APIS | {'apis', 'studies', 'synthetic'},
}
# Front doors: they import their own rooms.
DOORS = {'models': 'models', 'evaluation': 'evaluation'}


def room_of(module: str) -> str:
    """Longest room of the table that holds ``module`` (without ``mmcxr.``)."""
    parts = module.split('.')
    for end in range(len(parts), 0, -1):
        name = '.'.join(parts[:end])
        if name in TABLE or name in DOORS:
            return name
    return parts[0]


def imports_of(path: Path):
    """Yield (line, imported module without ``mmcxr.``) of our own imports."""
    package = ('mmcxr', *path.relative_to(PACKAGE).with_suffix('').parts)
    package = package[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            base += [node.module] if node.module else []
            names = ['.'.join([*base, alias.name]) for alias in node.names]
        for name in names:
            if name == 'mmcxr' or name.startswith('mmcxr.'):
                yield node.lineno, name.removeprefix('mmcxr').lstrip('.')


def violations():
    found = []
    for path in sorted(PACKAGE.rglob('*.py')):
        relative = path.relative_to(PACKAGE).with_suffix('')
        module = '.'.join(p for p in relative.parts if p != '__init__')
        room = room_of(module) if module else 'mmcxr'
        for line, target in imports_of(path):
            other = room_of(target) if target else 'mmcxr'
            if other in GROUND | {room} or target == '__version__':
                continue
            if room in DOORS and other.startswith(DOORS[room]):
                continue
            if other not in TABLE.get(room, set()):
                found.append(f'{path.relative_to(PACKAGE)}:{line} imports {other}')
    return found


def test_rooms_import_one_way():
    assert not violations()


def test_every_room_is_in_the_table():
    rooms = {
        room_of('.'.join(path.relative_to(PACKAGE).with_suffix('').parts))
        for path in PACKAGE.rglob('*.py')
    }
    assert rooms <= set(TABLE) | set(DOORS) | {'__init__'}


def test_no_circle_of_files():
    files = {}
    for path in PACKAGE.rglob('*.py'):
        parts = path.relative_to(PACKAGE).with_suffix('').parts
        files['.'.join(part for part in parts if part != '__init__')] = path
    graph = {name: set() for name in files}
    for name, path in files.items():
        for _, target in imports_of(path):
            while target and target not in files:
                target = target.rpartition('.')[0]
            graph[name].add(target)
        graph[name].discard(name)
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(f'files import each other: {error.args[1]}')


def test_a_violation_is_seen(tmp_path, monkeypatch):
    room = tmp_path / 'datasets'
    room.mkdir()
    (room / 'bad.py').write_text('from mmcxr.models.heads import x\n')
    monkeypatch.setattr(sys.modules[__name__], 'PACKAGE', tmp_path)
    assert violations() == ['datasets/bad.py:1 imports models.heads']


def test_import_is_light():
    code = (
        'import sys; before = set(sys.modules); import mmcxr; '
        'new = {m.split(".")[0] for m in set(sys.modules) - before}; '
        'heavy = new & {"torch", "mmengine", "transformers", "timm", "cv2", "pandas"}; '
        'sys.exit(f"import mmcxr loads {heavy}" if heavy else 0)'
    )
    start = time.perf_counter()
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    if time.perf_counter() - start > 3:
        pytest.fail('import mmcxr takes seconds')
