"""The check of configs: what it must find, and what it must leave alone."""

import copy
import re

import pytest
import toy_parts
from mmengine.config import Config

from mmcxr.engine.config_check import check_config, types_of
from mmcxr.engine.config_file import load_config
from mmcxr.engine.config_signature import ANY, keywords_of


@pytest.fixture(scope='module')
def toy(tmp_path_factory, repo_dir):
    return load_config(toy_parts.write_config(tmp_path_factory.mktemp('toy'), repo_dir))


def changed(cfg: Config, place: str, value) -> list[str]:
    """Lines for ``cfg`` with one value set; the last key may be new."""
    cfg = copy.deepcopy(cfg)
    *parents, last = place.split('.')
    node = cfg._cfg_dict
    for key in parents:
        node = node[int(key)] if key.isdigit() else node[key]
    node[last] = value
    return check_config(cfg)


def test_a_type_of_another_scope(toy):
    line = changed(toy, 'train_dataloader.dataset', dict(
        type='SyntheticFilms', data_root='x', _scope_='mmengine'))  # fmt: skip
    assert line == [
        "train_dataloader.dataset.type: no dataset of scope 'mmengine' is called "
        "'SyntheticFilms'; did you mean 'mmcxr.SyntheticFilms'?"
    ]


def test_a_scope_before_a_name_of_mmengine(toy):
    place = 'default_hooks.checkpoint.type'  # a registry asks its parent, as in a run
    assert changed(toy, place, 'mmpretrain.CheckpointHook') == []
    (line,) = changed(toy, place, 'mmcxr.CheckpointHook')
    assert line.startswith(f"{place}: no hook of scope 'mmcxr' is called 'mmcxr.Check")
    (line,) = changed(toy, 'train_dataloader.collate_fn.type', 'mmseg.default_collate')
    assert "no function of scope 'mmengine' is called 'mmseg.default_collate'" in line


def test_init_cfg_without_type(toy):
    lines = changed(toy, 'model.init_cfg', dict(checkpoint='x.pth'))
    assert "model.init_cfg: needs a 'type'" in lines


def test_good_config_has_no_mistakes(toy):
    assert check_config(toy) == []


@pytest.mark.parametrize(
    ('place', 'value', 'line'),
    [
        (
            'model.type',
            'ToyRegresor',
            "model.type: no model is called 'ToyRegresor'; did you mean "
            "'ToyRegressor'?",
        ),
        (
            'model.dropot',
            0.5,
            "model.dropot: ToyRegressor takes no argument 'dropot'; did you mean "
            "'dropout'?",
        ),
        ('load_form', None, "did you mean 'load_from'?"),
        ('optim_wraper', dict(), "did you mean 'optim_wrapper'?"),
        ('train_dataloader.batchsize', 3, "did you mean 'batch_size'?"),
        ('train_dataloader.dataset.lenght', 3, "did you mean 'length'?"),
        ('train_dataloader.sampler.type', 'DefaltSampler', "'DefaultSampler'?"),
        ('train_dataloader.sampler.shufle', True, "did you mean 'shuffle'?"),
        ('train_dataloader.collate_fn.type', 'default_colate', "'default_collate'?"),
        ('optim_wrapper.optimizer.type', 'AdmaW', "did you mean 'AdamW'?"),
        ('optim_wrapper.optimizer.weight_decy', 1, "did you mean 'weight_decay'?"),
        ('optim_wrapper.clip_grad', dict(maxnorm=1.0), "did you mean 'max_norm'?"),
        (
            'optim_wrapper.paramwise_cfg',
            dict(norm_decay=0),
            "did you mean 'norm_decay_mult'?",
        ),
        ('optim_wrapper.constructor', 'LearnRate', 'optim_wrapper.constructor: no opt'),
        ('param_scheduler.warmpu', 2, "did you mean 'warmup'?"),
        ('param_scheduler.type', 'CosineAnnealing', "'CosineAnnealingLR'?"),
        ('default_hooks.logger.intervall', 5, "did you mean 'interval'?"),
        ('custom_hooks', [dict(type='EMAHok')], 'custom_hooks[0].type: no hook is'),
        ('val_evaluator.prefx', 'a', "did you mean 'prefix'?"),
        ('visualizer.type', 'Visualiser', "did you mean 'Visualizer'?"),
        (
            'visualizer.vis_backends',
            [dict(type='TensorBoardVisBackend')],
            "did you mean 'TensorboardVisBackend'?",
        ),
        ('train_cfg.max_epoch', 3, "did you mean 'max_epochs'?"),
        ('train_cfg', dict(max_epochs=3), "train_cfg: needs 'by_epoch'"),
        ('test_cfg.fp61', True, "did you mean 'fp16'?"),
        ('randomness.sed', 1, "did you mean 'seed'?"),
        ('env_cfg.cudnn_benchmrk', True, "did you mean 'cudnn_benchmark'?"),
        ('env_cfg.mp_cfg.mp_start', 'fork', "did you mean 'mp_start_method'?"),
        ('log_processor', dict(window=5), "did you mean 'window_size'?"),
        ('val_evaluator.type', 'ToyPoints', "'ToyPoints' is no metric but a dataset"),
        (
            'train_dataloader.dataset.pipeline',
            [dict(type='RandomChoice', transforms=[[dict(type='Resiz', scale=1)]])],
            "transforms[0][0].type: no transform is called 'Resiz'",
        ),
    ],
)
def test_mistake_is_one_line_with_the_nearest_name(toy, place, value, line):
    (found,) = changed(toy, place, value)
    assert line in found and '\n' not in found


def test_type_that_is_no_name(toy):
    assert changed(toy, 'model.type', dict(type='ToyRegressor')) == [
        "model.type: needs a name, not {'type': 'ToyRegressor'}"
    ]
    assert changed(toy, 'optim_wrapper.constructor', 3) == [
        'optim_wrapper.constructor: needs a name, not 3'
    ]
    assert changed(toy, 'model.type', toy_parts.ToyRegressor) == []


def test_missing_arguments(toy):
    assert changed(toy, 'model', dict(type='ToyRegressor')) == [
        "model: ToyRegressor needs an argument 'channels'"
    ]
    # The runner itself hands over the optimizer's parameters and the sampler's data.
    assert changed(toy, 'optim_wrapper.optimizer', dict(type='Adam')) == []
    loader = dict(batch_size=2, dataset=dict(type='ToyPoints', length=2))
    assert changed(toy, 'train_dataloader', loader) == [
        "train_dataloader: needs a 'sampler'"
    ]


def test_bare_name_of_a_sister_library(toy):
    (line,) = changed(toy, 'model', dict(type='ImageClassifier'))
    assert "did you mean 'mmpretrain.ImageClassifier'?" in line


def test_shared_mistake_is_one_line(toy):
    cfg = copy.deepcopy(toy)
    for loader in ('val_dataloader', 'test_dataloader'):
        cfg[loader].dataset.lengt = 3
    (line,) = check_config(cfg)
    assert line.startswith('val_dataloader.dataset.lengt: ')
    assert line.endswith('(also test_dataloader.dataset.lengt)')


def test_helpers_and_runner_extras_pass(toy):
    helpers = dict(
        train_pipeline=[], norm_cfg=dict(type='BN'), data_root='x', prompts=[],
        chexpert_prompts={}, find_unused_parameters=True, compile=dict(mode='default'),
        sync_bn='torch', auto_scale_lr=dict(base_batch_size=8), classes=('a',),
    )  # fmt: skip
    for key, value in helpers.items():
        assert changed(toy, key, value) == [], key
    (line,) = changed(toy, 'fastness', 3)
    assert line.startswith('fastness: nothing reads this key')


def test_trackers_as_documented_in_the_runtime(toy, repo_dir):
    text = (repo_dir / toy_parts.RUNTIME).read_text()
    lines = re.findall(
        r"dict\(type='\w+VisBackend'(?:, [^()]*(?:\([^()]*\))?)*\)", text
    )
    lines = [line for line in lines if 'Local' not in line]
    assert len(lines) == 3
    for line in lines:
        assert changed(toy, 'visualizer.vis_backends', [eval(line)]) == []


def test_helper_of_any_name_passes_when_the_config_reads_it(tmp_path):
    path = tmp_path / 'c.py'
    path.write_text("reslution = 8\nclasses = (reslution,)\nother = 'x'\n")
    assert [line.split(':')[0] for line in check_config(load_config(path))] == ['other']


MMPRETRAIN = [
    'resnet/resnet50_8xb32_in1k.py',
    'swin_transformer/swin-tiny_16xb64_in1k.py',
    'vision_transformer/vit-base-p16_32xb128-mae_in1k.py',
    'mae/mae_vit-base-p16_8xb512-amp-coslr-300e_in1k.py',
    'mocov3/mocov3_resnet50_8xb512-amp-coslr-100e_in1k.py',
    'convnext/convnext-tiny_32xb128_in1k.py',
    'beit/benchmarks/beit-base-p16_8xb128-coslr-100e_in1k.py',
    'efficientnet/efficientnet-b0_8xb32_in1k.py',
]
MMSEG = [
    'upernet/upernet_r50_4xb4-160k_ade20k-512x512.py',
    'vit/vit_vit-b16_mln_upernet_8xb2-80k_ade20k-512x512.py',
    'swin/swin-tiny-patch4-window7-in1k-pre_upernet_8xb2-160k_ade20k-512x512.py',
    'segformer/segformer_mit-b0_8xb2-160k_ade20k-512x512.py',
    'ocrnet/ocrnet_hr18_4xb2-80k_cityscapes-512x1024.py',
    'knet/knet-s3_r50-d8_fcn_8xb2-adamw-80k_ade20k-512x512.py',
    'unet/unet-s5-d16_fcn_4xb4-40k_chase-db1-128x128.py',
    'pspnet/pspnet_r50-d8_4xb2-40k_cityscapes-512x1024.py',
]


@pytest.mark.parametrize(
    'name',
    [f'mmpretrain/{n}' for n in MMPRETRAIN] + [f'mmseg/{n}' for n in MMSEG],
)
def test_no_false_alarm_on_configs_of_the_sister_libraries(name):
    import mmcv

    package, _, path = name.partition('/')
    site = mmcv.__path__[0].removesuffix('mmcv')
    assert check_config(load_config(f'{site}{package}/.mim/configs/{path}')) == []


def test_types_are_listed_with_what_they_name(toy):
    found = {place: target for place, _, target in types_of(toy)}
    assert found['model'] is toy_parts.ToyRegressor
    assert found['test_dataloader.dataset'] is toy_parts.ToyPoints


class Parent:
    def __init__(self, a, b=1, c=2):
        pass


class Child(Parent):
    def __init__(self, d, **kwargs):
        super().__init__(b=kwargs.pop('e', 0), **kwargs)


class Grandchild(Child):
    def __init__(self, f=0, *args, **kwargs):
        Child.__init__(self, 4, *args, **kwargs)


class Sponge(Parent):
    def __init__(self, **kwargs):
        self.rest = kwargs


def test_keywords_are_followed_into_parents():
    assert keywords_of(Child) == dict(d=True, e=False, a=True, c=False)
    assert keywords_of(Grandchild) == dict(f=False, e=False, a=True, c=False)
    assert ANY in keywords_of(Sponge)
