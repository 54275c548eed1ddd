"""tools/misc/browse_dataset.py: samples as pictures."""

import csv
import runpy
import sys

import cv2
import numpy as np
import pytest

from mmcxr.apis.browse import browse_dataset
from mmcxr.engine.config_file import ConfigError
from mmcxr.visualization.sample_sheet import FILM_HEIGHT

CONFIG = """
default_scope = 'mmcxr'
sampler = dict(type='EpochSampler')
views = dict(type='MultiView', num_views=2, transforms=[
    dict(type='LoadFilm'),
    dict(type='mmcv.RandomFlip', prob=0.5),
    dict(type='mmcv.Resize', scale=(32, 32)),
])
root = '{root}'
train_dataloader = dict(sampler=sampler, dataset=dict(
    type='ImageTextDataset', data_root=root,
    pipeline=[views, dict(type='ChooseTexts'), dict(type='PackStudy')]))
val_dataloader = dict(sampler=sampler, dataset=dict(
    type='ClassificationDataset', data_root=root,
    pipeline=[dict(type='LoadFilm'), dict(type='PackFilm')]))
test_dataloader = dict(sampler=sampler, dataset=dict(
    type='SegmentationDataset', data_root=root,
    metainfo=dict(empty_mask='background'),
    pipeline=[
        dict(type='LoadFilm'), dict(type='LoadFilmMask'),
        dict(type='mmseg.PackSegInputs')]))
"""
COLUMNS = ['image', 'patient_id', 'study_id', 'findings', 'mask', 'Edema', 'Mass']


@pytest.fixture
def config(tmp_path):
    root = tmp_path / 'data'
    for folder in ('images', 'masks'):
        (root / folder).mkdir(parents=True)
    rows = []
    for i in range(5):
        film = np.full((48, 64), 40 * i, np.uint8)
        film[:, ::4] += 20  # not its own mirror image
        cv2.imwrite(str(root / f'images/{i}.png'), film)
        text = f'Study {i} “quoted” ' + 'and so on ' * 30
        rows.append(
            [f'{i}.png', 'p', f's/{i}', text, f'{i}.png' if i < 2 else '', i % 2, -1]
        )
    for i in range(2):
        mask = np.zeros((48, 64), np.uint8)
        mask[:24] = 255
        cv2.imwrite(str(root / f'masks/{i}.png'), mask)
    with (root / 'table.csv').open('w', newline='') as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    path = tmp_path / 'config.py'
    path.write_text(CONFIG.format(root=root))
    return path


def test_studies(config, tmp_path):
    files = browse_dataset(config, tmp_path / 'out', num=3)
    assert [file.name for file in files] == [
        '000000_s_0.png',
        '000002_s_2.png',
        '000004_s_4.png',
    ]
    picture = cv2.imread(str(files[1]))
    assert picture.shape[0] > FILM_HEIGHT + 80  # room for the texts
    assert picture.shape[1] >= 2 * FILM_HEIGHT  # two square views
    left = picture[:FILM_HEIGHT, :FILM_HEIGHT]
    assert 80 <= left.mean() <= 100 and picture[FILM_HEIGHT:].max() > 200


def test_films_and_masks(config, tmp_path):
    assert len(browse_dataset(config, tmp_path / 'a', 'val', num=0)) == 5
    first, *_, last = browse_dataset(config, tmp_path / 'b', 'test', num=5)
    width = FILM_HEIGHT * 64 // 48
    film, overlay = np.split(cv2.imread(str(first))[:FILM_HEIGHT, : 2 * width], 2, 1)
    top, bottom = np.split(overlay.astype(int) - film, 2)
    assert top[..., 2].min() > 40 and (bottom == 0).all()  # red above, nothing below
    film, overlay = np.split(cv2.imread(str(last))[:FILM_HEIGHT, : 2 * width], 2, 1)
    assert (film == overlay).all()


def test_epochs_and_seeds_show_other_augmentations(config, tmp_path):
    def pixels(**kwargs):
        files = browse_dataset(config, tmp_path / 'out', num=0, **kwargs)
        return np.stack([cv2.imread(str(file))[:FILM_HEIGHT, :700] for file in files])

    first = pixels()
    assert (pixels() == first).all()
    assert (pixels(epoch=1) != first).any() and (pixels(seed=1) != first).any()


def test_phase_that_is_not_there(config, tmp_path):
    config.write_text("log_level = 'INFO'\n")
    with pytest.raises(ConfigError, match='has no test_dataloader'):
        browse_dataset(config, tmp_path, 'test')


def test_command(config, tmp_path, repo_dir, monkeypatch, capsys):
    def run(*argv):
        tool = str(repo_dir / 'tools/misc/browse_dataset.py')
        monkeypatch.setattr(sys, 'argv', [tool, *map(str, argv)])
        runpy.run_path(tool, run_name='__main__')

    run(config, '--out', tmp_path / 'out', '--num', 2, '--phase', 'val')
    assert '2 samples in' in capsys.readouterr().out
    with pytest.raises(SystemExit, match='2'):
        run(
            config, '--cfg-options', f'train_dataloader.dataset.data_root={tmp_path}/no'
        )
    error = capsys.readouterr().err
    assert error.endswith('no: no such folder\n') and error.count('\n') == 1
    with pytest.raises(SystemExit, match='2'):
        run(config, '--cfg-options', 'train_dataloader.dataset.data_roots=x')
    error = capsys.readouterr().err
    assert "takes no argument 'data_roots'; did you mean 'data_root'?" in error
