"""Files that stand in for published ones: same container, keys and shapes."""

import importlib.util
import json
import sys
import types
from contextlib import contextmanager
from pathlib import Path

import torch


def golden_weights(shared_dir: Path):
    """The module that draws the weights of a fixture."""
    path = shared_dir / 'golden/weights.py'
    spec = importlib.util.spec_from_file_location('golden_weights', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write_stand_in(shared_dir: Path, fixture: Path, folder: Path) -> Path:
    """Write the published file that ``fixture``'s manifest describes."""
    manifest = json.loads((fixture / 'manifest.json').read_text())
    arrays = golden_weights(shared_dir).make_state_dict(manifest)
    state_dict = {key: torch.from_numpy(array) for key, array in arrays.items()}
    return CONTAINERS[manifest['system']](state_dict, manifest, folder)


def cxr_clip_file(state_dict: dict, manifest: dict, folder: Path) -> Path:
    """One zip called .tar; a leaf of its settings is still of omegaconf."""
    path = folder / f'{manifest["variant"]}.tar'
    content = dict(model=state_dict, **manifest['other_top_level'])
    crop = content['config']['transform']['train']['RandomResizedCrop']
    with foreign_class('omegaconf.listconfig.ListConfig') as list_config:
        crop['scale'] = list_config(_content=crop['scale'], _parent=None)
        torch.save(content, path)
    return path


# How each system's file is laid out around its state dict.
CONTAINERS = {'cxr_clip': cxr_clip_file}


@contextmanager
def foreign_class(name: str, bases: tuple = ()):
    """A class that pickles under ``name``, of a package that is not installed."""
    module_name, _, class_name = name.rpartition('.')

    def init(self, **state):
        self.__dict__.update(state)

    made = type(class_name, bases, {'__init__': init, '__module__': module_name})
    before = dict(sys.modules)
    parts = module_name.split('.')
    for end in range(1, len(parts) + 1):
        package = '.'.join(parts[:end])
        sys.modules[package] = types.ModuleType(package)
    setattr(sys.modules[module_name], class_name, made)
    try:
        yield made
    finally:
        for end in range(1, len(parts) + 1):
            package = '.'.join(parts[:end])
            sys.modules.pop(package)
            if package in before:
                sys.modules[package] = before[package]
