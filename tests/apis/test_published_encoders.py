"""One call from a file of MoCo-CXR, MedAug, S2MTS2, ConVIRT or REFERS to a model.

What the models compute on whole files is in ``tests/golden/test_cxrlearn.py``; here
are the forms a file may have, and what is no such file.
"""

import argparse
import copy
import pickle

import pytest
import torch
from published.momentum_files import (
    convirt_file,
    encoder,
    momentum_file,
    query_weights,
    s2mts2_weights,
)
from published.published_files import prefixed, resnet_weights
from torch.nn import functional as F

from mmcxr.apis.inference import embed_films
from mmcxr.apis.published import load_published
from mmcxr.engine.checkpoint import CheckpointError, UnsafeCheckpoint
from mmcxr.models.algorithms import ConVIRT, FilmEncoder


@pytest.fixture
def load(tmp_path):
    def from_content(system, content, **options):
        torch.save(content, tmp_path / 'x')
        return load_published(system, tmp_path / 'x', **options)

    return from_content


SYSTEMS = ('moco_cxr', 'medaug', 's2mts2', 'convirt', 'refers')


def halved(weights: dict) -> dict:
    return {k: v.half() if v.is_floating_point() else v for k, v in weights.items()}


def projected(weights: dict, features, head: str):
    layers = [
        [weights[f'{head}{n}.{leaf}'] for leaf in ('weight', 'bias')] for n in (0, 2)
    ]
    hidden = F.linear(features, *layers[0]).relu()
    return F.normalize(F.linear(hidden, *layers[1]))


MOCO = {
    'as published': lambda w: momentum_file(w),
    'without module.': lambda w: momentum_file(w, module=False),
    'bare state dict': lambda w: momentum_file(w)['state_dict'],
    'query encoder alone': lambda w: dict(state_dict=prefixed('encoder_q.', w)),
    'stripped of encoder_q.': lambda w: dict(state_dict=w),
    'stripped, module.': lambda w: prefixed('module.', w),
    'half precision': lambda w: momentum_file(halved(w)),
}


@torch.no_grad()
@pytest.mark.parametrize('form', MOCO)
def test_moco_cxr_in_any_form(load, form):
    weights = query_weights('resnet18')
    model = load('moco_cxr', MOCO[form](weights), variant='r18')
    assert isinstance(model.model, FilmEncoder)
    assert not any(module.training for module in model.modules())
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    images = torch.randn(2, 3, 64, 64)
    reference = encoder('resnet18')
    if form == 'half precision':
        reference = copy.deepcopy(reference).half().float()
        weights = {key: value.float() for key, value in halved(weights).items()}
    features = reference(images)
    torch.testing.assert_close(model.extract_feat(images), features)
    expected = projected(weights, features, 'fc.')
    torch.testing.assert_close(model.encode_image(images), expected)
    dropped = model.published['dropped']
    assert all(key.startswith(('encoder_k.', 'queue')) for key in dropped)


@torch.no_grad()
@pytest.mark.parametrize(
    'name, variant', [('resnet50', 'r50'), ('densenet121', 'd121')]
)
def test_moco_cxr_encoders(load, name, variant):
    weights = query_weights(name)
    model = load('moco_cxr', momentum_file(weights), variant=variant)
    images = torch.randn(1, 3, 64, 64)
    features = encoder(name)(images)
    torch.testing.assert_close(
        model.extract_feat(images), features, rtol=1e-4, atol=1e-4
    )
    head = 'classifier.' if 'dense' in name else 'fc.'
    expected = projected(weights, features, head)
    torch.testing.assert_close(
        model.encode_image(images), expected, rtol=1e-4, atol=1e-4
    )


def test_encoder_without_its_projection(load):
    """As cxrlearn keeps it; embeddings are the normalised features."""
    weights = query_weights('resnet18', head=False)
    model = load('moco_cxr', prefixed('module.encoder_q.', weights))
    assert model.published['projection'] is None
    assert model.encode_image(torch.randn(1, 3, 64, 64)).shape == (1, 512)


def test_medaug_with_and_without_its_queues(load):
    weights = query_weights('resnet18')
    for medaug in (True, False):
        model = load('medaug', momentum_file(weights, medaug=medaug), variant='r18')
        assert model.published['system'] == 'medaug'
        assert ('queue_study' in model.published['dropped']) == medaug
    with pytest.raises(CheckpointError, match=r"medaug \(r18\): load_published\('meda"):
        load('moco_cxr', momentum_file(weights, medaug=True))


@torch.no_grad()
def test_s2mts2_in_any_form(load):
    images = torch.randn(1, 3, 64, 64)
    weights = s2mts2_weights()
    expected = load('s2mts2', momentum_file(weights, module=False))
    feature, embeds = expected.extract_feat(images), expected.encode_image(images)
    assert (feature.min() < 0) and embeds.shape == (1, 8)  # leaky
    for content in (momentum_file(weights), dict(state_dict=weights), weights):
        model = load('s2mts2', content, variant='d121')
        torch.testing.assert_close(model.encode_image(images), embeds)
    bare = load('s2mts2', prefixed('encoder_q.', s2mts2_weights(group=False)))
    torch.testing.assert_close(bare.extract_feat(images), feature)
    assert 'encoder_q.classifier.weight' in bare.published['dropped']


def test_s2mts2_takes_films_of_any_shape(load):
    model = load('s2mts2', momentum_file(s2mts2_weights()))
    model.film_pipeline[0]['size'] = 64
    gradient = torch.arange(70 * 90, dtype=torch.float32).reshape(70, 90) / 25
    films = [gradient.byte().numpy(), gradient.T.byte().numpy()]
    assert model.preprocess(films[0]).shape == (1, 3, 64, 82)
    assert embed_films(model, films).shape == (2, 8)


@torch.no_grad()
def test_convirt_of_its_trainer(load):
    content = convirt_file()
    model = load('convirt', content, variant='r50_bert')
    assert isinstance(model.model, ConVIRT)
    assert model.text_backbone.pooling == 'max' and model.image_weight == 0.75
    assert model.scales == pytest.approx((10.0, 5.0))
    assert model.tokenizer.config['name'] == 'emilyalsentzer/Bio_ClinicalBERT'
    images = torch.randn(1, 3, 64, 64)
    features = model.extract_feat(images)
    expected = projected(content['image_proj'], features, '')
    torch.testing.assert_close(model.encode_image(images), expected)
    ids, mask = torch.tensor([[2, 7, 9, 3, 0]]), torch.tensor([[1, 1, 1, 1, 0]])
    text = model.text_backbone.encode_tokens(ids, mask)[:, :4].amax(dim=1)
    expected = projected(content['text_proj'], text, '')
    torch.testing.assert_close(model.encode_text(ids, mask), expected)
    one_way = argparse.Namespace(pool='mean', biloss=False)
    model = load('convirt', dict(content, config=one_way))
    assert model.text_backbone.pooling == 'mean' and model.image_weight == 1.0


def test_convirt_image_encoder(load):
    for content in (resnet_weights(), dict(image_encoder=resnet_weights())):
        model = load('convirt', content, variant='r50')
        assert model.extract_feat(torch.randn(1, 3, 64, 64)).shape == (1, 2048)


WRONG = [
    ('moco_cxr', lambda: resnet_weights(True), 'a ResNet with its classifier'),
    ('convirt', lambda: resnet_weights(True), 'a ResNet with its classifier'),
    ('s2mts2', lambda: resnet_weights(True), 'a ResNet with its classifier'),
    ('refers', lambda: resnet_weights(True), 'a ResNet with its classifier'),
    ('medaug', resnet_weights, 'probably a ResNet'),
    ('moco_cxr', resnet_weights, 'probably a ResNet'),
    ('s2mts2', lambda: momentum_file(query_weights('resnet18')), r'moco_cxr \(r18\)'),
    ('refers', lambda: momentum_file(query_weights('resnet18')), r'moco_cxr \(r18\)'),
    ('convirt', lambda: momentum_file(query_weights('resnet18')), r'moco_cxr \(r18\)'),
    ('moco_cxr', lambda: momentum_file(s2mts2_weights()), r's2mts2 \(d121\)'),
    ('medaug', lambda: momentum_file(s2mts2_weights()), r's2mts2 \(d121\)'),
    ('moco_cxr', convirt_file, r'convirt \(r50_bert\)'),
    ('refers', convirt_file, r'convirt \(r50_bert\)'),
]


@pytest.mark.parametrize('system, content, message', WRONG)
def test_file_of_another_kind(load, system, content, message):
    with pytest.raises(CheckpointError, match=f'is no {system} checkpoint.*{message}'):
        load(system, content())


@pytest.mark.parametrize(
    'system', ['moco_cxr', 'medaug', 's2mts2', 'convirt', 'refers']
)
@pytest.mark.parametrize(
    'content', [{}, dict(state_dict={}, epoch=3), dict(image_encoder={}), [1, 2]]
)
def test_empty_file(load, system, content):
    with pytest.raises(CheckpointError, match='holds no state dict'):
        load(system, content)


def test_other_encoder_than_asked(load):
    content = momentum_file(query_weights('resnet18'))
    with pytest.raises(CheckpointError, match='is r18 by its content, not r50'):
        load('moco_cxr', content, variant='r50')
    with pytest.raises(ValueError, match="no variant 'resnet50'; .*known are r18, r50"):
        load('moco_cxr', content, variant='resnet50')


MOCO_KEY, DENSE_KEY = 'layer3.0.bn2.weight', 'features.denseblock3.denselayer9.'
DAMAGE = [
    (lambda w: w.pop(MOCO_KEY), 'unset: backbone.layer3.0.bn2.weight'),
    (lambda w: w.update({MOCO_KEY: torch.ones(3)}), r'\[3\] in the file, \[256\] here'),
    (lambda w: w.update(odd=torch.ones(1)), 'unknown and would be lost: encoder_q.odd'),
    (lambda w: w.pop('fc.2.bias'), 'lacks encoder_q.fc.2.bias'),
    (lambda w: w.pop('conv1.weight'), 'lacks its first convolution'),
    (lambda w: [w.pop(k) for k in list(w) if k[:8] == 'layer4.1'], 'no known ResNet'),
]


@pytest.mark.parametrize('change, message', DAMAGE)
def test_damaged_query_encoder(load, change, message):
    weights = query_weights('resnet18')
    change(weights)
    with pytest.raises(ValueError, match=message):
        load('moco_cxr', momentum_file(weights))


def test_damaged_densenet(load):
    weights = s2mts2_weights()
    weights.pop(f'{DENSE_KEY}conv2.weight')
    with pytest.raises(CheckpointError, match='unset: backbone.stages.2.block.8.conv2'):
        load('s2mts2', momentum_file(weights))
    weights = s2mts2_weights()
    weights['features.norm5.weight'] = torch.ones(7)
    with pytest.raises(CheckpointError, match=r'\(\[7\] in the file, \[1024\] here\)'):
        load('s2mts2', momentum_file(weights))


def test_damaged_convirt(load):
    content = convirt_file()
    content['text_proj'].pop('2.weight')
    with pytest.raises(ValueError, match='lacks text_proj.2.weight'):
        load('convirt', content)


def test_mnasnet_is_named(load):
    """Of the published encoders the one that cannot be loaded."""
    weights = {'layers.0.weight': torch.ones(32, 3, 3, 3)}
    with pytest.raises(ValueError, match='neither a ResNet nor a DenseNet'):
        load('moco_cxr', momentum_file(weights))


class _Harmful:
    def __reduce__(self):
        return eval, ("open('harmed', 'w')",)


@pytest.mark.parametrize('system', ['moco_cxr', 'convirt', 'refers'])
def test_nothing_in_a_file_is_run(system, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save(dict(momentum_file({}), epoch=_Harmful()), 'zip')
    (tmp_path / 'plain').write_bytes(pickle.dumps(_Harmful(), protocol=2))
    for name in ('zip', 'plain'):
        with pytest.raises(UnsafeCheckpoint, match='eval'):
            load_published(system, name)
    assert not (tmp_path / 'harmed').exists()


@pytest.mark.parametrize('system', ['medaug', 's2mts2', 'refers'])
def test_cut_file(system, tmp_path):
    path = tmp_path / 'x'
    torch.save(momentum_file(query_weights('resnet18')), path)
    path.write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(CheckpointError, match='truncated|damaged|incomplete'):
        load_published(system, path)
