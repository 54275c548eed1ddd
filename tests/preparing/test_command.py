"""The command line of a converter, as its tool is run."""

import runpy
import sys
from concurrent.futures.process import BrokenProcessPool

import pytest
from test_covid19 import write_source

from mmcxr.preparing.overview import all_converters, datasets_page


@pytest.fixture
def run(repo_dir, monkeypatch):
    def command(*argv):
        tool = str(repo_dir / 'tools/dataset_converters/covid19.py')
        monkeypatch.setattr(sys, 'argv', [tool, *map(str, argv)])
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
    assert error.startswith('covid19.py: ') and error.count('\n') == 1
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

    monkeypatch.setattr('mmcxr.preparing.command.convert', fail)
    assert run(tmp_path, '--out', tmp_path / 'out') == 2
    assert told in capsys.readouterr().err


def test_help_names_licence_and_faults(run, capsys):
    assert run('--help') == 0
    text = capsys.readouterr().out
    assert 'Creative Commons' in text and 'arxiv.org/abs/2006.11988' in text
    assert 'unreadable (a file' in ' '.join(text.split())


def test_every_converter_has_its_tool(repo_dir):
    converters = all_converters()
    assert 'covid19' in converters
    for name, converter in converters.items():
        tool = f'tools/dataset_converters/{name}.py'
        assert f"run('{name}', __doc__)" in (repo_dir / tool).read_text()
        assert converter.facts['convert'].startswith(f'python {tool} SOURCE --out ')


def test_the_page_of_datasets_is_up_to_date(repo_dir):
    page = (repo_dir / 'docs/datasets.md').read_text()
    assert page == datasets_page(), 'run tools/misc/list_datasets.py docs/datasets.md'
