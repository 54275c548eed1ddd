"""Old import paths that a user's config may hold."""

import sys
import warnings
from importlib import import_module

import pytest
from mmengine.config import Config

import mmcxr.datasets
from mmcxr.moved import MOVED
from mmcxr.registry import DATASETS


@pytest.mark.parametrize('old', MOVED)
def test_an_old_path_gives_the_same_module_and_one_warning(old, monkeypatch):
    monkeypatch.delitem(sys.modules, old, raising=False)
    with pytest.warns(FutureWarning, match=f'{old} is now {MOVED[old]}'):
        found = import_module(old)
    assert found is import_module(MOVED[old])
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        assert import_module(old) is found


def test_a_config_may_hold_an_old_path(monkeypatch):
    monkeypatch.delitem(sys.modules, 'mmcxr.datasets.token_cache', raising=False)
    with pytest.warns(FutureWarning):
        text = "custom_imports = dict(imports=['mmcxr.datasets.packs.token_cache'])"
        Config.fromstring(text.replace('packs.', ''), '.py')
    kind = DATASETS.get('mmcxr.datasets.openi.OpenI')
    assert kind is DATASETS.get('OpenI')


def test_other_names_are_not_found():
    with pytest.raises(ModuleNotFoundError):
        import_module('mmcxr.datasets.nothing')
    assert mmcxr.datasets.__name__ == 'mmcxr.datasets'
