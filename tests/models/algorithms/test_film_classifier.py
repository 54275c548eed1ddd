import pytest
import torch
from mmengine.optim import OptimWrapper
from mmengine.structures import BaseDataElement

from mmcxr.registry import MODELS


@pytest.fixture
def make_classifier():
    def make(**options):
        torch.manual_seed(0)
        config = dict(
            type='FilmClassifier',
            backbone=dict(type='mmpretrain.ResNet', depth=18),
            head=dict(type='MultiLabelHead', num_classes=3, in_channels=512),
            data_preprocessor=dict(type='FilmPreprocessor'),
        )
        return MODELS.build({**config, **options})

    return make


def batch(size=4):
    generator = torch.Generator().manual_seed(2)
    image = torch.randint(
        0, 256, (size, 1, 64, 64), dtype=torch.uint8, generator=generator
    )
    labels = torch.randint(0, 2, (size, 3), generator=generator).float()
    samples = [BaseDataElement(gt_label=row) for row in labels]
    return dict(inputs=dict(image=image), data_samples=samples)


def test_modes(make_classifier):
    model, data = make_classifier().eval(), batch()
    inputs = model.data_preprocessor(data)['inputs']
    features = model.extract_feat(inputs['image'])
    assert features.shape == (4, 512)
    logits = model(inputs)
    torch.testing.assert_close(logits, model.head.fc(features))
    samples = model.test_step(data)
    assert samples[0] is data['data_samples'][0]
    for sample, row in zip(samples, logits, strict=True):
        torch.testing.assert_close(sample.scores, row.sigmoid().detach())
    assert len(model(inputs, mode='predict')) == 4
    with pytest.raises(ValueError, match='mode'):
        model(inputs, mode='train')


def test_names_of_weights(make_classifier):
    names = set(make_classifier().state_dict())
    assert {'backbone.conv1.weight', 'head.fc.weight', 'head.fc.bias'} <= names
    assert {name.split('.')[0] for name in names} == {'backbone', 'head'}


@pytest.mark.parametrize('frozen', [False, True])
def test_gradients(make_classifier, frozen):
    model = make_classifier(freeze_backbone=frozen).train()
    model(**model.data_preprocessor(batch()), mode='loss')['loss'].backward()
    assert model.backbone.training is not frozen
    for name, parameter in model.named_parameters():
        learns = name.startswith('head') or not frozen
        assert parameter.requires_grad is learns
        assert (parameter.grad is not None) is learns, name


@pytest.mark.parametrize(('frozen', 'lr'), [(False, 0.1), (True, 0.5)])
def test_loss_falls(make_classifier, frozen, lr):
    model, data = make_classifier(freeze_backbone=frozen).train(), batch()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    wrapper = OptimWrapper(torch.optim.SGD(model.parameters(), lr=lr))
    losses = [model.train_step(data, wrapper)['loss'].item() for _ in range(20)]
    assert losses[-1] < 0.7 * losses[0]
    after = model.state_dict()
    changed = {name for name in after if not torch.equal(after[name], before[name])}
    if frozen:  # batch statistics included
        assert changed == {'head.fc.weight', 'head.fc.bias'}
    else:
        assert 'backbone.bn1.running_mean' in changed


def test_frozen_drops_no_path(make_classifier):
    swin = dict(
        type='mmpretrain.SwinTransformer',
        arch=dict(embed_dims=12, depths=[2, 2], num_heads=[1, 2]),
        img_size=64,
        window_size=4,
        drop_path_rate=0.9,
        out_indices=(1,),
    )
    model = make_classifier(
        backbone=swin,
        head=dict(type='MultiLabelHead', num_classes=3, in_channels=24),
        pooling='token0',
        freeze_backbone=True,
    ).train()
    inputs = model.data_preprocessor(batch())['inputs']
    assert torch.equal(model(inputs), model(inputs))
    grid = model.backbone(inputs['image'])[-1]
    assert torch.equal(model.extract_feat(inputs['image']), grid[:, :, 0, 0])


def test_unknown_pooling(make_classifier):
    with pytest.raises(ValueError, match='cls'):
        make_classifier(pooling='cls')
