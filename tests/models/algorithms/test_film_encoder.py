"""An encoder of films alone."""

import pytest
import torch
from torch.nn import functional as F

from mmcxr.registry import MODELS

BACKBONE = dict(type='mmpretrain.ResNet', depth=18, out_indices=(3,))
PROJECTIONS = [
    dict(type='TwoLayerProjection', in_channels=512, out_channels=8),
    dict(type='S2MTS2Projection', in_channels=512, out_channels=8, hidden_channels=6),
]


def build(**options):
    torch.manual_seed(0)
    model = MODELS.build(dict(type='FilmEncoder', backbone=BACKBONE, **options))
    model.eval()
    return model


@torch.no_grad()
@pytest.mark.parametrize('projection', PROJECTIONS)
def test_features_and_embeddings(projection):
    model, images = build(projection=projection), torch.randn(2, 3, 64, 64)
    features = model.extract_feat(images)
    torch.testing.assert_close(features, model.backbone(images)[0].mean(dim=(2, 3)))
    layers = [m for m in model.projection.modules() if isinstance(m, torch.nn.Linear)]
    if len(layers) == 3:
        features = layers[0](layers[0](features)).relu()
    expected = F.normalize(layers[-1](layers[-2](features).relu()))
    torch.testing.assert_close(model.encode_image(images), expected)
    samples = model(dict(image=images), mode='predict')
    assert torch.equal(
        torch.stack([s.image_embeds for s in samples]), model(dict(image=images))
    )


@torch.no_grad()
def test_without_a_projection():
    model, images = build(), torch.randn(2, 3, 64, 64)
    features = model.extract_feat(images)
    torch.testing.assert_close(model.encode_image(images), F.normalize(features))


def test_it_is_not_trained():
    with pytest.raises(ValueError, match='FilmClassifier'):
        build()(dict(image=torch.randn(1, 3, 64, 64)), mode='loss')
