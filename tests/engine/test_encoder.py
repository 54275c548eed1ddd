"""Encoders by name: what a benchmark becomes, and what is answered to mistakes."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmcxr.engine.config_check import check_config
from mmcxr.engine.config_file import ConfigError, load_config
from mmcxr.engine.encoder import find_encoder, known_encoders
from mmcxr.models.algorithms.encoder_spec import weights_on_meta
from mmcxr.registry import MODELS

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
PROBE = 'classification/chestx-ray14/linear-probe.py'
BENCHX = 'classification/chestx-ray14/finetune_mrm_vit-b16_benchx.py'
UPERNET = 'segmentation/siim/upernet_encoder_1xb16-20k_siim-512px.py'
UNET = 'segmentation/siim/unet_encoder_1xb16-20k_siim-512px.py'
FROZEN = 'segmentation/rsna/benchx-upernet_1xb8-20k_rsna-512px.py'
ZERO_SHOT = 'zero_shot/rsna/cxr-clip.py'
OURS = CONFIGS / 'cxr_clip/cxr-clip_r18-bert-mini_1xb32-10e_synthetic-96px.py'
NAMES = [name for name in known_encoders() if 'mini' not in name]
WIDTHS = dict(r18=512, r50=2048, d121=1024)
# One of each kind.
STAGED = ['cxr-clip_r50', 'cxr-clip_swin-t', 's2mts2_d121']


def loaded(leaf, encoder=None, options=None) -> Config:
    config = load_config(CONFIGS / 'benchmarks' / leaf, options, encoder)
    init_default_scope(config.default_scope)
    return config


@pytest.mark.parametrize('name', NAMES)
def test_classifier(name):
    config = loaded(PROBE, name)
    assert check_config(config) == []
    width = WIDTHS.get(name.split('_')[-1], 512 if name.startswith('chexzero') else 768)
    assert config.model.head.in_channels == width
    with weights_on_meta():
        model = MODELS.build(config.model)
        model.eval()
        scores = model(dict(image=torch.empty(2, 3, 224, 224, device='meta')))
    assert scores.shape == (2, 14)


@pytest.mark.parametrize('leaf', [UPERNET, UNET, FROZEN])
@pytest.mark.parametrize('name', [*STAGED, 'mrm_vit-b16'])
def test_segmentor(name, leaf):
    if leaf == UNET and ('swin' in name or 'vit' in name or 'd121' in name):
        pytest.skip('the U-Net is for the five strides of a ResNet')
    config = loaded(leaf, name)
    assert check_config(config) == []
    with weights_on_meta():
        model = MODELS.build(config.model)
        model.eval()
        films = torch.empty(1, 3, 512, 512, device='meta')
        logits = model.decode_head(model.extract_feat(films))
    first = 64 if 'd121' in name else 128  # side of the first map
    assert logits.shape[2:] == ((512, 512) if leaf == UNET else (first, first))


def test_what_the_config_says_stays():
    model = loaded(BENCHX, 'mrm_vit-b16=mine.pth').model
    assert model.backbone.drop_path_rate == 0.0 and model.head.norm
    assert model.backbone.init_cfg.checkpoint == 'mine.pth'
    assert model.backbone.init_cfg.allow_unexpected == ['ln1.*']
    seen = loaded(
        'classification/chestx-ray14/finetune_cxrlearn.py', 'gloria_r50'
    ).model
    assert round(seen.data_preprocessor.mean[0], 3) == 0.481  # the recipe's
    assert list(seen.data_preprocessor.resize['size']) == [299, 299]  # the encoder's
    changed = {'model.backbone.init_cfg.checkpoint': 'other.pth'}
    assert loaded(BENCHX, options=changed).model.backbone.init_cfg.checkpoint == (
        'other.pth'
    )


def test_width_is_that_of_the_backbone_as_the_config_has_it(tmp_path):
    leaf = tmp_path / 'small.py'
    arch = dict(embed_dims=24, num_layers=2, num_heads=2, feedforward_channels=32)
    backbone = dict(arch=dict(arch, _delete_=True))
    base = CONFIGS / 'benchmarks/classification/chestx-ray14/finetune.py'
    leaf.write_text(f"_base_ = '{base}'\nmodel = {dict(backbone=backbone)}\n")
    model = load_config(leaf).model
    assert model.head.in_channels == 24 and '_delete_' not in model.backbone.arch
    scratch = (
        f"encoder = 'mrm_vit-mini'\nmodel = {dict(backbone=dict(init_cfg=None))}\n"
    )
    leaf.write_text(f"_base_ = '{base}'\n{scratch}")
    assert load_config(leaf).model.backbone.init_cfg is None


def test_a_dumped_config_is_the_same_again(tmp_path):
    config = loaded(PROBE, 'gloria_r50=mine.ckpt')
    config.dump(tmp_path / 'dumped.py')
    assert load_config(tmp_path / 'dumped.py').to_dict() == config.to_dict()


def test_zero_shot_takes_the_whole_method():
    r50, swin = loaded(ZERO_SHOT).model, loaded(ZERO_SHOT, 'cxr-clip_swin-t').model
    assert r50.image_channels == 2048 and swin.image_channels == 768
    assert swin.image_pooling == 'token0'  # as the published file wants it
    assert swin.prompt_head.tokenizer == swin.tokenizer


def test_a_config_of_ones_own():
    """Its pooling is that of its training, its weights stand under its own prefix."""
    model = loaded(PROBE, f'{OURS}=run/best.pth').model
    assert model.head.in_channels == 256
    assert model.backbone.init_cfg.prefix[0] == 'image_backbone.'
    assert find_encoder(f'{OURS}=x.pth').film_pipeline[0]['size'] == 96


def test_numbers_of_a_fraction():
    leaf = 'classification/chestx-ray14/finetune.py'
    share = {'train_dataloader.dataset.fraction': 0.01}
    config = loaded(leaf, options=share | {'param_scheduler.warmup': 7})
    assert config.train_cfg.max_iters == 3000  # the config's for 1 %
    assert config.param_scheduler.warmup == 7  # options have the last word
    share = {'train_dataloader.dataset.fraction': 0.5}
    assert loaded(leaf, options=share).train_cfg.max_iters == 200000


def test_a_fraction_in_a_config_is_asked_about(tmp_path):
    base = CONFIGS / 'benchmarks/classification/chestx-ray14/finetune.py'
    text = f"_base_ = '{base}'\ntrain_dataloader = dict(dataset=dict(fraction={{}}))\n"
    leaf = tmp_path / 'leaf.py'
    leaf.write_text(text.format(0.1))
    with pytest.raises(ConfigError, match='in `fractions` what differs there'):
        load_config(leaf)
    leaf.write_text(text.format(0.1) + 'fractions = []\n')
    assert load_config(leaf).train_cfg.max_iters == 200000
    leaf.write_text(text.format(0.5))
    assert load_config(leaf).train_cfg.max_iters == 200000
    # What a run at 10 % writes down is read again as it is.
    share = {'train_dataloader.dataset.fraction': 0.1}
    load_config(base, share).dump(tmp_path / 'dumped.py')
    assert load_config(tmp_path / 'dumped.py').train_cfg.max_iters == 30000


@pytest.mark.parametrize(
    ('leaf', 'encoder', 'told'),
    [
        (PROBE, 'cxr-clip_r5', 'none is called cxr-clip_r5; did you mean cxr-clip_r50'),
        (PROBE, 'mrm_vit-mini', 'no weights of its own; name a file: mrm_vit-mini='),
        (PROBE, 'nowhere.py=x.pth', r'no config at nowhere\.py'),
        (PROBE, f'{CONFIGS}/benchmarks/{UNET}=x', 'is no method'),
        (UPERNET, 'chexzero_vit-b32', 'four maps: .* not of CLIPViT'),
        (UNET, 'mrm_vit-b16', 'a U-Net needs maps of several sizes'),
        (ZERO_SHOT, 'cxr-clip_swin-t=x.tar', 'give it as the checkpoint'),
        ('segmentation/siim/unet_1xb16-20k_siim-512px.py', 'gloria_r50', 'own model'),
    ],
)  # fmt: skip
def test_mistakes(leaf, encoder, told):
    with pytest.raises(ConfigError, match=told):
        loaded(leaf, encoder)
