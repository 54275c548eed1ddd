"""Folders, checkpoints and packages that a run needs."""

import pytest
from mmengine.config import Config

from mmcxr.engine import preflight
from mmcxr.engine.config_file import ConfigError
from mmcxr.engine.user_error import user_lines


def test_missing_data_folder_is_named_with_its_neighbour(tmp_path):
    (tmp_path / 'mimic-cxr').mkdir()
    nested = dict(
        dataset=dict(
            type='RepeatDataset',
            dataset=dict(
                type='ConcatDataset',
                datasets=[
                    dict(data_root=str(tmp_path / 'mimic-cxr')),
                    dict(data_root=str(tmp_path / 'mimic_cxr')),
                ],
            ),
        )
    )
    cfg = Config(dict(train_dataloader=nested, val_dataloader=None))
    with pytest.raises(ConfigError) as error:
        preflight.check_data(cfg, ('train_dataloader', 'val_dataloader'))
    assert str(error.value) == (
        'train_dataloader.dataset.dataset.datasets[1].data_root: no data folder at '
        f"{tmp_path / 'mimic_cxr'}; did you mean '{tmp_path / 'mimic-cxr'}'?"
    )
    preflight.check_data(cfg, ('test_dataloader',))  # not used, not looked at


def test_missing_parts_of_a_loop():
    cfg = Config(dict(train_dataloader=dict(), train_cfg=dict()))
    with pytest.raises(ConfigError, match='optim_wrapper: the config has none'):
        preflight.check_parts(cfg, 'train')
    with pytest.raises(ConfigError, match='so it cannot test'):
        preflight.check_parts(cfg, 'test')


def test_tracker_without_its_package(monkeypatch):
    monkeypatch.setattr(preflight, 'find_spec', lambda name: None)
    cfg = Config(dict(visualizer=dict(vis_backends=[dict(type='WandbVisBackend')])))
    with pytest.raises(ConfigError, match=r'needs wandb.*mmcxr\[tracking\]'):
        preflight.check_trackers(cfg)
    monkeypatch.setattr(preflight, 'find_spec', lambda name: object())
    preflight.check_trackers(cfg)
    preflight.check_trackers(Config(dict()))


def test_missing_checkpoint(tmp_path):
    (tmp_path / 'epoch_15.pth').touch()
    with pytest.raises(ConfigError, match='did you mean .*epoch_15.pth'):
        preflight.check_checkpoint(str(tmp_path / 'epoch_14.pth'))
    preflight.check_checkpoint('https://example.org/none.pth')
    preflight.check_checkpoint(None)


def test_last_checkpoint_of_a_moved_work_dir(tmp_path):
    assert preflight.last_checkpoint(str(tmp_path)) is None
    (tmp_path / 'last_checkpoint').write_text('/elsewhere/epoch_2.pth')
    assert preflight.last_checkpoint(str(tmp_path)) == '/elsewhere/epoch_2.pth'
    (tmp_path / 'epoch_2.pth').touch()
    assert preflight.last_checkpoint(str(tmp_path)) == str(tmp_path / 'epoch_2.pth')


class Ours(ValueError):
    """Stands for an error class of a room of ours."""


Ours.__module__ = 'mmcxr.datasets.somewhere'


def lines_of(code: str, module: str) -> list[str] | None:
    try:
        exec(compile(code, 'x.py', 'exec'), dict(__name__=module, Ours=Ours))
    except Exception as error:
        return user_lines(error)


def test_whose_error_it_is(monkeypatch):
    house, torch = 'mmcxr.datasets.x', 'torch.nn'
    assert lines_of('raise Ours("row 3:\\n  no view")', torch) == ['row 3: no view']
    assert lines_of('raise ValueError("use 2")', house) == ['use 2']
    assert lines_of('open("/gone")', torch) is not None
    # Raised elsewhere, or by C code that ours calls: bugs.
    assert lines_of('raise ValueError("use 2")', torch) is None
    assert lines_of('int("x")', house) is None
    assert lines_of('a, b = [1]', house) is None
    assert lines_of('raise KeyError("x")', house) is None
    assert lines_of('assert False', house) is None
    monkeypatch.setenv('MMCXR_TRACEBACK', '1')
    assert lines_of('raise ValueError("use 2")', house) is None


def test_error_of_a_data_worker_is_told_by_its_last_line():
    text = (
        'Caught Ours in DataLoader worker process 0.\\nOriginal Traceback (most recent '
        'call last):\\n  File "a.py"\\nmmcxr.datasets.somewhere.Ours: a.jpg is empty\\n'
    )
    assert lines_of(f"raise Ours('{text}')", 'torch.utils') == ['a.jpg is empty']
