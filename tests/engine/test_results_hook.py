"""ResultsHook in a real test run: what is written, hashed and printed."""

import csv
import gzip
import json
import logging

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmengine.structures import BaseDataElement

from mmcxr.engine.hooks import ResultsHook
from mmcxr.engine.hooks.results_hook import join_columns
from mmcxr.engine.run_spec import (
    describe_lacking,
    describe_model,
    describe_overlap,
    describe_protocol,
)
from mmcxr.evaluation.functional.comparison import compare, differences, name_rows
from mmcxr.evaluation.functional.results import read_results
from mmcxr.evaluation.metrics import ClassificationMetric, RetrievalMetric
from mmcxr.torchvision_schema import ensure_torchvision

FACTS = dict(
    dataset='toy-cxr',
    classes=('Edema', 'Mass'),
    split_scheme='official',
    split='test',
    fraction=1.0,
    overlap=dict(scheme='official', against='train', images=3, patients=2),
)


class ToyFilms(BaseDataset):
    def load_data_list(self):
        generator = np.random.default_rng(0)
        return [
            dict(
                image=f'{i}.png',
                patient_id=f'p{i // 2}',
                text=f'report {i % 9}',
                gt_label=generator.integers(0, 2, 2),
                features=generator.normal(size=4),
            )
            for i in range(20)
        ]


class ToyModel(BaseModel):
    def __init__(self, bias=0.0):
        super().__init__()
        self.bias = torch.nn.Parameter(torch.tensor(bias))

    def forward(self, inputs=None, mode='predict', **samples):
        out = []
        for i, image in enumerate(samples['image']):
            features = torch.from_numpy(samples['features'][i]).float()
            sample = BaseDataElement(
                metainfo=dict(
                    image=image,
                    patient_id=samples['patient_id'][i],
                    text=samples['text'][i],
                ),
                gt_label=samples['gt_label'][i],
                scores=(features[:2] + self.bias).sigmoid(),
                image_embeds=features,
                text_embeds=features + 0.5,
            )
            out.append(sample)
        return out


class Foreign(BaseMetric):
    def process(self, data_batch, data_samples):
        self.results += [1] * len(data_samples)

    def compute_metrics(self, results):
        return dict(films=len(results))


def run(folder, bias=0.0, hook=None, metrics=None, **config):
    ensure_torchvision()  # mmengine asks for its version
    checkpoint = folder / 'weights.pth'
    folder.mkdir(exist_ok=True)
    model = ToyModel(bias)
    torch.save(model.state_dict(), checkpoint)
    dataset = ToyFilms(metainfo=FACTS)
    pipeline = [dict(type='LoadFilm'), dict(type='Resize', scale=224)]
    cfg = Config(
        dict(
            model=dict(type='ToyModel', tokenizer=dict(name='/somewhere/vocab.txt')),
            test_dataloader=dict(dataset=dict(type='ToyFilms', pipeline=pipeline)),
            load_from=str(checkpoint),
            work_dir=str(folder),
            experiment_name='_'.join(folder.parts[-2:]),
        )
        | config
    )
    runner = Runner(
        model=model,
        work_dir=str(folder),
        test_dataloader=dict(
            dataset=dataset,
            batch_size=7,
            sampler=dict(type='DefaultSampler', shuffle=False),
        ),
        test_evaluator=metrics
        or [ClassificationMetric(num_resamples=30), RetrievalMetric(num_resamples=30)],
        test_cfg=dict(),
        custom_hooks=[hook or ResultsHook()],
        experiment_name='_'.join(folder.parts[-2:]),
        cfg=cfg,
    )
    return runner, runner.test()


def test_files_of_a_run(tmp_path, caplog):
    with caplog.at_level(logging.INFO):
        runner, flat = run(tmp_path / 'a')
    results = read_results(tmp_path / 'a' / 'results.json')
    for name in ('classification/auroc', 'retrieval/i2t_recall_at_5'):
        entry = results['metrics'][name]
        assert entry['value'] == pytest.approx(flat[name])
        assert entry['ci95'][0] <= entry['value'] <= entry['ci95'][1]
        assert entry['definition']
        assert results['baselines'][name]['value'] is not None
    protocol = results['spec']['protocol']
    assert protocol['dataset'] == 'toy-cxr' and protocol['split'] == 'test'
    assert protocol['preprocessing'][0][1] == dict(type='Resize', scale=224)
    assert protocol['images']['number'] == 20
    assert set(protocol['metrics']) == {'classification', 'retrieval'}
    model = results['spec']['model']
    assert (
        model['checkpoint'] == 'weights.pth' and len(model['checkpoint_sha256']) == 64
    )
    assert model['tokenizer'] == dict(name='vocab.txt')
    assert results['spec']['versions']['torch'] == torch.__version__
    assert results['overlap'] == FACTS['overlap']
    assert str(tmp_path) not in (tmp_path / 'a' / 'results.json').read_text()

    rows = list(csv.DictReader(gzip.open(tmp_path / 'a' / 'scores.csv.gz', 'rt')))
    assert len(rows) == 20
    assert set(rows[0]) == {
        'image', 'patient_id', 'label_Edema', 'score_Edema', 'label_Mass',
        'score_Mass', 'rank_image_to_text', 'rank_text_to_image',
    }  # fmt: skip


def test_table_is_logged_with_interval_baseline_and_overlap(tmp_path):
    runner, _ = run(tmp_path / 'b')
    log = next((tmp_path / 'b').rglob('*.log')).read_text()
    line = next(
        row for row in log.splitlines() if row.startswith('classification/auroc ')
    )
    assert '[' in line and '0.500' in line
    assert line.endswith('3 images, 2 patients in train')
    for text in (
        'candidates: 9 distinct texts, 20 images; text: as the pipeline gives it',
        'accuracy and f1 at threshold 0.5 (fixed beforehand)',
        'retrieval/t2i_mean_rank: mean rank over distinct texts',
    ):
        assert text in log
    assert any(row.startswith('classification/auroc_Mass') for row in log.splitlines())


def test_two_models_under_one_protocol_share_columns(tmp_path):
    runs = []
    for name, bias in (('one', 0.0), ('two', 0.7)):
        run(tmp_path / name, bias)
        runs.append((name, read_results(tmp_path / name / 'results.json')))
    one, two = (results for _, results in runs)
    assert one['protocol_hash'] == two['protocol_hash']
    assert one['spec_hash'] != two['spec_hash']
    rows = compare(name_rows(runs))
    assert len(rows) == 4 and all(all(row) for row in rows[:3])


def test_another_pipeline_is_another_protocol(tmp_path):
    run(tmp_path / 'a')
    pipeline = [dict(type='LoadFilm'), dict(type='Resize', scale=512)]
    loader = dict(dataset=dict(type='ToyFilms', pipeline=pipeline))
    run(tmp_path / 'b', test_dataloader=loader)
    a, b = (read_results(tmp_path / x / 'results.json') for x in 'ab')
    found = list(differences(a['spec']['protocol'], b['spec']['protocol']))
    assert found == [('preprocessing[0][1].scale', 224, 512)]


def test_foreign_metrics_and_missing_checkpoint(tmp_path):
    hook = ResultsHook(out_dir=str(tmp_path / 'out'), checkpoint='hub://weights')
    run(tmp_path / 'a', hook=hook, metrics=[Foreign()])
    results = json.loads((tmp_path / 'out' / 'results.json').read_text())
    assert results['metrics'] == dict(
        films=dict(value=20.0, ci95=None, definition=None)
    )
    assert 'no digest' in results['warnings'][0]
    assert not (tmp_path / 'out' / 'scores.csv.gz').exists()


def test_protocol_leaves_out_what_belongs_to_model_or_machine():
    def config(root, tokenizer, fraction=0.1):
        dataset = dict(
            type='ClassificationDataset',
            data_root=root,
            views=['PA'],
            pipeline=[dict(type='Tokenize', tokenizer=tokenizer), dict(type='Crop')],
        )
        wrapped = dict(type='Wrapper', dataset=dataset)
        train = dict(type='Mix', datasets=[dict(fraction=fraction), dict(fraction=0.1)])
        return dict(
            model=dict(type='CXRCLIP', prompt_head=dict(prompts=dict(a=['b']))),
            test_dataloader=dict(dataset=wrapped),
            train_dataloader=dict(dataset=train),
        )

    one = describe_protocol(config('/a', 'bert'), FACTS, ['x', 'y'])
    assert one == describe_protocol(config('/b', 'other'), FACTS, ['y', 'x'])
    assert one['selection'] == [dict(type='ClassificationDataset', views=['PA'])]
    assert one['preprocessing'] == [[dict(type='Tokenize'), dict(type='Crop')]]
    assert one['prompts'] == dict(prompts=dict(a=['b']))
    assert one['train_fraction'] == [0.1]
    assert one != describe_protocol(config('/a', 'bert', 0.01), FACTS, ['x', 'y'])
    assert one != describe_protocol(config('/a', 'bert'), FACTS, ['x', 'z'])


def test_mixtures_keep_the_splits_and_overlaps_of_their_members():
    other = FACTS | dict(dataset='more', split='val')
    mixed = dict(dataset='toy-cxr+more', members=[FACTS, other])
    protocol = describe_protocol({}, mixed, [])
    assert protocol['dataset'] == 'toy-cxr+more'
    assert protocol['split'] == ['test', 'val']
    overlap = describe_overlap(mixed)
    assert (overlap['images'], overlap['patients']) == (6, 4)
    assert describe_overlap(FACTS) == FACTS['overlap']
    assert describe_overlap({}) is None


def test_images_that_are_not_there_are_counted_and_said():
    facts = FACTS | dict(
        missing=dict(test=dict(listed=9, missing=4)), left_out={'no label': 2}
    )
    lacking, sentences = describe_lacking(facts)
    assert lacking == {
        'toy-cxr': dict(missing=facts['missing'], left_out=facts['left_out'])
    }
    assert sentences == [
        "toy-cxr: 4 of the 9 images that 'official' lists in 'test' are not in the "
        'table',
        "toy-cxr: 2 images of 'test' are left out (no label)",
    ]
    assert describe_lacking(FACTS) == (None, [])
    mixed = dict(members=[facts, FACTS | dict(dataset='whole')])
    assert describe_lacking(mixed) == (lacking, sentences)


def test_model_is_named_after_its_config(tmp_path):
    file = tmp_path / 'cxr-clip_r50.py'
    file.write_text("model = dict(type='CXRCLIP')\n")
    model = describe_model(Config.fromfile(file), None)
    assert model['name'] == 'cxr-clip_r50' and model['checkpoint_sha256'] is None


def test_columns_of_equal_name_and_other_values_keep_both():
    one = dict(image=['a', 'b'], score=np.array([1.0, np.nan]))
    joined = join_columns(dict(x=one, y=one, z=one | dict(score=[1, 2]), w={}))
    assert list(joined) == ['image', 'score', 'z_score']
    with pytest.raises(ValueError, match='other images'):
        join_columns(dict(x=one, y=dict(image=['b', 'a'])))


def test_results_of_another_model_are_kept(tmp_path):
    folder = tmp_path / 'out'
    hook = ResultsHook(out_dir=str(folder))
    run(tmp_path / 'a', hook=hook)
    first = [(folder / name).read_bytes() for name in ('results.json', 'scores.csv.gz')]
    former = read_results(folder / 'results.json')
    run(tmp_path / 'b', hook=hook)  # the same again: replaced
    assert not list(folder.glob('results-*'))
    run(tmp_path / 'c', bias=2.0, hook=hook)
    name = former['spec_hash']
    said = next((tmp_path / 'c').rglob('*.log')).read_text()
    assert f'it is now results-{name}.json' in said
    kept = [f'results-{name}.json', f'scores-{name}.csv.gz']
    assert [(folder / file).read_bytes() for file in kept] == first
    newer = read_results(folder / 'results.json')
    assert read_results(folder / kept[0]) == former != newer
    (folder / 'results.json').write_text('{}')  # not ours: kept too
    run(tmp_path / 'd', bias=2.0, hook=hook)
    assert read_results(folder / 'results.json') == newer
    assert '{}' in [path.read_text() for path in folder.glob('results-*.json')]
