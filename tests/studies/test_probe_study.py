"""From CSV files and models to a ranking: computed, kept, refused and marked."""

import json
from importlib.util import module_from_spec, spec_from_file_location

import numpy as np
import pandas as pd
import pytest
import torch
from mmengine.config import Config

from mmcxr.evaluation.functional.results import read_results
from mmcxr.registry import MODELS
from mmcxr.studies import probing as probe_study
from mmcxr.studies.film_classifiers import classifier_config, save_encoder
from mmcxr.studies.ranking import read_scores
from mmcxr.studies.sources import CLIP_MEAN, read_sources
from mmcxr.visualization.model_ranking import plot_rankings

CONFIG = 'configs/benchmarks/retrieval/synthetic/cxr-clip_r18.py'
CLASSES = ['Cardiomegaly', 'Consolidation', 'Pleural Effusion']


@pytest.fixture(scope='module')
def models(repo_dir, tmp_path_factory):
    """``--models`` of two small models: one of a file, one with random weights."""
    folder = tmp_path_factory.mktemp('models')
    (folder / 'vocab.txt').write_text('[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nno')
    config = Config.fromfile(repo_dir / CONFIG)
    config.model.tokenizer.name = str(folder / 'vocab.txt')
    config.dump(folder / 'small.py')
    torch.manual_seed(4)
    torch.save(
        dict(state_dict=MODELS.build(config.model).state_dict()), folder / 'mine.pth'
    )
    file = folder / 'small.py'
    return [f'mine={file}:{folder / "mine.pth"}', f'random={file}']


@pytest.fixture(scope='module')
def films(tmp_path_factory):
    from mmcxr.synthetic import write_synthetic_dataset

    root = tmp_path_factory.mktemp('films')
    write_synthetic_dataset(root, num_patients=40, size=48, seed=3)
    return root


@pytest.fixture
def files(films, tmp_path):
    """``--train-csv`` and so on, of films that can be changed."""
    table = pd.read_csv(films / 'table.csv')
    splits = pd.read_csv(films / 'splits/official.csv')
    table = table.merge(splits, on='image')
    folder = tmp_path / 'films'
    for image in table['image']:
        (folder / image).parent.mkdir(parents=True, exist_ok=True)
        (folder / image).write_bytes((films / 'images' / image).read_bytes())
    table['Path'] = [str(folder / image) for image in table['image']]
    arguments = []
    for split in ('train', 'val', 'test'):
        file = tmp_path / f'{split}.csv'
        part = table[table['split'] == split]
        part[['Path', 'patient_id', *CLASSES]].to_csv(file, index=False)
        arguments += [f'--{split}-csv', str(file)]
    return arguments


@pytest.fixture
def probe(repo_dir, tmp_path, models, files, capsys):
    """The tool as it is typed: (exit code, what it prints, the ranking)."""
    spec = spec_from_file_location('probe_tool', repo_dir / 'tools/probe.py')
    module = module_from_spec(spec)
    spec.loader.exec_module(module)

    def run(*more, models=models, files=files):
        arguments = [*files, '--path_column', 'Path', '--class-columns', *CLASSES]
        arguments += ['--patient-column', 'patient_id', '--models', *models]
        arguments += ['--workers', '0', '--device', 'cpu', '--resamples', '40', *more]
        code = module.main([*arguments, '--out', str(tmp_path / 'out')])
        captured = capsys.readouterr()
        file = tmp_path / 'out/ranking.json'
        ranking = json.loads(file.read_text()) if file.is_file() else None
        return code, captured.out + captured.err, ranking

    return run


@pytest.fixture
def computed(monkeypatch):
    """Films that models were asked for features of."""
    counts, real = [], probe_study.extract_features

    def watch(named, *arguments):
        extract = named.model.extract_feat
        named.model.extract_feat = lambda x: counts.append(len(x)) or extract(x)
        return real(named, *arguments)

    monkeypatch.setattr(probe_study, 'extract_features', watch)
    return counts


def result(tmp_path, model='mine', cell='logreg_all_seed0'):
    return tmp_path / 'out/models' / model / cell


def test_a_ranking(probe, tmp_path, computed):
    code, said, ranking = probe('--probe', 'logreg', 'knn', 'linear', '--epochs', '3')
    assert code == 0 and 'trivial baseline' in said and 'knn' in said
    assert [r['probe'] for r in ranking['rankings']] == ['logreg', 'knn', 'linear']
    for found in ranking['rankings']:
        values = [entry['value'] for entry in found['entries']]
        assert values == sorted(values, reverse=True) and len(values) == 2
    for name in ('ranking.png', 'ranking.csv'):
        assert (tmp_path / 'out' / name).stat().st_size > 100
    cell = result(tmp_path)
    written = read_results(cell / 'results.json')
    entry = next(e for e in ranking['rankings'][0]['entries'] if e['model'] == 'mine')
    auroc = written['metrics']['classification/auroc']
    assert entry['value'] == pytest.approx(auroc['value'])
    assert entry['ci95'] == pytest.approx(auroc['ci95'])
    images, _, scores, labels = read_scores(cell, CLASSES)
    test = pd.read_csv(tmp_path / 'test.csv').set_index('Path')[CLASSES]
    test.index = [path.split('/films/')[1] for path in test.index]
    known = test.dropna(how='all')
    # images are named from the folder all films share
    rows = [next(r for r in known.index if r.endswith(image)) for image in images]
    assert len(set(rows)) == len(known)
    assert np.array_equal(known.loc[rows].to_numpy(float), labels, equal_nan=True)
    assert computed
    computed.clear()
    code, said, again = probe('--probe', 'logreg', 'knn', 'linear', '--epochs', '3')
    assert again == ranking and not computed and 'finished before' in said
    assert ': done' not in said


def test_only_what_changed_is_computed_again(probe, tmp_path, computed, models):
    quick = ('--grid', '0.01')
    _, _, first = probe(*quick)
    computed.clear()
    table = pd.read_csv(tmp_path / 'train.csv')
    table[CLASSES[0]] = table[CLASSES[0]].replace({0: 1, 1: 0})
    table.to_csv(tmp_path / 'train.csv', index=False)
    _, said, second = probe(*quick)  # labels: probes alone
    assert not computed and said.count(': done') == 2
    assert second['rankings'] != first['rankings']
    table.iloc[1:].to_csv(tmp_path / 'train.csv', index=False)
    probe(*quick)  # films of one split
    whole = len(pd.read_csv(tmp_path / 'test.csv'))
    assert computed and sum(computed) < 2 * 3 * max(whole, len(table))
    computed.clear()
    path = models[0].partition(':')[2]
    content = torch.load(path)
    content['state_dict']['image_backbone.conv1.weight'] += 0.01
    other = tmp_path / 'other.pth'
    torch.save(content, other)
    changed = [models[0].replace(path, str(other)), models[1]]
    _, said, _ = probe(*quick, models=changed)  # weights of one model
    assert computed and said.count('finished before') == 1


def test_unreadable_films_are_left_out_for_every_model(probe, tmp_path):
    probe('--grid', '0.01')
    before = read_scores(result(tmp_path), CLASSES)
    labels_before = dict(zip(before[0], before[3].tolist(), strict=True))
    broken = []
    for split in ('train', 'val', 'test'):
        paths = pd.read_csv(tmp_path / f'{split}.csv')['Path'].drop_duplicates()
        for path in paths[: 4 if split == 'test' else 3]:
            open(path, 'wb').write(b'no film')
            broken.append(path.split('/films/')[1])
    code, said, ranking = probe('--grid', '0.01')
    assert code == 0 and len(ranking['left_out']) == 10
    for name in broken:
        assert sum(name.endswith(f['image']) for f in ranking['left_out']) == 1
    for model in ('mine', 'random'):
        images, _, _, labels = read_scores(result(tmp_path, model), CLASSES)
        assert not [i for i in images if any(b.endswith(i) for b in broken)]
        assert all(
            np.array_equal(label, labels_before[image], equal_nan=True)
            for image, label in zip(images, labels, strict=True)
        )
        warnings = read_results(result(tmp_path, model) / 'results.json')['warnings']
        assert sum('cannot identify image file' in w for w in warnings) == 10
    assert said.count('cannot identify image file') >= 10


def test_budgets_and_seeds(probe, models):
    code, said, ranking = probe(
        '--label-fractions',
        '0.5',
        '1',
        '--few-shot',
        '2',
        '--seeds',
        '0',
        '1',
        '--grid',
        '0.01',
        models=models[:1],
    )
    assert code == 0
    budgets = {r['budget']: r['entries'] for r in ranking['rankings']}
    assert [*budgets] == ['50 % of the films', '', '2 per class']
    assert [len(e[0]['runs']) for e in budgets.values()] == [2, 1, 2]
    assert '± ' in said and '(2 seeds)' in said


def test_folds_where_there_is_no_validation_file(probe, files, tmp_path, models):
    files = [*files[:2], *files[4:]]
    code, said, ranking = probe('--grid', '0.01', '1', files=files, models=models[:1])
    assert code == 0 and 'no validation file' in said
    spec = read_results(result(tmp_path) / 'results.json')['spec']['protocol']['probe']
    assert 'folds of the training split' in spec['chosen_by']


def test_one_column_of_classes(probe, tmp_path, models):
    for split in ('train', 'val', 'test'):
        table = pd.read_csv(tmp_path / f'{split}.csv')
        table['Kind'] = ['abc'[n % 3] for n in range(len(table))]
        table.to_csv(tmp_path / f'{split}.csv', index=False)
    more = ['--class-columns', 'Kind', '--probe', 'logreg', 'linear', 'knn']
    code, said, ranking = probe(*more, '--epochs', '2', models=models[:1])
    assert code == 0, said
    assert ranking['classes'] == ['Kind a', 'Kind b', 'Kind c']
    _, _, scores, _ = read_scores(result(tmp_path), ranking['classes'])
    assert np.allclose(scores.sum(1), 1, atol=1e-5)
    results = read_results(result(tmp_path) / 'results.json')
    assert results['spec']['protocol']['metrics']['classification']['task'] == (
        'multiclass'
    )


@pytest.mark.slow
def test_cxrlearns_preset(models, probe, tmp_path, computed):
    probe('--grid', '0.01', models=models[:1])
    computed.clear()
    code, _, ranking = probe('--preset', 'cxrlearn', models=models[:1])
    assert code == 0 and computed  # other pixels, so other features
    assert ranking['preset'] == 'cxrlearn'
    spec = read_results(result(tmp_path) / 'results.json')['spec']
    probed = spec['protocol']['probe']
    assert probed['grid'] == [0.0327] and probed['standardise'] is False
    (steps,) = spec['protocol']['preprocessing']
    assert steps[1] == dict(
        type='mmcxr.FilmResize', size=224, keep_ratio=False, interpolation='bicubic'
    )
    assert spec['model']['data_preprocessor']['mean'] == pytest.approx(CLIP_MEAN)


def test_a_model_that_fails_leaves_the_others(probe, tmp_path, models):
    torch.save(dict(state_dict={'a': torch.zeros(3)}), tmp_path / 'bad.ckpt')
    code, said, ranking = probe(models=[f'gloria={tmp_path / "bad.ckpt"}', models[0]])
    assert code == 1 and 'failed: gloria: ' in said
    (found,) = ranking['rankings']
    assert [entry['model'] for entry in found['entries']] == ['mine']
    assert len(ranking['failures']) == 1
    alone = [f'gloria={tmp_path / "bad.ckpt"}']
    assert probe('--name', 'other', models=alone)[0] == 2


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['gloria'], 'is not NAME=FILE'),
        (['glorai=x.ckpt'], "'glorai' is no published system"),
        (['gloria=/nowhere.ckpt'], '/nowhere.ckpt: no such file'),
        (['a=/nowhere.py:x.pth'], '/nowhere.py: no such file'),
    ],
)
def test_bad_models_end_in_a_line(probe, arguments, message):
    code, said, _ = probe(models=arguments)
    assert code == 2 and message in said and 'Traceback' not in said


def test_names_tell_two_files_of_a_system_apart(tmp_path):
    file = tmp_path / 'x.ckpt'
    file.touch()
    with pytest.raises(ValueError, match='two models are called .gloria'):
        read_sources([f'gloria={file}', f'gloria={file}'])
    found = read_sources([f'gloria={file}', f'gloria@b={file}'])
    assert [(s.name, s.system) for s in found] == [
        ('gloria', 'gloria'),
        ('gloria@b', 'gloria'),
    ]


def test_random_weights_follow_from_the_seed(models):
    (source,) = read_sources(models[1:])
    one, same, other = (source.open('cpu', seed=seed).model for seed in (0, 0, 1))
    weights = [
        m.state_dict()['image_backbone.conv1.weight'] for m in (one, same, other)
    ]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_a_classifier_sees_what_the_model_is_probed_by(models, tmp_path):
    (source,) = read_sources(models[:1])
    named = source.open('cpu')
    save_encoder(named, tmp_path / 'encoder.pth')
    head = dict(type='mmcxr.SingleLabelHead', num_classes=4)
    classifier = MODELS.build(classifier_config(named, tmp_path / 'encoder.pth', head))
    classifier.init_weights()
    images = torch.randn(3, 3, 64, 64)
    with torch.no_grad():
        found = classifier.eval().extract_feat(images)
        assert torch.allclose(found, named.model.extract_feat(images), atol=1e-6)
        scores = classifier.head.predict(found)
    assert torch.allclose(scores.sum(1), torch.ones(3))


def test_fine_tuning_is_ranked_too(probe, tmp_path, models):
    options = ['train_cfg.max_epochs=1', 'param_scheduler.warmup=1']
    more = ['--probe', 'finetune', '--cfg-options', *options]
    code, said, ranking = probe(*more, models=models[:1])
    assert code == 0, said
    cell = result(tmp_path, cell='finetune_all_seed0')
    results = read_results(cell / 'results.json')
    (found,) = ranking['rankings']
    auroc = results['metrics']['classification/auroc']['value']
    assert found['entries'][0]['value'] == pytest.approx(auroc)
    cfg = Config.fromfile(cell / 'run/mine.py')
    assert cfg.optim_wrapper.constructor == 'LayerDecayConstructor'
    assert cfg.val_dataloader.dataset.pipeline[1].size == 96  # the model's own
    code, said, _ = probe(*more, models=models[:1])
    assert code == 0 and 'finished before' in said
    # Killed before its test, as runs noted it before cells did: it goes on.
    note, (best,) = cell / 'cell.json', (cell / 'run').glob('best_*.pth')
    spec, written = json.loads(note.read_text())['spec'], best.stat().st_mtime_ns
    (cell / 'run/spec.json').write_text(json.dumps(spec))
    note.unlink()
    _, said, again = probe(*more, models=models[:1])
    assert 'training' in said and best.stat().st_mtime_ns == written
    assert again == ranking
    # A run of another spec is removed.
    note.write_text(json.dumps(dict(spec=dict(spec, seed=7), trained=False)))
    (cell / 'run/spec.json').write_text(json.dumps(dict(spec, seed=7)))
    _, said, again = probe(*more, models=models[:1])
    assert best.stat().st_mtime_ns != written and again == ranking


@pytest.mark.slow
def test_fine_tuning_by_the_preset(probe, tmp_path, models):
    more = ['--preset', 'cxrlearn', '--probe', 'finetune', '--label-fractions', '0.5']
    more += ['--cfg-options', 'train_cfg.max_epochs=1']
    code, said, ranking = probe(*more, models=models[:1])
    assert code == 0, said
    (found,) = ranking['rankings']
    assert found['budget'] == '50 % of the films' and len(found['entries']) == 1
    cfg = Config.fromfile(result(tmp_path, cell='finetune_50pct_seed0') / 'run/mine.py')
    assert cfg.optim_wrapper.optimizer.type == 'SGD' and 'param_scheduler' not in cfg
    assert cfg.model.data_preprocessor.mean[0] == pytest.approx(0.48145466)
    assert cfg.train_dataloader.dataset.pipeline[1].size == 224


def test_the_figure_shows_who_is_level_with_the_best():
    entry = dict(value=0.8, ci95=[0.7, 0.9], model='a', rank=1, below_best=None)
    level = dict(distinguishable=False)
    apart = dict(distinguishable=True)
    entries = [
        dict(entry, below_previous=None),
        dict(entry, rank=2, below_best=level, below_previous=level),
        dict(entry, rank=3, below_best=apart, below_previous=level),
        dict(entry, rank=4, below_best=apart, below_previous=apart, value=None),
    ]
    (axes,) = plot_rankings({'x': entries}, 'AUROC').axes
    dots = [line for line in axes.lines if line.get_marker() == 'o']
    full = [dot.get_markerfacecolor() != 'white' for dot in dots]
    assert full == [True, True, False]
    bars = [line for line in axes.lines if list(line.get_xdata()) == [1.015, 1.015]]
    assert [list(bar.get_ydata()) for bar in bars] == [[0, 1], [1, 2]]
