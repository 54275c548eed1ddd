"""What MRM's segmentation configs come to: schedule, rates, weight decay, films."""

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from PIL import Image

from mmcxr.registry import MODELS, PARAM_SCHEDULERS, TRANSFORMS

FOLDER = 'configs/benchmarks/segmentation/siim'
FULL, TENTH = (
    f'upernet_mrm_vit-b16_4xb2-{schedule}_siim-512px' for schedule in ('160k', '5k')
)


def config_of(repo_dir, name: str) -> Config:
    return Config.fromfile(repo_dir / FOLDER / f'{name}.py')


@pytest.mark.parametrize(
    ('name', 'total', 'warmup', 'steps'),
    [(FULL, 160000, 1500, 2000), (TENTH, 5000, 100, 5000)],
)
def test_schedule_is_the_published_one(repo_dir, name, total, warmup, steps):
    """Warm-up and polynomial of mmcv 1.x, update by update."""
    config = config_of(repo_dir, name)
    assert config.train_cfg.max_iters == total
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=2e-5)
    schedules = [
        PARAM_SCHEDULERS.build(settings, default_args=dict(optimizer=optimizer))
        for settings in config.param_scheduler
    ]
    for step in range(steps):
        expected = 2e-5 * (1 - step / total)
        if step < warmup:
            expected *= 1 - (1 - step / warmup) * (1 - 1e-6)
        assert optimizer.param_groups[0]['lr'] == pytest.approx(expected, rel=1e-6)
        optimizer.step()
        for schedule in schedules:
            schedule.step()


def settings_by_name(config: Config) -> dict[str, tuple[float, float]]:
    """Factor of the learning rate and weight decay of each parameter."""
    init_default_scope('mmcxr')
    with torch.device('meta'):
        model = MODELS.build(config.model)
    groups = build_optim_wrapper(model, config.optim_wrapper).optimizer.param_groups
    names = {parameter: name for name, parameter in model.named_parameters()}
    found = {
        names[parameter]: (group['lr'] / 2e-5, group['weight_decay'])
        for group in groups
        for parameter in group['params']
    }
    assert found.keys() == set(names.values())
    return found | {'flat': {n for p, n in names.items() if p.ndim == 1}}


def test_rates_and_decay_as_meant(repo_dir):
    found = settings_by_name(config_of(repo_dir, FULL))
    flat = found.pop('flat')
    for name, (factor, decay) in found.items():
        distance = 13 if name.startswith('backbone.') else 0
        if name.startswith('backbone.layers.'):
            distance = 12 - int(name.split('.')[2])
        assert factor == pytest.approx(0.65**distance), name
        kept = name.endswith(('cls_token', 'pos_embed', 'relative_position_bias_table'))
        assert decay == (0 if kept or name in flat else 0.05), name


@pytest.mark.parametrize('name', [FULL, TENTH])
def test_rates_and_decay_as_released(repo_dir, name):
    found = settings_by_name(config_of(repo_dir, f'{name}_released'))
    flat = found.pop('flat')
    slow = {name for name, (factor, _) in found.items() if factor != 1}
    assert slow == {
        f'backbone.{name}'
        for name in ('cls_token', 'pos_embed')
        + ('patch_embed.projection.weight', 'patch_embed.projection.bias')
    }
    assert all(found[name][0] == pytest.approx(0.65**13) for name in slow)
    for name, (_, decay) in found.items():
        assert decay == (0 if name in flat else 0.05), name


def transformed(config: Config, part: str, film: np.ndarray, mask_path) -> dict:
    pipeline = config[f'{part}_dataloader'].dataset.pipeline
    results = dict(img=film, image='a.png', patient_id='p', seg_map_path=str(mask_path))
    for step in pipeline:
        results = TRANSFORMS.build(step)(results)
    return results


@pytest.mark.parametrize('flipped', [False, True])
def test_films_are_halved_by_averaging_and_masks_by_dropping(
    repo_dir, tmp_path, flipped
):
    generator = np.random.default_rng(3)
    film = generator.integers(0, 256, (1024, 700), dtype=np.uint8)
    mask = generator.integers(0, 2, (1024, 700), dtype=np.uint8)
    Image.fromarray(mask).save(tmp_path / 'mask.png')
    config = config_of(repo_dir, FULL)
    config.train_dataloader.dataset.pipeline[3].prob = float(flipped)
    packed = transformed(config, 'train', film, tmp_path / 'mask.png')
    mean = film.reshape(512, 2, 350, 2).mean(axis=(1, 3))
    smaller = mask[::2, ::2]
    if flipped:
        mean, smaller = mean[:, ::-1], smaller[:, ::-1]
    assert packed['inputs'].dtype == torch.uint8
    assert abs(packed['inputs'][0].numpy() - mean).max() <= 0.5
    sample = packed['data_samples']
    np.testing.assert_array_equal(sample.gt_sem_seg.data[0], smaller)
    assert sample.image == 'a.png' and sample.patient_id == 'p'

    packed = transformed(config, 'test', film, tmp_path / 'mask.png')
    assert packed['inputs'].shape == (1, 512, 350)
    np.testing.assert_array_equal(packed['data_samples'].gt_sem_seg.data[0], mask)
    assert packed['data_samples'].ori_shape == (1024, 700)
