"""A published file through the command line: zero-shot, retrieval, fine-tuning."""

import json

import pandas as pd
import pytest
from golden.stand_in import write_stand_in

from mmcxr.datasets.texts.wordpiece import split_texts, train_wordpiece
from mmcxr.demo.demo import best_checkpoint
from mmcxr.engine.checkpoint import load_checkpoint_file
from mmcxr.engine.launch import test as evaluate
from mmcxr.engine.launch import train

SMALL = {'batch_size': 8, 'num_workers': 0, 'persistent_workers': False}


@pytest.fixture(scope='module')
def published(shared_dir, tmp_path_factory):
    folder = tmp_path_factory.mktemp('published')
    return str(write_stand_in(shared_dir, shared_dir / 'golden/cxr_clip/r50_m', folder))


@pytest.fixture
def workplace(synthetic_dir, tmp_path, monkeypatch):
    """Synthetic films under the names and columns of RSNA and Open-I."""
    table = pd.read_csv(synthetic_dir / 'table.csv').drop(columns=['boxes'])
    splits = pd.read_csv(synthetic_dir / 'splits/official.csv')
    table = table.merge(splits, on='image').groupby('split').head(12)
    for name, scheme in (('rsna', 'cxr_clip'), ('openi', 'official')):
        folder = tmp_path / 'data' / name
        (folder / 'splits').mkdir(parents=True)
        for part in ('images', 'masks'):
            (folder / part).symlink_to(synthetic_dir / part)
        columns = ['image', 'patient_id', 'study_id', 'view', 'findings', 'impression']
        rows = table[columns].assign(
            Pneumonia=(table['Consolidation'] == 1).astype(int)
        )
        rows.loc[rows.index[::3], 'Pneumonia'] = 1  # both labels in every split
        rows.to_csv(folder / 'table.csv', index=False)
        table[['image', 'split']].to_csv(folder / f'splits/{scheme}.csv', index=False)
    words = split_texts(synthetic_dir, scheme='official', split='train')
    train_wordpiece(words, vocab_size=1000, out=tmp_path / 'words')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def loader(name: str) -> dict:
    keep = SMALL if name != 'test' else dict(batch_size=8, num_workers=0)
    return {f'{name}_dataloader.{key}': value for key, value in keep.items()}


def results(folder) -> dict:
    return json.loads((folder / 'results.json').read_text())


@pytest.mark.slow
def test_zero_shot_and_retrieval(workplace, repo_dir, published):
    benchmarks = repo_dir / 'configs/benchmarks'
    config = str(benchmarks / 'zero_shot/rsna/cxr-clip.py')
    options = {**loader('test'), 'model.prompt_head.tokenizer.name': 'words'}
    assert evaluate(config, published, 'zero_shot', cfg_options=options) == 0
    found = results(workplace / 'zero_shot')
    assert 0 <= found['metrics']['classification/auroc']['value'] <= 1
    assert found['spec']['model']['checkpoint'] == 'r50_m.tar'
    assert found['spec']['protocol']['split_scheme'] == 'cxr_clip'

    config = str(benchmarks / 'retrieval/openi/cxr-clip.py')
    place = 'test_dataloader.dataset.pipeline.2.tokenizer.name'
    options = {**loader('test'), place: 'words'}
    assert evaluate(config, published, 'retrieval', cfg_options=options) == 0
    found = results(workplace / 'retrieval')
    assert found['metrics']['retrieval/i2t_recall_at_10']['ci95'] is not None
    assert found['counts']


def test_fine_tuning_starts_from_it(workplace, repo_dir, published):
    config = 'configs/benchmarks/classification/rsna/linear-probe.py'
    options = {
        **loader('train'),
        **loader('val'),
        **loader('test'),
        'train_dataloader.batch_size': 4,
        'encoder': f'cxr-clip_r50={published}',
        'model.freeze_backbone': False,
        'train_cfg.max_iters': 2,
        'train_cfg.val_interval': 2,
        'param_scheduler.warmup': 1,
        'default_hooks.checkpoint.interval': 2,
    }
    assert train(str(repo_dir / config), 'run', cfg_options=options) == 0
    first = load_checkpoint_file(published)['model']
    tuned = load_checkpoint_file(best_checkpoint('run'))['state_dict']
    change = tuned['backbone.conv1.weight'] - first['image_encoder.resnet.conv1.weight']
    change = change.abs().max()
    assert 0 < change < 1e-3  # two small steps away from the published weights
    config = str(repo_dir / config)
    assert evaluate(config, best_checkpoint('run'), 'run', cfg_options=options) == 0
    assert results(workplace / 'run')['metrics']['classification/auroc']
