"""What is fine-tuned on one's own films is the encoder whose features are probed."""

import numpy as np
import pytest
import torch
from test_probe_real_films import FIXTURES, stand_in

from mmcxr.apis import load_published
from mmcxr.apis.inference import OUR_SCOPE
from mmcxr.registry import MODELS
from mmcxr.studies.film_classifiers import classifier_config, film_size, save_encoder

FIXTURES = FIXTURES | {
    'refers@pretrain': 'cxrlearn/refers_pretrain',
    'convirt@pretrain': 'cxrlearn/convirt_pretrain',
}


@pytest.mark.slow
@pytest.mark.parametrize('name', FIXTURES)
def test_features_of_the_classifier(name, shared_dir, tmp_path):
    file = stand_in(shared_dir, FIXTURES[name], tmp_path / 'published')
    named = load_published(name.partition('@')[0], file)
    save_encoder(named, tmp_path / 'encoder.pth')
    head = dict(type='mmcxr.MultiLabelHead', num_classes=3)
    config = classifier_config(named, tmp_path / 'encoder.pth', head)
    with OUR_SCOPE():
        model = MODELS.build(config)
        model.init_weights()
    model.eval()
    side = film_size(named)
    films = np.random.default_rng(0).integers(0, 256, (2, 1, side, side), np.uint8)
    batch = dict(inputs=dict(image=torch.from_numpy(films)))
    with torch.no_grad():
        found, expected = (
            m.extract_feat(m.data_preprocessor(batch)['inputs']['image'])
            for m in (model, named.model)
        )
        assert model.head(found).shape == (2, 3)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
