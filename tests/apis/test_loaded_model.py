"""What loading gives behaves as the model, and keeps what is known of it."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from mmengine.model import BaseModel

from mmcxr.apis import classify, embed_films
from mmcxr.apis.loaded_model import LoadedModel
from mmcxr.registry import MODELS

FILM = np.arange(72, dtype=np.uint8).reshape(9, 8)


class Toy(BaseModel):
    def __init__(self):
        super().__init__(MODELS.build(dict(type='mmcxr.FilmPreprocessor')))
        self.scale = torch.nn.Parameter(torch.tensor(2.0))
        self.power = 1

    def forward(self, films):
        return self.scale * films.mean(dim=(1, 2, 3)) ** self.power


@pytest.fixture
def loaded():
    facts = dict(name='toy', checkpoint_sha256='ab')
    size = dict(type='mmcxr.FilmResize', size=8)
    return LoadedModel(Toy(), dict(type='Toy'), [size], facts)


def test_the_model_answers_what_this_does_not(loaded):
    films = torch.ones(2, 3, 4, 4)
    assert loaded.scale is loaded.model.scale
    assert torch.equal(loaded(films), loaded.model(films))
    loaded.power = 0  # a setting of the model is set there
    assert loaded.model.power == 0 and torch.equal(loaded(films * 5), loaded(films))
    with pytest.raises(AttributeError, match='nothing'):
        _ = loaded.nothing


def test_what_returns_the_model_returns_this(loaded):
    assert loaded.to('cpu', torch.float64).train().eval() is loaded
    assert loaded.scale.dtype == torch.float64 and not loaded.training
    assert loaded.float().preprocess(FILM).shape == (1, 3, 9, 8)


def test_its_own_names_stay_its_own(loaded):
    loaded.film_pipeline = []
    assert not hasattr(loaded.model, 'film_pipeline')
    with pytest.raises(AttributeError):
        loaded.digest = 'cd'
    assert loaded.digest == loaded.checkpoint_digest == 'ab'
    again = deepcopy(loaded)
    again.model.power = 3
    assert loaded.power == 1


def test_a_bare_module_is_refused(loaded):
    for call in (embed_films, lambda *args: classify(*args, prompts='Edema')):
        with pytest.raises(TypeError, match='Toy was not loaded: take what load_model'):
            call(loaded.model, FILM)
