"""CheXzero's and GLoRIA's files give what their authors' code gave."""

import json

import chexzero_outputs
import gloria_outputs
import numpy as np
import pytest
import torch
from stand_in import golden_weights, write_stand_in

from mmcxr.apis.published import load_published
from mmcxr.models.losses import gloria_losses, word_attention


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
