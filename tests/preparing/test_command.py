"""The command that prepares a dataset, and its old names."""

import ast
import re
import runpy
import subprocess
import sys
from concurrent.futures.process import BrokenProcessPool

import pytest
from test_covid19 import write_source

from mmcxr.preparing.overview import all_converters, datasets_page


@pytest.fixture
def run(repo_dir, monkeypatch):
    def command(*argv):
        tool = str(repo_dir / 'tools/prepare_dataset.py')
        monkeypatch.setattr(sys, 'argv', [tool, 'covid19', *map(str, argv)])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(tool, run_name='__main__')
        return ended.value.code

    return command


def test_faults_fail_it_unless_accepted(run, tmp_path, capsys):
    source, out = write_source(tmp_path / 'source'), tmp_path / 'out'
    assert run(source, '--out', out, '--workers', 0) == 1
    text, error = capsys.readouterr()
    assert text.startswith('images: 5\npatients: 2\n')
    assert 'missing: listed films that are not there: gone.png' in text
    assert error.startswith('not as it should be: ') and error.count('\n') == 1
    kinds = ['missing', 'invalid', 'unreadable']
    assert all(kind in error for kind in kinds)
    again = [source, '--out', out, '--workers', 2, '--accept']
    assert run(*again, *kinds) == 0
    assert run(*again, 'missing') == 1
    assert run('--out', out, '--verify', '--accept', *kinds) == 0
    (out / 'images/b.png').write_bytes(b'x')
    capsys.readouterr()
    assert run('--out', out, '--verify', '--accept', 'missing', 'invalid') == 1
    assert 'b.png: cannot identify image file' in capsys.readouterr().out


def test_what_cannot_be_done(run, tmp_path, capsys):
    assert run(tmp_path, '--out', tmp_path / 'out') == 2
    error = capsys.readouterr().err
    assert error.startswith('prepare_dataset.py covid19: ') and error.count('\n') == 1
    assert run('--out', tmp_path / 'out') == 2
    assert 'SOURCE is missing' in capsys.readouterr().err
    assert run('--out', tmp_path / 'gone', '--verify') == 2
    assert 'gone: no such folder' in capsys.readouterr().err
    for wrong in (
        ['--size', 0],
        ['--workers', -1],
        ['--copy', '--link'],
        ['--accept', 'x'],
    ):
        assert run(tmp_path, '--out', tmp_path, *wrong) == 2


@pytest.mark.parametrize(
    ('error', 'told'),
    [
        (KeyboardInterrupt, 'stopped; the same command goes on where it was'),
        (BrokenProcessPool, 'a worker died, for want of memory perhaps'),
        (OSError(28, 'No space left on device'), 'No space left on device'),
    ],
)
def test_what_ends_it(run, tmp_path, monkeypatch, capsys, error, told):
    def fail(*arguments, **options):
        raise error

    monkeypatch.setattr('mmcxr.preparing.official_download.convert', fail)
    assert run(tmp_path, '--out', tmp_path / 'out') == 2
    assert told in capsys.readouterr().err


def test_help_names_licence_and_faults(run, capsys):
    assert run('--help') == 0
    text = capsys.readouterr().out
    assert 'Creative Commons' in text and 'arxiv.org/abs/2006.11988' in text
    assert 'unreadable (a file' in ' '.join(text.split())


def test_every_converter_has_its_command(repo_dir):
    done = subprocess.run(
        [sys.executable, repo_dir / 'tools/prepare_dataset.py', '--help'],
        capture_output=True,
        text=True,
        env={'PYTHONPATH': str(repo_dir), 'COLUMNS': '200'},
    )
    listed = dict(re.findall(r'^    ([a-z0-9-]+)\s+(\S.*)$', done.stdout, re.MULTILINE))
    assert done.returncode == 0 and listed['synthetic'].startswith('Draw ')
    converters = all_converters()
    assert {'covid19', 'chestx-ray14'} <= set(converters) < set(listed)
    for name, converter in converters.items():
        command = f'python tools/prepare_dataset.py {name} SOURCE --out '
        assert converter.facts['convert'].startswith(command)


def test_old_names_run_the_command_of_the_same_dataset(repo_dir, monkeypatch):
    ran = {}
    for tool in sorted((repo_dir / 'tools/dataset_converters').glob('*.py')):
        monkeypatch.setattr(
            'mmcxr.preparing.command.main',
            lambda argv, old=tool.stem: ran.update({old: argv}) or 3,
        )
        monkeypatch.setattr(sys, 'argv', [str(tool), 'x', '--out', 'y'])
        with pytest.raises(SystemExit, match='3'):
            runpy.run_path(str(tool), run_name='__main__')
        assert ast.get_docstring(ast.parse(tool.read_text())).endswith(
            f'prepare_dataset.py {ran[tool.stem][0]}``.'
        )
    assert all(argv[1:] == ['x', '--out', 'y'] for argv in ran.values())
    readers = {
        converter.read.__module__.rpartition('.')[2]: name
        for name, converter in all_converters().items()
    }
    further = ('synthetic', 'split_lists', 'mrm_csv', 'mrm_lists', 'cxr_clip_csv')
    assert {old: argv[0] for old, argv in ran.items()} == {
        **readers,
        **{old: old.replace('_', '-') for old in further},
    }


def test_the_page_of_datasets_is_up_to_date(repo_dir):
    page = (repo_dir / 'docs/datasets.md').read_text()
    assert page == datasets_page(), 'run tools/misc/list_datasets.py docs/datasets.md'
