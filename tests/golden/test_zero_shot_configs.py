"""Zero-shot configs of CheXzero and GLoRIA through the test command.

Stand-ins of the published files on synthetic films in the place of the datasets; the
scores must be those of the same prompts through what a notebook calls.
"""

import json

import gloria_outputs
import numpy as np
import pandas as pd
import pytest
from labelled_films import label_films
from mmengine.config import Config
from stand_in import write_stand_in

from mmcxr.apis import classify, load_published
from mmcxr.datasets.public.chexpert import CheXpert5x200
from mmcxr.engine.launch import test as evaluate

FOLDER = 'configs/benchmarks/zero_shot'
FIVE = CheXpert5x200.METAINFO['classes']
QUICK = {
    'test_dataloader.num_workers': 0,
    'test_dataloader.batch_size': 4,
    'log_level': 'ERROR',
}
NUM_FILMS = 6


@pytest.fixture(
    scope='module',
    params=[pytest.param('chexzero', marks=pytest.mark.slow), 'gloria'],
)
def published(request, shared_dir, tmp_path_factory):
    """System, its file, and the vocabulary it needs."""
    folder = tmp_path_factory.mktemp(request.param)
    fixture = shared_dir / 'golden/cxrlearn' / request.param
    file, vocab = write_stand_in(shared_dir, fixture, folder), None
    if request.param == 'gloria':
        vocab = folder / 'vocab.txt'
        manifest = json.loads((fixture / 'manifest.json').read_text())
        vocab.write_text(gloria_outputs.vocabulary(manifest))
    yield request.param, file, vocab
    file.unlink()


def leaf_of(repo_dir, folder, name, prompts, vocab):
    """The config as it is, but for the vocabulary and how many prompts there are."""
    base = repo_dir / FOLDER / name
    few = {c: (p if isinstance(p, dict) else p[:2]) for c, p in prompts.items()}
    head = dict(prompts=dict(few, _delete_=True))
    model = dict(prompt_head=head)
    if vocab is not None:
        head['tokenizer'] = model['tokenizer'] = dict(name=str(vocab))
    path = folder / 'leaf.py'
    path.write_text(f"_base_ = '{base}'\nmodel = {model}\n")
    return path, few


def run(published, dataset, classes, exclusive, place):
    """Results, scores per film, and the scores of ``classify``, of a config."""
    system, file, vocab = published
    repo_dir, source, folder = place
    name = dict(chexzero='chexzero_vit-b32.py', gloria='gloria_r50.py')[system]
    name = f'{dataset}/{name}'
    root = folder / 'data' / dataset
    schemes = [] if exclusive else ['cxr_clip']
    table = label_films(source, root, classes, schemes, NUM_FILMS, exclusive)
    prompts = Config.fromfile(repo_dir / FOLDER / name).model.prompt_head.prompts
    leaf, few = leaf_of(repo_dir, folder, name, prompts.to_dict(), vocab)
    options = dict(QUICK)
    if not exclusive:  # all films to test on
        options['test_dataloader.dataset.split'] = None
        options['test_dataloader.dataset.split_scheme'] = None
    assert evaluate(str(leaf), str(file), 'out', cfg_options=options) == 0
    results = json.loads((folder / 'out/results.json').read_text())
    scores = pd.read_csv(folder / 'out/scores.csv.gz')
    known = table[list(classes)].notna().any(axis=1)
    assert scores['image'].tolist() == table['image'][known].tolist()
    films = [root / 'images' / image for image in scores['image']]
    model = load_published(system, file, tokenizer=vocab)
    standardise = exclusive and system == 'gloria'
    expected = classify(model, films, few, standardise=standardise)
    return results, scores, expected[list(classes)].to_numpy()


@pytest.fixture
def place(repo_dir, synthetic_dir, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return repo_dir, synthetic_dir, tmp_path


@pytest.mark.slow
def test_five_classes(published, place):
    results, scores, expected = run(published, 'chexpert-5x200', FIVE, True, place)
    found = scores[[f'score_{name}' for name in FIVE]].to_numpy()
    np.testing.assert_allclose(found, expected, atol=1e-4)
    accuracy = results['metrics']['classification/accuracy']['value']
    assert accuracy == (found.argmax(1) == np.arange(NUM_FILMS) % 5).mean()


def test_pneumonia(published, place):
    results, scores, expected = run(published, 'rsna', ('Pneumonia',), False, place)
    np.testing.assert_allclose(scores['score_Pneumonia'], expected[:, 0], atol=1e-5)
    known = scores['label_Pneumonia'].isin([0, 1])
    positive = scores['score_Pneumonia'][known & (scores['label_Pneumonia'] == 1)]
    negative = scores['score_Pneumonia'][known & (scores['label_Pneumonia'] == 0)]
    pairs = positive.to_numpy()[:, None] - negative.to_numpy()
    auroc = ((pairs > 0) + (pairs == 0) / 2).mean()
    found = results['metrics']['classification/auroc']['value']
    assert found == pytest.approx(auroc, abs=1e-9)
