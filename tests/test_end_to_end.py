"""From films to numbers, as a user would: the tools' functions and real configs."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import pandas as pd

from mmcxr.datasets.texts.wordpiece import split_texts, train_wordpiece
from mmcxr.demo.demo import (
    PRETRAIN,
    PROBE,
    RESULTS,
    ZERO_SHOT,
    best_checkpoint,
    run_demo,
)
from mmcxr.engine.launch import test as evaluate
from mmcxr.engine.launch import train

# No draw inside the model and no statistics over the batch: one process or two,
# the arithmetic is the same.
STILL = {
    'model.image_backbone.norm_eval': True,
    'model.text_backbone.config.hidden_dropout_prob': 0.0,
    'model.text_backbone.config.attention_probs_dropout_prob': 0.0,
    'model.text_backbone.config.num_hidden_layers': 1,
    'optim_wrapper.type': 'OptimWrapper',
    'default_hooks.logger.interval': 1,
    'log_processor': dict(window_size=1),
    'train_cfg.max_epochs': 2,
    'train_cfg.val_interval': 2,
}


def losses(work_dir) -> list[float]:
    """Training losses of the newest run in a work folder."""
    log = max(work_dir.glob('*/vis_data/scalars.json'))
    records = map(json.loads, log.read_text().splitlines())
    return [record['loss'] for record in records if 'loss' in record]


def test_two_processes_equal_one_and_resume_is_exact(workplace, repo_dir):
    config = str(repo_dir / 'configs' / PRETRAIN)
    options = {**STILL, 'train_dataloader.batch_size': 16}
    assert train(config, 'one', cfg_options=options) == 0
    alone = losses(workplace / 'one')
    assert len(alone) == len(set(alone)) == 8

    command = ['bash', str(repo_dir / 'tools/dist_train.sh'), config, '2']
    command += ['--work-dir', 'two', '--cfg-options']
    options['train_dataloader.batch_size'] = 8
    options['log_processor.window_size'] = options.pop('log_processor')['window_size']
    command += [f'{key}={value}' for key, value in options.items()]
    environment = dict(os.environ, PYTHON=sys.executable)
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=280, env=environment
    )
    assert done.returncode == 0, done.stderr[-2000:]
    np.testing.assert_allclose(losses(workplace / 'two'), alone, rtol=2e-4)

    # Epoch 2 anew, with another number of workers.
    (workplace / 'one/epoch_2.pth').unlink()
    (workplace / 'one/last_checkpoint').write_text(str(workplace / 'one/epoch_1.pth'))
    options |= {'train_dataloader.batch_size': 16, 'train_dataloader.num_workers': 1}
    assert train(config, 'one', resume='auto', cfg_options=options) == 0
    np.testing.assert_array_equal(losses(workplace / 'one'), alone[len(alone) // 2 :])


def test_demo(tmp_path, repo_dir):
    said = []
    few = {
        'train_cfg.max_iters': 8,
        'train_cfg.val_interval': 8,
        'default_hooks.checkpoint.interval': 8,
        'param_scheduler.warmup': 2,
    }
    report, table = run_demo(
        tmp_path,
        repo_dir / 'configs',
        num_films=120,
        options=dict(
            pretrain={'train_cfg.max_epochs': 1},
            linear_probe=few,
            masked={'train_cfg.max_epochs': 1, 'train_cfg.val_interval': 1},
            fine_tuning=few,
            segmentation=few,
        ),
        say=said.append,
    )
    assert [line[:3] for line in said] == [f'{step}/8' for step in range(1, 9)]
    page = report.read_text()
    assert not re.search(r'(src|href)="(?!data:)', page)
    for heading in (
        'Films and their reports',
        'Pre-training CXR-CLIP',
        'Film to report',
        'Pre-training MRM',
        'What MRM restores',
        'Pneumothorax, outlined',
    ):
        assert heading in page
    results = json.loads((tmp_path / 'results.json').read_text())
    assert tuple(results) == RESULTS
    auroc = results['linear_probe']['metrics']['classification/auroc']
    assert auroc['ci95'][0] <= auroc['value'] <= auroc['ci95'][1]
    assert all(result['overlap']['patients'] == 0 for result in results.values())
    assert len(table) == 10
    scores = pd.read_csv(tmp_path / 'zero_shot/scores.csv.gz')
    assert len(scores) == results['zero_shot']['spec']['protocol']['images']['number']


def test_real_films(convert_covid19, tmp_path, repo_dir, monkeypatch):
    data = tmp_path / 'data/synthetic'  # where the small configs look
    convert_covid19(data)
    texts = split_texts(data, scheme='clean', split='train')
    train_wordpiece(texts, vocab_size=1000, out=data / 'tokenizer')
    monkeypatch.chdir(tmp_path)
    configs = repo_dir / 'configs'
    prompts = {
        name: dict(pos=[name], neg=[f'No {name}']) for name in ('COVID-19', 'Pneumonia')
    }

    def dataset(loader: str, kind: str) -> dict:
        place = f'{loader}_dataloader.dataset'
        return {f'{place}.type': kind, f'{place}.split_scheme': 'clean'}

    def films(loader: str) -> dict:
        place = f'{loader}_dataloader.dataset'
        return {**dataset(loader, 'COVID19'), f'{place}.classes': list(prompts)}

    options = {
        **dataset('train', 'COVID19Pairs'),
        **dataset('val', 'COVID19Pairs'),
        'train_dataloader.dataset.texts': 'report',
        'val_dataloader.dataset.texts': 'report',
        'model.prompt_head': None,
        'val_evaluator': [dict(type='ContrastiveLossMetric', batch_size=8)],
        'train_dataloader.batch_size': 16,
        'train_cfg.max_epochs': 1,
    }
    assert train(str(configs / PRETRAIN), 'pretrain', cfg_options=options) == 0
    checkpoint = best_checkpoint('pretrain')
    zero_shot = {'model.prompt_head.prompts': dict(prompts, _delete_=True)}
    zero_shot |= films('test')
    config = str(configs / ZERO_SHOT)
    assert evaluate(config, checkpoint, 'zero_shot', cfg_options=zero_shot) == 0
    probe = {
        **films('train'),
        **films('val'),
        **films('test'),
        'model.backbone.init_cfg.checkpoint': checkpoint,
        'model.head.num_classes': 2,
        'train_cfg.max_iters': 4,
        'train_cfg.val_interval': 4,
        'default_hooks.checkpoint.interval': 4,
        'param_scheduler.warmup': 2,
    }
    config = str(configs / PROBE)
    assert train(config, 'probe', cfg_options=probe) == 0
    assert evaluate(config, best_checkpoint('probe'), 'probe', cfg_options=probe) == 0
    for run in ('zero_shot', 'probe'):
        results = json.loads((tmp_path / run / 'results.json').read_text())
        assert results['overlap'] == dict(
            scheme='clean', against='train', images=0, patients=0
        )
        assert results['spec']['protocol']['images']['number'] > 20
