"""Films as the systems of cxrlearn see them in evaluation, to the authors' last bit."""

import json

import numpy as np
import pytest
import torch
from cxrlearn_files import SYSTEMS, content_of, read_fixture, write
from mmengine.model import BaseModel
from PIL import Image
from stand_in import golden_weights
from test_cxrlearn import compare

from mmcxr.apis.loaded_model import LoadedModel
from mmcxr.apis.published import load_published
from mmcxr.registry import MODELS

CLIP = dict(
    mean=(0.48145466, 0.4578275, 0.40821073), std=(0.26862954, 0.26130258, 0.27577711)
)
# Variants whose film pipeline is stored, and under which name.
STORED = {
    'moco_cxr_resnet18': 'moco_cxr',
    'convirt': 'convirt',
    'refers': 'refers',
    's2mts2': 's2mts2',
}


@pytest.fixture
def films(shared_dir):
    weights = golden_weights(shared_dir)

    def film(height, width, seed):
        noise = weights.make_image(1, 1, height, width, seed=seed)
        return np.clip(np.round(127 + 60 * noise), 0, 255)[0, 0].astype(np.uint8)

    return film(300, 260, 50), film(260, 411, 51)


class EmptyModel(BaseModel):
    """Preprocesses and nothing else."""

    def forward(self, inputs, data_samples=None, mode='tensor'):
        return inputs


def stored(model, films, name):
    tall, wide = (model.preprocess(film)[0] for film in films)
    stats = [f(x) for x in (tall, wide) for f in (torch.mean, population_std)]
    return {f'{name}_slice': tall[0, ::8, ::8], f'{name}_stats': torch.stack(stats)}


def population_std(values):
    return values.std(correction=0)


def check(model, films, name, shared_dir):
    folder = shared_dir / 'golden/cxrlearn/preprocess'
    manifest = json.loads((folder / 'manifest.json').read_text())
    compare(stored(model, films, name), folder, manifest, prefix=name)


@pytest.mark.parametrize('variant', STORED)
def test_pipeline_of_a_published_model(variant, films, shared_dir, tmp_path):
    _, manifest, state_dict = read_fixture(shared_dir, variant)
    path = write(tmp_path / 'file', content_of(variant, state_dict, manifest))
    model = load_published(SYSTEMS[variant][0], path)
    path.unlink()
    check(model, films, STORED[variant], shared_dir)
    # Any form of a film gives the same.
    films[0].flags.writeable = False
    Image.fromarray(films[0]).convert('RGB').save(tmp_path / 'film.png')
    expected = model.preprocess(films[0])
    for form in (Image.fromarray(films[0]), tmp_path / 'film.png'):
        assert torch.equal(model.preprocess(form), expected)


def test_pipeline_of_cxrlearn(films, shared_dir):
    """One for all its models: squashed to a square, CLIP's mean and deviation."""
    model = EmptyModel(MODELS.build(dict(type='mmcxr.FilmPreprocessor', **CLIP)))
    squash = dict(
        type='mmcxr.FilmResize', size=224, keep_ratio=False, interpolation='bicubic'
    )
    model = LoadedModel(model, {}, [squash], {})
    check(model, films, 'cxrlearn', shared_dir)
