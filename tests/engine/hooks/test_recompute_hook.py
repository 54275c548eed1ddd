"""activation_checkpointing of a config, done right."""

import pytest
import toy_parts

from mmcxr.engine.launch import train

COMPILED = "custom_hooks = [dict(type='CompileHook', modules='{}', backend='eager')]\n"


@pytest.fixture
def losses(monkeypatch):
    """The list in which the toy model keeps its losses, empty."""
    monkeypatch.setattr(toy_parts.ToyRegressor, 'LOSSES', [])
    return toy_parts.ToyRegressor.LOSSES


SWITCHES = [
    "activation_checkpointing = ['linear', 'norm']\n",
    "custom_hooks = [dict(type='RecomputeHook', modules=['linear'])]\n",
    COMPILED.format('linear') + "activation_checkpointing = 'linear'\n",
    "compile = dict(backend='eager', dynamic=False)\n",
]


def test_losses_of_a_run_stay(tmp_path, repo_dir, losses):
    """The input of the layer needs no gradient; mmengine's way would not train it."""
    norm, runs = "model['norm_cfg'] = dict(type='BN')\n", []
    for number, switch in enumerate(['', *SWITCHES]):
        folder = tmp_path / str(number)
        folder.mkdir()
        config = toy_parts.write_config(folder, repo_dir, norm + switch)
        losses.clear()
        assert train(str(config), work_dir=str(folder / 'run')) == 0
        runs.append(list(losses))
        assert len(runs[0]) == 12
        assert runs[-1] == pytest.approx(runs[0], rel=1e-5), switch


def test_a_part_that_does_not_exist_is_named(tmp_path, repo_dir, capsys):
    switch = "activation_checkpointing = 'backbone.layers.*'\n"
    config = toy_parts.write_config(tmp_path, repo_dir, switch)
    assert train(str(config), work_dir=str(tmp_path / 'run')) == 2
    error = capsys.readouterr().err
    assert "ToyRegressor has no part 'backbone.layers.*'" in error and 'linear' in error
