"""Features on disk: what is computed, when it is computed again, what probes say."""

import csv
import io
import json
import shutil
from importlib.util import module_from_spec, spec_from_file_location

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from mmcxr.apis import load_model
from mmcxr.datasets.films.film import read_film
from mmcxr.evaluation.functional.results import read_results
from mmcxr.registry import MODELS
from mmcxr.studies.feature_cache import FeatureError, load_features
from mmcxr.studies.features import extract_features
from mmcxr.studies.probes.fit import ProbeSettings, probe_scores
from mmcxr.studies.probes.probe import probe

CONFIG = 'configs/benchmarks/retrieval/synthetic/cxr-clip_r18.py'


@pytest.fixture(scope='module')
def config(repo_dir, tmp_path_factory):
    folder = tmp_path_factory.mktemp('model')
    (folder / 'vocab.txt').write_text('[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nno')
    config = Config.fromfile(repo_dir / CONFIG)
    config.model.tokenizer.name = str(folder / 'vocab.txt')
    config.dump(folder / 'small.py')
    return folder / 'small.py'


@pytest.fixture(scope='module')
def checkpoint(config):
    torch.manual_seed(0)
    model = MODELS.build(Config.fromfile(config).model)
    torch.save(dict(state_dict=model.state_dict()), config.with_name('weights.pth'))
    return config.with_name('weights.pth')


@pytest.fixture
def named(config, checkpoint):
    return load_model(config, checkpoint)


@pytest.fixture(scope='module')
def drawn(tmp_path_factory):
    """Synthetic films small enough to be read in no time."""
    from mmcxr.synthetic import write_synthetic_dataset

    root = tmp_path_factory.mktemp('drawn')
    return write_synthetic_dataset(root, num_patients=20, size=48, seed=3)


@pytest.fixture
def data(drawn, tmp_path):
    return shutil.copytree(drawn, tmp_path / 'data')


def dataset_of(root, split='test', **more):
    config = dict(type='ClassificationDataset', data_root=str(root))
    return dict(config, split_scheme='official', split=split, **more)


@pytest.fixture
def count(monkeypatch):
    """Batches that a model is asked for."""

    def watch(named):
        calls, real = [], named.model.extract_feat
        monkeypatch.setattr(
            named.model, 'extract_feat', lambda x: calls.append(len(x)) or real(x)
        )
        return calls

    return watch


def test_a_film_gets_its_own_features(named, data, tmp_path):
    folder = extract_features(named, dataset_of(data), tmp_path / 'out', batch_size=8)
    found = load_features(folder)
    assert found.features.dtype == np.float32 and found.features.shape[1] == 256
    model = named.model
    for row in (0, 5, len(found.images) - 1):
        film = read_film(data / 'images' / found.images[row])
        film = np.array(Image.fromarray(film).resize((96, 96), Image.BILINEAR))
        images = model.data_preprocessor.normalise(torch.from_numpy(film)[None, None])
        with torch.no_grad():
            expected = model.extract_feat(images)[0].numpy()
        assert np.abs(found.features[row] - expected).max() < 1e-5


def test_neither_batches_nor_workers_matter(named, data, tmp_path):
    arrays = []
    for number, (size, workers) in enumerate([(8, 0), (8, 2), (3, 0), (50, 0)]):
        out = tmp_path / str(number)
        folder = extract_features(named, dataset_of(data), out, size, workers)
        arrays.append(np.array(load_features(folder).features))
    assert np.array_equal(arrays[0], arrays[1])
    for other in arrays[2:]:
        assert np.abs(other - arrays[0]).max() < 1e-5


def test_the_second_time_nothing_is_computed(named, data, tmp_path, count):
    named.model.train()  # eval is what features are made in
    calls = count(named)
    first = extract_features(named, dataset_of(data), tmp_path, batch_size=8)
    assert set(calls) == {8} and not named.model.training
    calls.clear()
    before = {path: path.stat().st_mtime_ns for path in first.iterdir()}
    assert extract_features(named, dataset_of(data), tmp_path, batch_size=8) == first
    assert not calls
    assert before == {path: path.stat().st_mtime_ns for path in first.iterdir()}


def change_weight(named, data):
    with torch.no_grad():
        named.model.image_backbone.conv1.weight[0, 0, 0, 0] += 1e-3


def change_film(named, data):
    path = next((data / 'images').rglob('*.jpg'))
    film = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    for film_path in (data / 'images').rglob('*.jpg'):
        cv2.imwrite(str(film_path), 255 - film)


def change_rows(named, data):
    table = data / 'table.csv'
    lines = table.read_text().splitlines()
    split = (data / 'splits/official.csv').read_text().splitlines()
    last = next(line for line in reversed(split) if line.endswith('test'))
    image = last.split(',')[0]
    table.write_text('\n'.join(x for x in lines if not x.startswith(image)) + '\n')


def change_preprocessing(named, data):
    named.film_pipeline = [dict(type='FilmResize', size=96, keep_ratio=False)] * 2


def change_mean(named, data):
    named.model.data_preprocessor.mean += 0.1


@pytest.mark.parametrize(
    'change',
    [change_weight, change_film, change_rows, change_preprocessing, change_mean],
)
def test_what_changes_is_noticed(named, data, tmp_path, count, change):
    first = extract_features(named, dataset_of(data), tmp_path / 'out')
    change(named, data)
    calls = count(named)
    second = extract_features(named, dataset_of(data), tmp_path / 'out')
    assert calls and second != first


def test_precision_is_part_of_the_key(named, data, tmp_path):
    first = extract_features(named, dataset_of(data), tmp_path)
    assert extract_features(named, dataset_of(data), tmp_path, amp=True) != first


def test_a_changed_label_is_read_and_nothing_computed(named, data, tmp_path, count):
    first = extract_features(named, dataset_of(data), tmp_path / 'out')
    before = load_features(first)
    table = data / 'table.csv'
    header, *rows = table.read_text().splitlines()
    column = header.split(',').index('Edema')
    place = next(i for i, r in enumerate(rows) if r.startswith(before.images[0]))
    cells = next(csv.reader([rows[place]]))
    cells[column] = '1' if cells[column] != '1' else '0'
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    rows[place] = text.getvalue().strip()
    table.write_text('\n'.join([header, *rows]) + '\n')
    calls = count(named)
    assert extract_features(named, dataset_of(data), tmp_path / 'out') == first
    after = load_features(first)
    edema = after.facts['classes'].index('Edema')
    assert not calls and after.labels[0, edema] == float(cells[column])
    assert not np.array_equal(before.labels, after.labels, equal_nan=True)


def test_damage_is_noticed(named, data, tmp_path, count):
    folder = extract_features(named, dataset_of(data), tmp_path)
    content = bytearray((folder / 'features.npy').read_bytes())
    content[-5] ^= 1
    (folder / 'features.npy').write_bytes(content)
    with pytest.raises(FeatureError, match='not as they were written'):
        load_features(folder)
    calls = count(named)
    extract_features(named, dataset_of(data), tmp_path)
    assert calls and len(load_features(folder).features)


def test_no_features(tmp_path):
    with pytest.raises(FeatureError, match='make them with tools/extract_features'):
        load_features(tmp_path)


def test_a_missing_film_is_named(named, data, tmp_path):
    path = next((data / 'images').rglob('*.jpg'))
    shutil.rmtree(path.parent)
    with pytest.raises(FeatureError, match=r'\.jpg: No such file'):
        for split in ('train', 'val', 'test'):
            extract_features(named, dataset_of(data, split), tmp_path)


# --- probes ----------------------------------------------------------------------


@pytest.fixture(scope='module')
def splits(config, checkpoint, drawn, tmp_path_factory):
    named, out = load_model(config, checkpoint), tmp_path_factory.mktemp('features')
    return {
        split: load_features(extract_features(named, dataset_of(drawn, split), out))
        for split in ('train', 'val', 'test')
    }


@pytest.mark.parametrize('kind', ['logistic', 'linear', 'knn'])
def test_a_probe_ends_in_a_result(splits, tmp_path, kind):
    settings = ProbeSettings(kind, epochs=2)
    found = probe(*splits.values(), settings, tmp_path, num_resamples=20)
    written = read_results(tmp_path / 'results.json')
    assert written == found
    spec = written['spec']
    assert spec['protocol']['probe']['kind'] == kind
    assert spec['protocol']['split'] == 'test'
    assert spec['model']['probe']['value'] in settings.grid
    assert 0 <= written['metrics']['classification/auroc']['value'] <= 1
    assert (tmp_path / 'scores.csv.gz').is_file()


def test_the_logistic_probe_is_scikit_learns(splits):
    settings = ProbeSettings(grid=(0.01, 1.0))
    scores = probe_scores(splits['train'], [splits['test']], settings)[0]
    label = splits['train'].labels[:, 0]
    known = (label == 0) | (label == 1)
    scaler = StandardScaler().fit(splits['train'].features)
    model = LogisticRegression(C=1.0, tol=1e-8, max_iter=5000)
    model.fit(scaler.transform(splits['train'].features)[known], label[known])
    expected = model.predict_proba(scaler.transform(splits['test'].features))[:, 1]
    assert np.abs(scores[1, :, 0] - expected).max() < 2e-3


def test_features_of_another_model_are_refused(splits, config, drawn, tmp_path):
    torch.manual_seed(1)
    model = MODELS.build(Config.fromfile(config).model)
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'other.pth')
    named = load_model(config, tmp_path / 'other.pth')
    other = load_features(extract_features(named, dataset_of(drawn), tmp_path))
    with pytest.raises(FeatureError, match='are of another model than'):
        probe(splits['train'], splits['val'], other, ProbeSettings())


@pytest.mark.parametrize(
    ('options', 'message'),
    [(dict(kind='svm'), 'none of'), (dict(uncertain='maybe'), 'uncertain must be')],
)
def test_bad_settings(options, message):
    with pytest.raises(ValueError, match=message):
        ProbeSettings(**options)


def tool(repo_dir, name):
    spec = spec_from_file_location(name, repo_dir / f'tools/{name}.py')
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


def test_command_lines(repo_dir, config, checkpoint, drawn, tmp_path, capsys):
    common = ['--data', str(drawn), '--scheme', 'official', '--workers', '0']
    tool(repo_dir, 'extract_features')(
        [str(config), str(checkpoint), *common, '--out', str(tmp_path), '--device=cpu']
    )
    folders = capsys.readouterr().out.split()
    assert [folder.split('_')[-1].split('-')[0] for folder in folders] == [
        'train',
        'val',
        'test',
    ]
    tool(repo_dir, 'probe')(['--features', *folders, '--out', str(tmp_path / 'probe')])
    assert 'auroc' in capsys.readouterr().out
    result = json.loads((tmp_path / 'probe/results.json').read_text())
    assert result['spec']['model']['checkpoint'] == 'weights.pth'


def test_a_published_file(repo_dir, drawn, tmp_path, capsys):
    from published.published_files import cxr_clip_file

    torch.save(cxr_clip_file('r50', 'm'), tmp_path / 'r50_m.tar')
    common = ['--data', str(drawn), '--scheme', 'official', '--splits', 'val']
    common += ['--workers', '0', '--device', 'cpu', '--batch-size', '4']
    found = []
    for number, model in enumerate((
        ['--published', 'cxr_clip', str(tmp_path / 'r50_m.tar')],
        ['--encoder', f'cxr-clip_r50={tmp_path / "r50_m.tar"}'],
    )):  # fmt: skip
        out = ['--out', str(tmp_path / str(number))]
        tool(repo_dir, 'extract_features')([*model, *common, *out])
        found.append(load_features(capsys.readouterr().out.strip()))
    published, encoder = found
    assert published.features.shape[1] == 2048
    np.testing.assert_allclose(encoder.features, published.features, rtol=1e-5)
    assert published.facts['model']['name'] == 'cxr_clip'
    assert encoder.facts['model']['name'] == 'cxr-clip_r50'


@pytest.mark.parametrize('arguments', [[], ['a'], ['a', 'b', '--published', 'c', 'd']])
def test_a_model_is_named_in_one_way(repo_dir, arguments):
    with pytest.raises(SystemExit):
        tool(repo_dir, 'extract_features')([*arguments, '--data', 'x'])


def test_misspelt_dataset_class(named, drawn, tmp_path):
    dataset = dict(type='Syntheticfilm', data_root=str(drawn))
    with pytest.raises(FeatureError, match="did you mean 'SyntheticFilms'"):
        extract_features(named, dataset, tmp_path)
