"""CheXzero's and GLoRIA's files give what their authors' code gave."""

import json

import chexzero_outputs
import gloria_outputs
import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope
from stand_in import golden_weights, write_stand_in

from mmcxr.apis import load_model, load_published
from mmcxr.engine.config_file import load_config
from mmcxr.models.losses import gloria_losses, word_attention
from mmcxr.registry import MODELS


def load(shared_dir, variant, folder):
    fixture = shared_dir / 'golden/cxrlearn' / variant
    manifest = json.loads((fixture / 'manifest.json').read_text())
    path = write_stand_in(shared_dir, fixture, folder)
    tokenizer = None
    if variant == 'gloria':
        tokenizer = folder / 'vocab.txt'
        tokenizer.write_text(gloria_outputs.vocabulary(manifest))
    model = load_published(variant, path, tokenizer=tokenizer)
    path.unlink()  # half a gigabyte
    return fixture, manifest, model


@pytest.mark.parametrize(
    ('variant', 'compute'),
    [('chexzero', chexzero_outputs.outputs), ('gloria', gloria_outputs.outputs)],
)
def test_published_file_gives_published_outputs(variant, compute, shared_dir, tmp_path):
    fixture, manifest, model = load(shared_dir, variant, tmp_path)
    assert not any(module.training for module in model.modules())
    weights = golden_weights(shared_dir)
    compare(compute(model, manifest, weights), fixture, manifest)
    check_preprocessing(model, variant, shared_dir, weights)


def check_preprocessing(model, variant, shared_dir, weights):
    """Both films, at their own sizes, through what a user calls."""
    fixture = shared_dir / 'golden/cxrlearn/preprocess'
    manifest = json.loads((fixture / 'manifest.json').read_text())
    films = []
    for height, width, seed in ((300, 260, 50), (260, 411, 51)):
        noise = np.round(127 + 60 * weights.make_image(1, 1, height, width, seed))
        films.append(noise.clip(0, 255)[0, 0].astype(np.uint8))
    tall, wide = model.preprocess(films)
    assert torch.equal(model.preprocess(films[0])[0], tall)
    numbers = [
        f for film in (tall, wide) for f in (film.mean(), film.std(correction=0))
    ]
    found = {
        f'{variant}_slice': tall[0, ::8, ::8],
        f'{variant}_stats': torch.stack(numbers),
    }
    compare(found, fixture, manifest, list(found))


def compare(found, fixture, manifest, names=None):
    """Stored outputs (all of them unless named), each within its tolerance."""
    with np.load(fixture / 'outputs.npz') as stored:
        names = names or stored.files
        expected = {name: torch.from_numpy(stored[name]) for name in names}
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        tolerance = {k: manifest['tolerance'][k] for k in ('rtol', 'atol')}
        own = manifest['outputs'][name].get('atol')
        tolerance |= dict(rtol=0, atol=own) if own is not None else {}
        torch.testing.assert_close(
            found[name],
            value,
            **tolerance,
            check_dtype=False,
            msg=lambda text, name=name: f'{name}: {text}',
        )


@pytest.fixture
def arrays(shared_dir):
    weights = golden_weights(shared_dir)

    def make(rows, columns, seed):
        return torch.from_numpy(weights.make_image(1, 1, rows, columns, seed)[0, 0])

    return make


def test_losses_alone(shared_dir, arrays):
    fixture = shared_dir / 'golden/cxrlearn/losses'
    manifest = json.loads((fixture / 'manifest.json').read_text())
    regions = arrays(3, 16 * 9, 40).reshape(3, 16, 3, 3)
    words = arrays(3, 16 * 6, 41).reshape(3, 16, 6)
    columns = torch.tensor([3, 5, 4])
    losses = gloria_losses(
        arrays(3, 16, 42), arrays(3, 16, 43), regions, words, columns
    )
    found = {
        f'gloria_{kind}': torch.stack([losses[f'{kind}_i2t'], losses[f'{kind}_t2i']])
        for kind in ('global', 'local')
    }
    attention = word_attention(regions[1:2].flatten(2), words[1, :, :5])
    found['gloria_attention'] = attention[0].unflatten(1, (3, 3))
    compare(found, fixture, manifest, list(found))
    parts = sum(losses[k] for k in losses if k != 'loss')
    torch.testing.assert_close(losses['loss'], parts)


# --- models of configs ---------------------------------------------------------------

ZERO_SHOT = dict(
    chexzero='configs/benchmarks/zero_shot/rsna/chexzero_vit-b32.py',
    gloria='configs/benchmarks/zero_shot/rsna/gloria_r50.py',
)
CLASSIFIERS = dict(
    chexzero=('linear-probe.py', 'chexzero_vit-b32'),
    gloria=('finetune.py', 'gloria_r50'),
)


@pytest.mark.slow
@torch.no_grad()
@pytest.mark.parametrize('variant', ZERO_SHOT)
def test_configs_make_the_same_models(variant, shared_dir, repo_dir, tmp_path):
    """Zero-shot, a classifier's start and a U-Net's, from one published file."""
    fixture = shared_dir / 'golden/cxrlearn' / variant
    manifest = json.loads((fixture / 'manifest.json').read_text())
    path = write_stand_in(shared_dir, fixture, tmp_path)
    config = load_config(repo_dir / ZERO_SHOT[variant])
    if variant == 'gloria':
        (tmp_path / 'vocab.txt').write_text(gloria_outputs.vocabulary(manifest))
        name = str(tmp_path / 'vocab.txt')
        config.model.tokenizer.name = name
        config.model.prompt_head.tokenizer.name = name
    model = load_model(config, path)
    weights = golden_weights(shared_dir)
    images = torch.from_numpy(weights.make_image(3, 3, 224, 224, seed=0))[:2]
    with np.load(fixture / 'outputs.npz') as stored:
        expected = torch.from_numpy(stored['features'])
    tolerance = dict(rtol=1e-4, atol=1e-4)
    if variant == 'chexzero':
        images = torch.from_numpy(weights.make_image(2, 3, 224, 224, seed=0))
    torch.testing.assert_close(model.extract_feat(images), expected, **tolerance)
    check_preprocessing(model, variant, shared_dir, weights)
    check_predictions(model, config.prompts, images)
    folder = repo_dir / 'configs/benchmarks/classification/chestx-ray14'
    leaf, encoder = CLASSIFIERS[variant]
    classifier = started(folder / leaf, encoder, path)
    resized = images
    if variant == 'gloria':  # what its data preprocessor does
        resize = classifier.data_preprocessor.resize
        resized = torch.nn.functional.interpolate(images, **resize)
    found = classifier.eval().extract_feat(resized)
    torch.testing.assert_close(found, expected, **tolerance)
    if variant == 'gloria':
        folder = repo_dir / 'configs/benchmarks/segmentation/siim'
        leaf = folder / 'unet_encoder_1xb16-20k_siim-512px.py'
        unet = started(leaf, encoder, path)
        for key, value in model.image_backbone.state_dict().items():
            assert torch.equal(unet.backbone.state_dict()[key], value), key


def started(config, encoder, checkpoint):
    """The model of a config, its backbone initialised from a file."""
    cfg = load_config(config, encoder=f'{encoder}={checkpoint}')
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = MODELS.build(cfg.model)
        model.backbone.init_weights()
    return model


def check_predictions(model, prompts, images):
    """Scores in the data samples, as its head gives them to the metric."""
    samples = model(dict(image=images), mode='predict')
    with DefaultScope.overwrite_default_scope('mmcxr'):
        scores = model.score_prompts(images, model.prompt_head)
    torch.testing.assert_close(torch.stack([s.scores for s in samples]), scores)
    assert samples[0].score_classes == tuple(prompts)
    assert ((scores > 0) & (scores < 1)).all()
