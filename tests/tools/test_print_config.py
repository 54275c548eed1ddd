"""tools/misc/print_config.py: the merged config, and where its types are."""

import re

import pytest
import toy_parts
from mmengine.config import Config

from mmcxr.engine.config_print import print_config


@pytest.fixture
def config(tmp_path, repo_dir):
    return toy_parts.write_config(tmp_path, repo_dir)


def test_merged_config_can_be_read_again(config, capsys, tmp_path):
    assert print_config(str(config), cfg_options={'model.dropout': 0.25}) == 0
    path = tmp_path / 'printed.py'
    path.write_text(capsys.readouterr().out)
    printed, cfg = Config.fromfile(path), Config.fromfile(config)
    assert printed.model.dropout == 0.25 and cfg.model.dropout == 0.5
    printed.model.dropout = 0.5
    assert printed.to_dict() == cfg.to_dict()


def test_where_names_file_and_line(config, capsys, repo_dir, monkeypatch):
    monkeypatch.chdir(repo_dir)
    assert print_config(str(config), where=True) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    found = {place: (name, where) for place, name, where in rows}
    name, where = found['model']
    assert name == 'ToyRegressor' and where.startswith('tests/toy_parts.py:')
    line = int(where.rpartition(':')[2])
    source = (repo_dir / 'tests/toy_parts.py').read_text().splitlines()
    assert any('class ToyRegressor' in text for text in source[line - 1 : line + 1])
    assert re.search(r'hooks/logger_hook\.py:\d+$', found['default_hooks.logger'][1])
    assert found['optim_wrapper.optimizer'][0] == 'SGD'


def test_mistake_is_one_line(config, capsys):
    assert print_config(str(config.with_name('toi.py'))) == 2
    assert 'did you mean' in capsys.readouterr().err
