"""Encoders of cxrlearn's fixtures as backbones of models that configs build."""

import cxrlearn_outputs
import numpy as np
import pytest
import torch
from cxrlearn_files import content_of, read_fixture, write
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from stand_in import golden_weights

from mmcxr.engine.config_file import load_config
from mmcxr.engine.distributed import without_sync_bn
from mmcxr.registry import MODELS

CLASSIFIERS = {
    'moco_cxr': 'moco-cxr_r50',
    'moco_cxr_resnet18': 'moco-cxr_r18',
    'medaug': 'medaug_r50',
    's2mts2': 's2mts2_d121',
    'convirt': 'convirt_r50',
    'convirt_pretrain': 'convirt_r50',
    'refers': 'refers_vit-b16',
    'refers_pretrain': 'refers_vit-b16',
}
SEGMENTORS = {
    'moco_cxr': ('unet_encoder_1xb16-20k_siim-512px.py', 'moco-cxr_r50'),
    's2mts2': ('upernet_encoder_1xb16-20k_siim-512px.py', 's2mts2_d121'),
}
# What a fixture calls the features of the first of its films.
FEATURES = dict(convirt_pretrain='image_features', refers_pretrain='view_cls')


@pytest.fixture
def build(repo_dir, shared_dir, tmp_path):
    """Model of a config whose backbone starts from the stand-in of a variant."""

    def from_config(name, encoder, variant):
        _, manifest, state_dict = read_fixture(shared_dir, variant)
        path = write(tmp_path / 'x', content_of(variant, state_dict, manifest))
        name = repo_dir / 'configs/benchmarks' / name
        config = load_config(name, encoder=f'{encoder}={path}')
        init_default_scope(config.default_scope)
        without_sync_bn(config)
        model = MODELS.build(config.model)
        model.backbone.init_weights()
        path.unlink()
        model.eval()
        return model

    return from_config


def expected(shared_dir, variant):
    name = FEATURES.get(variant, 'features')
    with np.load(shared_dir / f'golden/cxrlearn/{variant}/outputs.npz') as stored:
        return torch.from_numpy(stored[name])


@pytest.fixture
def images(shared_dir):
    return cxrlearn_outputs.films(golden_weights(shared_dir), 2, 3, 224, 224, seed=0)


@torch.no_grad()
@pytest.mark.parametrize(
    'variant',
    [
        pytest.param(name, marks=pytest.mark.slow if name == 'refers_pretrain' else ())
        for name in CLASSIFIERS
    ],
)
def test_classifier(variant, build, images, shared_dir):
    leaf = 'classification/chestx-ray14/finetune.py'
    features = build(leaf, CLASSIFIERS[variant], variant).extract_feat(images)
    wanted = expected(shared_dir, variant)
    # ConVIRT's batch is of three films, first these two; REFERS' are of three views.
    wanted = wanted[:2, : features.shape[1]]
    torch.testing.assert_close(features, wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize('variant', SEGMENTORS)
def test_segmentor(variant, build, images, shared_dir):
    """The last map is the encoder's, and all of it is trained."""
    leaf, encoder = SEGMENTORS[variant]
    model = build(f'segmentation/siim/{leaf}', encoder, variant)
    with torch.no_grad():
        last = model.backbone(images)[-1].mean(dim=(2, 3))
    torch.testing.assert_close(
        last, expected(shared_dir, variant), rtol=1e-4, atol=1e-4
    )
    labels = torch.zeros(2, 1, 64, 64, dtype=torch.int64)
    labels[:, :, 20:40, 20:40] = 1
    samples = [SegDataSample(gt_sem_seg=PixelData(data=label)) for label in labels]
    for sample in samples:
        sample.set_metainfo(dict(img_shape=(64, 64), ori_shape=(64, 64)))
    losses = model.loss(images[:, :, :64, :64], samples)
    sum(value for key, value in losses.items() if 'loss' in key).sum().backward()
    still = [
        n for n, p in model.named_parameters() if p.requires_grad and p.grad is None
    ]
    assert not still
