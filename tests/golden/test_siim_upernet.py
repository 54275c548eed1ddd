"""MRM's segmentation, built from its config and started from a stand-in for MRM.pth."""

import json

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from stand_in import golden_weights, mrm_file, tensors

from mmcxr.engine.distributed import without_sync_bn
from mmcxr.evaluation.functional.dice import image_dice, pixel_counts
from mmcxr.registry import MODELS

CONFIG = 'benchmarks/segmentation/siim/upernet_mrm_vit-b16_4xb2-160k_siim-512px.py'


@pytest.fixture(scope='module')
def fixture(shared_dir):
    """Manifest and outputs of the authors' code."""
    folder = shared_dir / 'golden/mrm/siim_upernet'
    if not folder.is_dir():
        pytest.skip(f'no fixture at {folder}')
    manifest = json.loads((folder / 'manifest.json').read_text())
    with np.load(folder / 'outputs.npz') as stored:
        outputs = {name: torch.from_numpy(stored[name]) for name in stored.files}
    return manifest, outputs


def build(repo_dir, checkpoint, heads) -> torch.nn.Module:
    """The config's model from MRM.pth, with the given neck and heads, in eval mode."""
    init_default_scope('mmcxr')
    config = Config.fromfile(repo_dir / 'configs' / CONFIG)
    config.model.backbone.init_cfg.checkpoint = str(checkpoint)
    assert without_sync_bn(config)
    model = MODELS.build(config.model)
    model.backbone.init_weights()  # alone: that of the heads would be drawn in vain
    missing, unexpected = model.load_state_dict(heads, strict=False)
    assert not unexpected and all(key.startswith('backbone.') for key in missing)
    return model.eval()


def labels() -> torch.Tensor:
    row, column = torch.meshgrid(torch.arange(512), torch.arange(512), indexing='ij')
    found = torch.zeros(2, 1, 512, 512, dtype=torch.int64)
    found[0, 0] = (row - 200) ** 2 + (column - 160) ** 2 <= 3600
    found[1, ..., 480:] = 255
    return found


def sliced(found: dict, name: str, value: torch.Tensor, *steps: int) -> None:
    """Add a slice, the mean and the deviation of a whole map."""
    place = tuple(slice(None, None, step) for step in steps)
    found[f'{name}_slice'] = value[(slice(None), *place)]
    found[f'{name}_mean'], found[f'{name}_std'] = value.mean(), value.std()


@torch.no_grad()
def outputs(model, image: torch.Tensor, label: torch.Tensor) -> dict:
    """What the fixture stores, by its names, from one pass through the model."""
    samples = [SegDataSample(gt_sem_seg=PixelData(data=one)) for one in label]
    features, found = model.backbone(image), {}
    for block, feature in zip((3, 5, 7, 11), features, strict=True):
        sliced(found, f'feat{block}', feature, 16, 5, 5)
    pyramid = model.neck(features)
    for level, feature in enumerate(pyramid):
        step = feature.shape[-1] // 8
        sliced(found, f'neck{level}', feature, 64, step, step)
    for head, name, step in (
        (model.decode_head, 'decode', 8),
        (model.auxiliary_head, 'aux', 4),
    ):
        logits = head(pyramid)
        prefix = 'logits' if name == 'decode' else 'aux_logits'
        sliced(found, prefix, logits, 1, step, step)
        for key, value in head.loss_by_feat(logits, samples).items():
            found[f'{name}_{key}'] = value.squeeze()
        if name == 'decode':
            metas = [dict(img_shape=(512, 512), ori_shape=(512, 512))] * 2
            full = head.predict_by_feat(logits, metas)
            found['full_logits_slice'] = full[:, :, ::37, ::37]
            predicted = model.postprocess_result(full)
            found['pred_foreground_pixels'] = torch.stack(
                [sample.pred_sem_seg.data.sum() for sample in predicted]
            )
    found['loss_total'] = sum(v for k, v in found.items() if '_loss_' in k)
    return found


@pytest.mark.slow
def test_config_built_model_gives_published_outputs(
    fixture, shared_dir, repo_dir, tmp_path
):
    manifest, expected = fixture
    weights = golden_weights(shared_dir)
    checkpoint = mrm_file(tensors(weights, manifest), manifest, tmp_path)
    heads = tensors(weights, dict(state_dict=manifest['segmentor_state_dict']))
    model = build(repo_dir, checkpoint, heads)
    checkpoint.unlink()  # half a gigabyte
    # mrm.md section 8: 163.7 million parameters.
    assert round(sum(p.numel() for p in model.parameters()) / 1e6, 1) == 163.7
    image = torch.from_numpy(weights.make_image(2, 3, 512, 512, seed=13))
    found = outputs(model, image, labels())
    names = [name for name in expected if not name.startswith('med_dice')]
    assert {'aux_logits_mean', 'aux_logits_std'} == found.keys() - set(names)
    for name in names:
        torch.testing.assert_close(
            found[name].double(),
            expected[name].double(),
            **manifest['tolerance'],
            msg=lambda text, name=name: f'{name}: {text}',
        )


def disk(row, column, radius):
    rows, columns = np.ogrid[:256, :256]
    return ((rows - row) ** 2 + (columns - column) ** 2 <= radius**2).astype(int)


def test_dice_of_an_image_is_the_published_one(fixture):
    _, expected = fixture
    empty = np.zeros((256, 256), int)
    pairs = [
        (disk(100, 100, 40), disk(110, 120, 40)),
        (empty, empty),
        (disk(50, 60, 10), empty),
        (empty, disk(50, 60, 10)),
        (disk(128, 128, 60), disk(128, 128, 30)),
    ]
    dice = image_dice([pixel_counts(*pair) for pair in pairs])
    np.testing.assert_allclose(dice, expected['med_dice_cases'], rtol=1e-6)
    np.testing.assert_allclose(dice.mean(), expected['med_dice_mean'], rtol=1e-6)
