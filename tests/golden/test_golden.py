"""Published files, loaded as a user loads them, give what their authors' code gave.

Every ``<shared>/golden/<system>/<variant>/manifest.json`` whose system can be
loaded is rebuilt as a file and compared, so a new fixture needs no new test.
"""

import json
import os

import cxr_clip_outputs
import mrm_outputs
import numpy as np
import torch
from stand_in import golden_weights, of_fixture, write_stand_in

from mmcxr.apis.published import load_published
from mmcxr.published import CONVERTERS

COMPUTE = {
    'cxr_clip': cxr_clip_outputs.outputs,
    'mrm/pretrain': mrm_outputs.pretrain,
    'mrm/finetune_vit_b16': mrm_outputs.finetune,
}
# No file was published for these; the models of their configs are compared.
CONFIGS_ONLY = {'mrm/siim_upernet'}


def pytest_generate_tests(metafunc):
    repo = metafunc.config.rootpath
    root = os.environ.get('MMCXR_SHARED', repo.parent / 'shared')
    found = sorted((repo / root / 'golden').glob('*/*/manifest.json'))
    ids = ['/'.join(path.parts[-3:-1]) for path in found]
    ids = [name for name in ids if name.split('/')[0] in CONVERTERS]
    ids = [name for name in ids if name not in CONFIGS_ONLY]
    fixtures = [repo / root / 'golden' / name for name in ids]
    metafunc.parametrize('fixture', fixtures, ids=ids)


def test_published_file_gives_published_outputs(fixture, shared_dir, tmp_path):
    manifest = json.loads((fixture / 'manifest.json').read_text())
    path = write_stand_in(shared_dir, fixture, tmp_path)
    model = load_published(manifest['system'], path, variant=manifest['variant'])
    path.unlink()  # half a gigabyte
    assert not any(module.training for module in model.modules())
    weights = golden_weights(shared_dir)
    found = of_fixture(COMPUTE, manifest)(model, manifest, weights)
    compare(found, fixture, manifest)


def compare(found, fixture, manifest):
    """Every stored output, and no other, within the tolerance of the fixture."""
    with np.load(fixture / 'outputs.npz') as stored:
        expected = {name: torch.from_numpy(stored[name]) for name in stored.files}
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(
            found[name].detach(),
            value,
            **manifest['tolerance'],
            msg=lambda text, name=name: f'{name}: {text}',
        )
