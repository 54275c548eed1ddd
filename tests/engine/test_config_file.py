"""Reading configs and options: what is refused, and what the user is told."""

import pytest
import toy_parts

from mmcxr.engine.config_file import ConfigError, load_config, run_name


@pytest.fixture
def config(tmp_path, repo_dir):
    return toy_parts.write_config(
        tmp_path,
        repo_dir,
        'rate = 0.25\noptim_wrapper["optimizer"]["lr"] = rate\n'
        'points = dict(type="ToyPoints", length=4)\n'
        'train_dataloader["dataset"] = points\n',
    )


def complaint(path, **options) -> str:
    with pytest.raises(ConfigError) as error:
        load_config(path, options)
    return str(error.value)


def test_missing_file_names_its_neighbour(config):
    wrong = config.with_name('toi.py')
    assert complaint(wrong) == f"no config at {wrong}; did you mean '{config}'?"
    assert 'did you mean' not in complaint('/nowhere/else.py')


def test_missing_folder_names_its_neighbour(tmp_path):
    (tmp_path / 'cxr_clip').mkdir()
    text = complaint(tmp_path / 'cxr_clp' / 'a.py')
    assert text.endswith(f"did you mean '{tmp_path / 'cxr_clip'}'?")


def test_folder_in_place_of_a_file(tmp_path):
    assert complaint(tmp_path) == f'{tmp_path} is a folder; name a config file in it'


def test_broken_file_is_one_line(tmp_path):
    path = tmp_path / 'c.py'
    path.write_text('model = dict(\n')
    assert complaint(path).startswith(f'{path}: SyntaxError') and '\n' not in complaint(
        path
    )
    path.write_text("_base_ = 'gone.py'\n")
    assert 'gone.py' in complaint(path)


def test_options_are_merged(config):
    options = {
        'model.dropout': 0.25,
        'train_dataloader.dataset.pipeline': [],
        'find_unused_parameters': True,
        'optim_wrapper.clip_grad': dict(max_norm=1.0),
        'default_hooks.early.type': 'EarlyStoppingHook',
    }
    cfg = load_config(config, options)
    assert cfg.model.dropout == 0.25 and cfg.find_unused_parameters is True
    assert cfg.optim_wrapper.clip_grad.max_norm == 1.0


def test_option_for_a_key_that_is_not_there(config):
    text = complaint(config, **{'modle.dropout': 0.1})
    assert text == (
        "--cfg-options modle.dropout: the config has no key 'modle'; did you mean "
        "'model'?"
    )
    text = complaint(config, **{'custom_imports.import': 'x'})
    assert "no key 'import' in 'custom_imports'; did you mean 'imports'?" in text
    assert "no key '7'" in complaint(
        config, **{'visualizer.vis_backends.7.type': 'WandbVisBackend'}
    )


def test_new_key_in_a_dict_of_free_names(config):
    config.write_text(config.read_text() + "model['norm_cfg'] = dict(epsilon=1)\n")
    option = {'model.norm_cfg.momentum': 0.1}
    assert load_config(config, option).model.norm_cfg.momentum == 0.1
    assert "did you mean 'epsilon'?" in complaint(
        config, **{'model.norm_cfg.epsilom': 1}
    )


def test_keys_that_are_numbers_do_not_hinder(config):
    config.write_text(config.read_text() + "model['label_map'] = {0: 1, 1: 0}\n")
    assert load_config(config, {'model.dropout': 0.25}).model.dropout == 0.25
    assert load_config(config, {'model.label_map.2': 5}).model.label_map['2'] == 5


def test_option_below_a_type_is_left_to_the_check(config):
    assert load_config(config, {'model.dropot': 0.1}).model.dropot == 0.1


def test_option_for_a_helper_names_the_place_that_counts(config):
    text = complaint(config, rate=0.5)
    assert "'rate' only helped to write the config" in text
    text = complaint(config, **{'points.length': 8})
    assert text.endswith('set train_dataloader.dataset.length')


@pytest.mark.parametrize('package', ['mmcxr', 'mmseg', 'mmpretrain'])
def test_bases_of_installed_packages(tmp_path, package):
    path = tmp_path / 'c.py'
    path.write_text(f"_base_ = '{package}::_base_/default_runtime.py'\n")
    assert load_config(path).default_scope == package


@pytest.mark.parametrize(
    ('path', 'name'),
    [
        ('configs/cxr_clip/cxr-clip_r50_m.py', 'cxr-clip_r50_m'),
        (
            'configs/benchmarks/zero_shot/siim/cxr-clip_r50.py',
            'zero_shot_siim_cxr-clip_r50',
        ),
        ('mmcxr::benchmarks/retrieval/openi/cxr-clip_r50.py',
         'retrieval_openi_cxr-clip_r50'),
        ('benchmarks/mine.py', 'mine'),
    ],
)  # fmt: skip
def test_name_of_a_run(path, name):
    assert run_name(path) == name


def test_no_two_configs_share_a_work_folder(repo_dir, monkeypatch):
    leaves = [
        path
        for path in (repo_dir / 'configs').rglob('*.py')
        if '_base_' not in path.parts
    ]
    assert len(leaves) > 80
    assert len({run_name(path) for path in leaves}) == len(leaves)
    # Named from within its folder, a config is the same one.
    monkeypatch.chdir(repo_dir / 'configs/benchmarks/zero_shot/siim')
    assert run_name('cxr-clip.py') == 'zero_shot_siim_cxr-clip'


def test_switches_of_before_stand_at_the_top(tmp_path, caplog):
    path = tmp_path / 'old.py'
    path.write_text("model = dict(type='CXRCLIP', micro_batch=None, loss_block=None)\n")
    cfg = load_config(path)
    assert cfg.model == dict(type='CXRCLIP') and 'micro_batch' not in cfg
    cfg = load_config(path, {'model.micro_batch': 32, 'model.loss_block': 7})
    assert cfg.model == dict(type='CXRCLIP') and cfg.micro_batch == 32
