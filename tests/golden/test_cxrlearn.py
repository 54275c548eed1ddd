"""Files of cxrlearn's encoders, loaded as a user loads them, give what their authors'
code gave.
"""

import cxrlearn_outputs
import numpy as np
import pytest
import torch
from cxrlearn_files import SYSTEMS, content_of, read_fixture, write
from stand_in import golden_weights

from mmcxr.apis.published import load_published

COMPUTE = dict.fromkeys(
    ('moco_cxr', 'moco_cxr_resnet18', 'medaug'), cxrlearn_outputs.momentum_contrast
)


@pytest.mark.parametrize(
    'variant',
    [
        pytest.param(name, marks=pytest.mark.slow if name == 'refers_pretrain' else ())
        for name in SYSTEMS
    ],
)
def test_published_file_gives_published_outputs(variant, shared_dir, tmp_path):
    system, found_variant = SYSTEMS[variant]
    folder, manifest, state_dict = read_fixture(shared_dir, variant)

    def load(weights):
        path = write(tmp_path / 'file', content_of(variant, weights, manifest))
        model = load_published(system, path)
        path.unlink()
        return model

    model = load(state_dict)
    assert model.published['variant'] == found_variant
    assert not any(module.training for module in model.modules())
    compute = COMPUTE.get(variant) or getattr(cxrlearn_outputs, variant)
    weights = golden_weights(shared_dir)
    compare(compute(model, manifest, weights, state_dict, load), folder, manifest)


def compare(found, folder, manifest, prefix=''):
    """Every stored output whose name begins so, and no other.

    The tolerance is that of the output or of the fixture.
    """
    with np.load(folder / 'outputs.npz') as stored:
        names = [name for name in stored.files if name.startswith(prefix)]
        expected = {name: torch.from_numpy(stored[name]) for name in names}
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        tolerance = dict(manifest['tolerance'])
        own = manifest['outputs'][name]
        tolerance.update({k: own[k] for k in ('rtol', 'atol') if k in own})
        tolerance.pop('note', None)
        torch.testing.assert_close(
            found[name].detach(),
            value,
            **tolerance,
            msg=lambda text, name=name: f'{name}: {text}',
        )
