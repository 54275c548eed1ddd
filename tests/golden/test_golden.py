"""Published files, loaded as a user loads them, give what their authors' code gave.

Every ``<shared>/golden/<system>/<variant>/manifest.json`` whose system can be
loaded is rebuilt as a file and compared, so a new fixture needs no new test.
"""

import json
import os

import cxr_clip_outputs
import numpy as np
import torch
from stand_in import golden_weights, write_stand_in

from mmcxr.apis.published import load_published
from mmcxr.converters import CONVERTERS

COMPUTE = {'cxr_clip': cxr_clip_outputs.outputs}


def pytest_generate_tests(metafunc):
    repo = metafunc.config.rootpath
    root = os.environ.get('MMCXR_SHARED', repo.parent / 'shared')
    found = sorted((repo / root / 'golden').glob('*/*/manifest.json'))
    fixtures = [path.parent for path in found if path.parts[-3] in CONVERTERS]
    ids = ['/'.join(path.parts[-2:]) for path in fixtures]
    metafunc.parametrize('fixture', fixtures, ids=ids)


def test_published_file_gives_published_outputs(fixture, shared_dir, tmp_path):
    manifest = json.loads((fixture / 'manifest.json').read_text())
    path = write_stand_in(shared_dir, fixture, tmp_path)
    model = load_published(manifest['system'], path, variant=manifest['variant'])
    path.unlink()  # half a gigabyte
    assert not any(module.training for module in model.modules())
    weights = golden_weights(shared_dir)
    found = COMPUTE[manifest['system']](model, manifest, weights)
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
