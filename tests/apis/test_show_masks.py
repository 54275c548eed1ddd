"""Which films are shown; what cannot be segmented."""

import runpy
import sys

import numpy as np
import pytest
import torch

from mmcxr.apis import segment
from mmcxr.apis.loaded_model import LoadedModel
from mmcxr.apis.show_masks import choose_rows, show_masks
from mmcxr.engine.config_file import ConfigError


def test_half_of_the_rows_are_positive():
    positive = np.zeros(100, bool)
    positive[[3, 40, 41, 90]] = True
    rows = choose_rows(positive, 8)
    assert rows == sorted(rows) and len(set(rows)) == 8
    assert positive[rows].sum() == 4 and {3, 90} <= set(rows)
    assert positive[choose_rows(positive, 3)].sum() == 2
    assert positive[choose_rows(positive, 1)].sum() == 1
    rows = choose_rows(positive, 20)  # only four are there
    assert len(set(rows)) == 20 and positive[rows].sum() == 4


@pytest.mark.parametrize('share', [0, 1, 5, 9, 10])
def test_all_rows(share):
    positive = np.arange(10) < share
    for num in (0, 10, 99):
        assert choose_rows(positive, num) == list(range(10))
    for num in range(1, 10):
        rows = choose_rows(positive, num)
        assert len(rows) == len(set(rows)) == num


def test_a_model_without_masks_is_refused():
    with pytest.raises(TypeError, match='Linear has no decode head'):
        segment(LoadedModel(torch.nn.Linear(1, 1), {}, [], {}), [])


def test_phase_that_is_not_there(tmp_path):
    (tmp_path / 'config.py').write_text("log_level = 'INFO'\n")
    with pytest.raises(ConfigError, match='has no val_dataloader'):
        show_masks(tmp_path / 'config.py', 'x.pth', tmp_path, phase='val')


def test_command_says_what_is_wrong(tmp_path, repo_dir, monkeypatch, capsys):
    tool = str(repo_dir / 'tools/visualization/show_masks.py')
    monkeypatch.setattr(sys, 'argv', [tool, str(tmp_path / 'no.py'), 'x.pth'])
    with pytest.raises(SystemExit, match='2'):
        runpy.run_path(tool, run_name='__main__')
    error = capsys.readouterr().err
    assert error.startswith('show_masks.py: ') and 'no.py' in error
