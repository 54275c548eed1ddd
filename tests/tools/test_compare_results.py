"""The command line of tools/misc/compare_results.py."""

import importlib.util

import pytest

from mmcxr.evaluation.functional.report import make_report
from mmcxr.evaluation.functional.results import build_results, write_results


@pytest.fixture
def main(repo_dir):
    path = repo_dir / 'tools' / 'misc' / 'compare_results.py'
    spec = importlib.util.spec_from_file_location('compare_results', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


def write(folder, name, **protocol):
    entry = dict(auroc=dict(value=0.8, ci95=[0.7, 0.9]))
    report = make_report(entry, dict(auroc='area'), {}, {}, {}, {}, [], [])
    write_results(
        folder / name / 'results.json',
        build_results(
            dict(dataset='siim', split='test') | protocol,
            dict(name=name, checkpoint_sha256=None),
            {},
            dict(classification=report),
        ),
    )
    return str(folder / name)


def test_table(main, tmp_path, capsys):
    files = [write(tmp_path, 'r50'), write(tmp_path, 'swin') + '/results.json']
    assert main(files) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].split()[:2] == ['r50', '0.800']
    assert main([*files, '--names', 'a', 'b', '--format', 'csv']) == 0
    assert capsys.readouterr().out.splitlines()[1] == 'a,"0.800 [0.700, 0.900]"'


def test_unequal_specs_end_with_2_and_say_why(main, tmp_path, capsys):
    files = [write(tmp_path, 'r50'), write(tmp_path, 'swin', split='clean')]
    assert main(files) == 2
    captured = capsys.readouterr()
    assert not captured.out
    assert "split: 'test' | 'clean'" in captured.err
    assert '--separate' in captured.err
    assert main([*files, '--separate', '--format', 'markdown']) == 0


@pytest.mark.parametrize('content', [None, 'no json'])
def test_bad_files_end_with_2_and_one_line(main, tmp_path, capsys, content):
    path = tmp_path / 'results.json'
    if content:
        path.write_text(content)
    assert main([str(path)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
