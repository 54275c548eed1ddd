"""Segmentation models of the configs, made small: sizes, gradients, frozen encoders."""

from copy import deepcopy

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData

from mmcxr.engine.checkpoint import CheckpointError
from mmcxr.engine.config_file import load_config
from mmcxr.engine.distributed import without_sync_bn
from mmcxr.registry import MODELS

SIIM = 'benchmarks/segmentation/siim'
TINY_VIT = {
    'arch': dict(
        _delete_=True,
        embed_dims=24,
        num_layers=4,
        num_heads=2,
        feedforward_channels=40,
    ),
    'img_size': 64,
    'out_indices': (0, 1, 2, 3),
    'drop_path_rate': 0.0,
}
TINY_SWIN = {
    'arch': dict(
        _delete_=True, embed_dims=12, depths=[1, 1, 1, 1], num_heads=[1, 1, 2, 2]
    ),
    'drop_path_rate': 0.0,
}
TINY_RESNET = {'depth': 18, 'base_channels': 8, 'stem_channels': 8}
RESNET_WIDTHS, SWIN_WIDTHS = [8, 16, 32, 64], [12, 24, 48, 96]


def small_upernet(backbone: dict, widths: list[int], place='model.backbone.') -> dict:
    return {
        **{f'{place}{key}': value for key, value in backbone.items()},
        'model.decode_head.in_channels': widths,
        'model.decode_head.channels': 16,
        'model.auxiliary_head.in_channels': widths[2],
        'model.auxiliary_head.channels': 8,
    }


FROZEN = 'model.backbone.encoder.'
# Config and encoder -> what makes it small.
MODELS_OF = {
    ('unet_encoder_1xb16-20k_siim-512px.py', 'cxr-clip_r50'): {
        **{f'model.backbone.{key}': value for key, value in TINY_RESNET.items()},
        'model.neck.in_channels': RESNET_WIDTHS,
        'model.neck.channels': [32, 16, 8, 8, 4],
        'model.decode_head.in_channels': 4,
        'model.decode_head.channels': 4,
    },
    ('unet_1xb16-20k_siim-512px.py', None): {
        'model.backbone.base_channels': 4,
        'model.decode_head.in_channels': 4,
        'model.decode_head.channels': 4,
    },
    ('upernet_encoder_1xb16-20k_siim-512px.py', 'cxr-clip_r50'): small_upernet(
        TINY_RESNET, RESNET_WIDTHS
    ),
    ('upernet_encoder_1xb16-20k_siim-512px.py', 'cxr-clip_swin-t'): small_upernet(
        TINY_SWIN, SWIN_WIDTHS
    ),
    ('setr-pup_mrm_vit-b16_1xb16-20k_siim-512px.py', None): {
        **{f'model.backbone.{key}': value for key, value in TINY_VIT.items()},
        'model.decode_head.in_channels': 24,
        'model.decode_head.channels': 8,
        **{f'model.auxiliary_head.{i}.in_channels': 24 for i in range(3)},
        **{f'model.auxiliary_head.{i}.channels': 8 for i in range(3)},
    },
    ('benchx-upernet_1xb8-20k_siim-512px.py', 'cxr-clip_r50'): small_upernet(
        TINY_RESNET, RESNET_WIDTHS, FROZEN
    ),
    ('benchx-upernet_1xb8-20k_siim-512px.py', 'cxr-clip_swin-t'): small_upernet(
        TINY_SWIN, SWIN_WIDTHS, FROZEN
    ),
    ('benchx-upernet_1xb8-20k_siim-512px.py', 'mrm_vit-b16'): {
        **small_upernet(TINY_VIT, [24] * 4, FROZEN),
        'model.neck.embed_dim': 24,
    },
}


@pytest.fixture
def small_config(repo_dir):
    """Load a config and make its model small."""

    def load(case: tuple[str, str | None]) -> Config:
        name, encoder = case
        config = load_config(repo_dir / 'configs' / SIIM / name, encoder=encoder)
        config.merge_from_dict(deepcopy(MODELS_OF[case]))
        without_sync_bn(config)
        init_default_scope(config.default_scope)
        torch.manual_seed(0)
        return config

    return load


@pytest.fixture(params=MODELS_OF, ids=lambda case: '-'.join(filter(None, case)))
def model(request, small_config):
    return MODELS.build(small_config(request.param).model)


def batch(size=(64, 96)):
    """Normalised films and samples with masks in which every class occurs."""
    from mmseg.structures import SegDataSample

    generator = torch.Generator().manual_seed(0)
    images = torch.randn(2, 3, *size, generator=generator)
    samples = []
    for number in range(2):
        mask = (torch.rand(1, *size, generator=generator) < 0.3).long()
        mask[:, :, -5:] = 255  # as padding
        sample = SegDataSample(gt_sem_seg=PixelData(data=mask))
        film = dict(ori_shape=(31 + number, 47), img_shape=size, pad_shape=size)
        sample.set_metainfo(film)
        samples.append(sample)
    return images, samples


def test_gradient_reaches_every_parameter_that_learns(model):
    losses = model.loss(*batch())
    sum(value for name, value in losses.items() if 'loss' in name).backward()
    frozen = type(model.backbone).__name__ == 'FrozenEncoder'
    for name, parameter in model.named_parameters():
        assert parameter.requires_grad != (frozen and name.startswith('backbone.'))
        if parameter.requires_grad:
            assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


def test_predictions_have_the_size_of_each_film(model):
    images, samples = batch()
    with torch.no_grad():
        found = model.eval().predict(images, samples)
    for number, sample in enumerate(found):
        assert sample.seg_logits.data.shape == (2, 31 + number, 47)
        assert sample.pred_sem_seg.data.shape == (1, 31 + number, 47)


@pytest.mark.parametrize('name', [n for n in MODELS_OF if n[0].startswith('benchx')])
def test_a_step_leaves_a_frozen_encoder_as_it_was(name, small_config):
    model = MODELS.build(small_config(name).model)
    before = {k: v.clone() for k, v in model.state_dict().items()}
    model.train()
    learning = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(learning, lr=0.1, weight_decay=0.5)
    losses = model.loss(*batch())
    sum(value for name, value in losses.items() if 'loss' in name).backward()
    optimizer.step()
    changed = {
        k for k, v in model.state_dict().items() if not torch.equal(v, before[k])
    }
    assert changed and not any(key.startswith('backbone.') for key in changed)
    assert any('running_mean' in key for key in changed)  # the heads' own do move


@pytest.mark.parametrize('film', [(97, 73), (65, 129)])
@pytest.mark.parametrize(
    'name',
    [
        ('unet_encoder_1xb16-20k_siim-512px.py', 'cxr-clip_r50'),
        ('upernet_encoder_1xb16-20k_siim-512px.py', 'cxr-clip_r50'),
        ('upernet_encoder_1xb16-20k_siim-512px.py', 'cxr-clip_swin-t'),
    ],
)
def test_odd_sizes(name, film, small_config):
    model = MODELS.build(small_config(name).model)
    images, samples = batch(film)
    losses = model.loss(images, samples)
    assert all(torch.isfinite(value).all() for value in losses.values())
    found = model.eval().predict(images, samples)
    assert found[1].pred_sem_seg.data.shape == (1, 32, 47)


def test_norms_of_swin_that_pre_training_lacks_start_plain(tmp_path, small_config):
    """Four maps want four norms, of which a published file has the last."""
    config = small_config(
        ('upernet_encoder_1xb16-20k_siim-512px.py', 'cxr-clip_swin-t')
    )
    backbone = config.model.backbone
    trained = MODELS.build({**backbone, 'out_indices': (3,), 'init_cfg': None})
    weights = {
        f'image_backbone.{key}': torch.rand_like(value)
        if value.is_floating_point()
        else value
        for key, value in trained.state_dict().items()
    }
    torch.save(dict(state_dict=weights), tmp_path / 'clip.pth')
    backbone.init_cfg.checkpoint = str(tmp_path / 'clip.pth')
    encoder = MODELS.build(backbone)
    encoder.init_weights()
    for key, value in encoder.state_dict().items():
        if key.startswith(('norm0.', 'norm1.', 'norm2.')):
            assert (value == float(key.endswith('weight'))).all(), key
        else:
            assert torch.equal(value, weights[f'image_backbone.{key}']), key
    backbone.init_cfg.pop('allow_missing')
    with pytest.raises(CheckpointError, match=r'6 of .* unset: .*norm0\.bias'):
        MODELS.build(backbone).init_weights()
