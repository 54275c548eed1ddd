"""MoCo-CXR, ConVIRT and GLoRIA pre-train by their configs, on drawn and real films."""

import json
from pathlib import Path

import numpy as np
import pytest

from mmcxr.apis import load_model
from mmcxr.datasets.films.film import read_film
from mmcxr.datasets.texts.wordpiece import split_texts, train_wordpiece
from mmcxr.engine.launch import train

SMALL = dict(
    convirt='convirt/convirt_r18-bert-mini_1xb32-10e_synthetic-96px.py',
    gloria='gloria/gloria_r18-bert-mini_1xb32-10e_synthetic-96px.py',
    moco_cxr='moco_cxr/moco-cxr_r18_1xb32-10e_synthetic-96px.py',
)
REAL = dict(
    convirt='convirt/convirt_r18-bert-mini_1xb16-20e_covid19-96px.py',
    gloria='gloria/gloria_r18-bert-mini_1xb16-20e_covid19-96px.py',
    moco_cxr='moco_cxr/moco-cxr_r18_1xb16-20e_covid19-320px.py',
)
SHORT = {
    'default_hooks.logger.interval': 1,
    'log_processor': dict(window_size=1),
    'train_dataloader.num_workers': 0,
}


def losses(work_dir: str) -> list[float]:
    """Of each iteration of the newest run in a work folder."""
    log = max(Path(work_dir).glob('*/vis_data/scalars.json'))
    records = [json.loads(line) for line in log.read_text().splitlines()]
    return [record['loss'] for record in records if 'loss' in record]


@pytest.mark.parametrize('method', SMALL)
def test_on_drawn_films(method, workplace, repo_dir):
    config = str(repo_dir / 'configs' / SMALL[method])
    epochs = 10 if method == 'convirt' else 4
    options = {**SHORT, 'train_cfg.max_epochs': epochs}
    options['train_dataloader.batch_size'] = 16
    if method == 'moco_cxr':  # a queue that is full of keys in an epoch
        options |= {'model.queue_length': 48}
    else:
        options |= {'train_cfg.val_interval': epochs, 'val_dataloader.num_workers': 0}
    assert train(config, 'run', cfg_options=options) == 0
    found = losses('run')
    per_epoch = len(found) // epochs
    assert np.isfinite(found).all()
    if method == 'moco_cxr':  # harder while the queue fills with keys of films
        assert np.mean(found[-per_epoch:]) < np.mean(found[per_epoch : 2 * per_epoch])
    else:
        share = dict(gloria=0.97, convirt=0.99)[method]
        assert np.mean(found[-per_epoch:]) < share * np.mean(found[:per_epoch])

    # The last epoch anew, from a checkpoint.
    Path(f'run/epoch_{epochs}.pth').unlink()
    Path('run/last_checkpoint').write_text(f'run/epoch_{epochs - 1}.pth')
    assert train(config, 'run', resume='auto', cfg_options=options) == 0
    np.testing.assert_array_equal(losses('run'), found[-per_epoch:])


@pytest.mark.slow
@pytest.mark.parametrize('method', REAL)
def test_on_real_films(method, convert_covid19, repo_dir, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    root = tmp_path / 'data/covid19'
    convert_covid19(root)
    texts = split_texts(root, scheme='clean', split='train')
    train_wordpiece(texts, vocab_size=1000, out=root / 'tokenizer')
    config = str(repo_dir / 'configs' / REAL[method])
    options = {**SHORT, 'train_cfg.max_epochs': 2}
    if method == 'moco_cxr':
        options |= {'model.backbone.init_cfg': None}
    else:
        options |= {'train_cfg.val_interval': 2}
    assert train(config, 'run', cfg_options=options) == 0
    found = losses('run')
    assert len(found) > 10 and np.isfinite(found).all()
    model = load_model(config, 'run/epoch_2.pth')
    film = read_film(next(root.glob('images/**/*.jpg')))
    assert np.isfinite(model.extract_feat(model.preprocess(film)).detach()).all()
