"""Files that stand in for published ones: same container, keys and shapes."""

import argparse
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
    weights = golden_weights(shared_dir)
    state_dict = tensors(weights, manifest)
    if 'extra_state_dict' in manifest:  # of a file fine-tuned from the published one
        extra = dict(state_dict=manifest['extra_state_dict'])
        state_dict |= tensors(weights, extra)
    return of_fixture(CONTAINERS, manifest)(state_dict, manifest, folder)


def tensors(weights, manifest: dict) -> dict[str, torch.Tensor]:
    arrays = weights.make_state_dict(manifest)
    return {key: torch.from_numpy(array) for key, array in arrays.items()}


def of_fixture(table: dict, manifest: dict):
    """Entry of a table for one variant, or for all of a system."""
    system, variant = manifest['system'], manifest['variant']
    return table.get(f'{system}/{variant}') or table[system]


def cxr_clip_file(state_dict: dict, manifest: dict, folder: Path) -> Path:
    """One zip called .tar; a leaf of its settings is still of omegaconf."""
    path = folder / f'{manifest["variant"]}.tar'
    content = dict(model=state_dict, **manifest['other_top_level'])
    crop = content['config']['transform']['train']['RandomResizedCrop']
    with foreign_class('omegaconf.listconfig.ListConfig') as list_config:
        crop['scale'] = list_config(_content=crop['scale'], _parent=None)
        torch.save(content, path)
    return path


def mrm_file(state_dict: dict, manifest: dict, folder: Path) -> Path:
    """As its training saved it, with the settings and the state beside the weights."""
    path = folder / 'MRM.pth'
    args = argparse.Namespace(batch_size=32, output_dir=Path('output'), blr=1.5e-4)
    state = dict(state={}, param_groups=[dict(lr=1e-4, betas=(0.9, 0.95))])
    content = dict(model=state_dict, optimizer=state, epoch=199, scaler={}, args=args)
    torch.save(content, path)
    return path


def mrm_classifier_file(state_dict: dict, manifest: dict, folder: Path) -> Path:
    """A bare state dict of what the fine-tuned model has of the published one."""
    path = folder / 'nih_bestauc_checkpoint.bin'
    unexpected = (*manifest['unexpected_top_modules'],)
    kept = {k: v for k, v in state_dict.items() if k.split('.')[0] not in unexpected}
    torch.save(kept, path)
    return path


def chexzero_file(state_dict: dict, manifest: dict, folder: Path) -> Path:
    """A flat state dict."""
    path = folder / 'best_64_5e-05_original_22000_0.864.pt'
    torch.save(state_dict, path)
    return path


def gloria_file(state_dict: dict, manifest: dict, folder: Path) -> Path:
    """A Lightning file; its settings are an object of omegaconf."""
    path = folder / 'chexpert_resnet50.ckpt'
    settings = manifest['other_top_level']['hyper_parameters']
    content = dict(state_dict=state_dict, epoch=9, global_step=4711, callbacks={})
    content['pytorch-lightning_version'] = '1.1.4'
    with foreign_class('omegaconf.dictconfig.DictConfig') as dict_config:
        content['hyper_parameters'] = dict_config(_content=settings, _parent=None)
        torch.save(content, path)
    return path


# How each system's file is laid out around its state dict.
CONTAINERS = {
    'cxr_clip': cxr_clip_file,
    'cxrlearn/chexzero': chexzero_file,
    'cxrlearn/gloria': gloria_file,
    'mrm/pretrain': mrm_file,
    'mrm/finetune_vit_b16': mrm_classifier_file,
}


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
