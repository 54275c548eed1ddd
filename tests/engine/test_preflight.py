"""Folders, checkpoints and packages that a run needs."""

from collections.abc import Callable

import numpy as np
import pytest
from mmengine.config import Config
from torch.utils.data import DataLoader, Dataset

from mmcxr.datasets.films.film import read_film
from mmcxr.datasets.seeding import hash_numbers
from mmcxr.datasets.transforms.text import check_mode, sections_of
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


def test_missing_data_folder_comes_with_the_command_that_makes_it(tmp_path):
    (tmp_path / 'film').touch()  # a file is no data folder, nor near to one
    for kind, root in (('SyntheticPairs', 'films'), ('mmcxr.SyntheticFilms', 'film')):
        root = tmp_path / root
        cfg = dict(train_dataloader=dict(dataset=dict(type=kind, data_root=str(root))))
        with pytest.raises(ConfigError) as error:
            preflight.check_data(Config(cfg), ('train_dataloader',))
        assert str(error.value) == (
            f'train_dataloader.dataset.data_root: no data folder at {root} (make '
            f'it with: python tools/prepare_dataset.py synthetic --out {root})'
        )


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
    assert lines_of('open("/")', torch) == ["[Errno 21] Is a directory: '/'"]
    full = 'raise OSError(errno.ENOSPC, "No space left on device", "a.pth")'
    told = ["[Errno 28] No space left on device: 'a.pth'"]
    assert lines_of(f'import errno\n{full}', torch) == told
    assert lines_of('raise OSError(5, "Input/output error")', torch) is None
    # Raised elsewhere, or by C code that ours calls: bugs.
    assert lines_of('raise ValueError("use 2")', torch) is None
    assert lines_of('int("x")', house) is None
    assert lines_of('a, b = [1]', house) is None
    assert lines_of('raise KeyError("x")', house) is None
    assert lines_of('raise TypeError("no text")', house) == ['no text']
    assert lines_of('assert False', house) is None
    monkeypatch.setenv('MMCXR_TRACEBACK', '1')
    assert lines_of('raise ValueError("use 2")', house) is None


class Sample(Dataset):
    """One sample, and an error instead of it."""

    def __init__(self, make: Callable):
        self.make = make

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int):
        return self.make()


@pytest.mark.parametrize(
    ('make', 'lines'),
    [
        (lambda: read_film('gone.jpg'), ['gone.jpg: no such file']),
        (
            lambda: sections_of(dict(study_id='s1', sections=dict(findings=['a\nb']))),
            ["study 's1' of an unnamed dataset: sections['findings'] is not text but "
             "['a\\nb']"],
        ),
        (lambda: check_mode('fist', 2), ["mode 'fist' is none of train, first"]),
        (lambda: np.zeros(3).reshape(2, 2), None),  # numpy's
        (lambda: hash_numbers('a'), None),  # a bug of ours, not an errand of the user's
    ],
)  # fmt: skip
def test_error_of_a_data_worker(make, lines):
    with pytest.raises(Exception, match='in DataLoader worker process 0') as error:
        list(DataLoader(Sample(make), num_workers=1))
    assert user_lines(error.value) == lines
