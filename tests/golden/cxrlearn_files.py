"""Files that stand in for those that cxrlearn and the authors publish."""

import json
from pathlib import Path

import torch
from stand_in import golden_weights, tensors

# System of each variant, as load_published takes it, and what it should find.
SYSTEMS = {
    'moco_cxr': ('moco_cxr', 'r50'),
    'moco_cxr_resnet18': ('moco_cxr', 'r18'),
    'medaug': ('medaug', 'r50'),
    's2mts2': ('s2mts2', 'd121'),
    'convirt': ('convirt', 'r50'),
    'convirt_pretrain': ('convirt', 'r50_bert'),
    'refers': ('refers', 'vit_b16'),
    'refers_pretrain': ('refers', 'pretrain'),
}


def read_fixture(shared_dir: Path, variant: str) -> tuple[Path, dict, dict]:
    """Folder, manifest and state dict of a fixture."""
    folder = shared_dir / 'golden/cxrlearn' / variant
    manifest = json.loads((folder / 'manifest.json').read_text())
    return folder, manifest, tensors(golden_weights(shared_dir), manifest)


def content_of(variant: str, state_dict: dict, manifest: dict) -> dict:
    """What the published file holds around its state dict."""
    if variant in ('convirt', 'refers'):
        return state_dict
    if variant == 'convirt_pretrain':
        parts = {}
        for key, value in state_dict.items():
            part, _, rest = key.partition('.')
            parts.setdefault(part, {})[rest] = value
        return parts | manifest['other_top_level']
    optimizer = dict(state={0: dict(step=7)}, param_groups=[dict(lr=1e-4, params=[0])])
    if variant == 'refers_pretrain':
        scheduler = dict(base_lrs=[3e-3], last_epoch=100)
        rest = dict(optimizer=optimizer, scheduler=scheduler)
        return dict(model=state_dict, **rest, **manifest['other_top_level'])
    return dict(
        state_dict=state_dict, optimizer=optimizer, **manifest['other_top_level']
    )


def write(path: Path, content) -> Path:
    torch.save(content, path)
    return path
