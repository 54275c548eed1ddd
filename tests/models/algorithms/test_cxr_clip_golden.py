"""CXRCLIP with the stand-in weights of the published ResNet-50 model."""

import importlib.util
import json

import numpy as np
import pytest
import torch

from mmcxr.models.losses.contrastive import multi_view_clip_loss
from mmcxr.registry import MODELS

BERT_BASE = dict(vocab_size=28996)  # the rest are BertConfig's defaults
PREFIXES = {
    'image_encoder.resnet.': 'image_backbone.',
    'text_encoder.text_encoder.': 'text_backbone.bert.',
    'image_projection.projection.': 'image_projection.',
    'text_projection.projection.': 'text_projection.',
}


@pytest.fixture(scope='module')
def fixture_dir(shared_dir):
    return shared_dir / 'golden/cxr_clip/r50_m'


@pytest.fixture(scope='module')
def weights(shared_dir):
    spec = importlib.util.spec_from_file_location(
        'golden_weights', shared_dir / 'golden/weights.py'
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope='module')
def manifest(fixture_dir):
    return json.loads((fixture_dir / 'manifest.json').read_text())


@pytest.fixture(scope='module')
def expected(fixture_dir):
    with np.load(fixture_dir / 'outputs.npz') as stored:
        return {name: torch.from_numpy(stored[name]) for name in stored.files}


@pytest.fixture(scope='module')
def model(weights, manifest):
    model = MODELS.build(
        dict(
            type='CXRCLIP',
            image_backbone=dict(type='mmpretrain.ResNet', depth=50),
            text_backbone=dict(type='BertEncoder', config=BERT_BASE),
            image_channels=2048,
            text_channels=768,
        )
    )
    state = {}
    for name, value in weights.make_state_dict(manifest).items():
        if '.pooler.' in name or name.endswith('position_ids'):
            continue
        for old, new in PREFIXES.items():
            if name.startswith(old):
                name = new + name.removeprefix(old)
        state[name] = torch.from_numpy(np.asarray(value))
    model.load_state_dict(state, strict=True)
    return model.eval()


@pytest.fixture(scope='module')
def close(manifest):
    def check(actual, expected):
        torch.testing.assert_close(
            actual.detach(), expected, check_dtype=False, **manifest['tolerance']
        )

    return check


def films(weights, recipe):
    image = weights.make_image(**recipe['make_image'])
    factors = (np.float32(recipe[k]).reshape(-1, 1, 1, 1) for k in ('scale', 'offset'))
    scale, offset = factors
    return torch.from_numpy(image * scale + offset)


def tokens(recipe):
    return tuple(torch.tensor(recipe[k]) for k in ('input_ids', 'attention_mask'))


@torch.no_grad()
def test_embeddings(model, weights, manifest, expected, close):
    images = films(weights, manifest['inputs']['images'])
    texts = tokens(manifest['inputs']['text_tokens'])
    close(model.extract_feat(images), expected['image_features'])
    close(model.text_backbone(*texts), expected['text_features'])
    image_embeds, text_embeds = model.encode_image(images), model.encode_text(*texts)
    close(image_embeds, expected['image_embeddings'])
    close(text_embeds, expected['text_embeddings'])
    close(model.scale(), expected['logit_scale'])
    logits = model.scale() * image_embeds @ text_embeds.T
    close(logits, expected['logits_per_image'])


@pytest.fixture(scope='module')
def studies(model, weights, manifest):
    """Inputs of the loss batch, and their embeddings."""
    batch = manifest['inputs']['loss_batch']
    views = [films(weights, batch[k]) for k in ('images', 'image_views')]
    texts = [tokens(batch[k]) for k in ('text_tokens', 'text_tokens2')]
    ids, masks = (torch.stack(part, dim=1) for part in zip(*texts, strict=True))
    inputs = dict(image=torch.stack(views, dim=1), input_ids=ids, attention_mask=masks)
    with torch.no_grad():
        return inputs, model(inputs)


def test_loss_batch_embeddings(studies, expected, close):
    _, (images, texts) = studies
    close(images[:, 0], expected['loss_image_embeddings'])
    close(images[:, 1], expected['loss_image_view_embeddings'])
    close(texts[:, 0], expected['loss_text_embeddings'])
    close(texts[:, 1], expected['loss_text_embeddings2'])


def test_loss_and_gradient_of_temperature(model, studies, expected, close):
    model.requires_grad_(False)
    model.logit_scale.requires_grad_(True)
    losses = model(studies[0], mode='loss')
    losses['loss'].backward()
    close(losses['loss'], expected['loss_total'])
    close(losses['loss'], expected['loss_contrastive'])
    for part in ('i2t', 't2i', 'icl', 'tcl'):
        close(losses[part], expected[f'loss_{part}'])
    close(model.logit_scale.grad, expected['loss_grad_logit_scale'])


def test_variants_of_the_loss(model, studies, expected, close):
    def total(**options):
        return multi_view_clip_loss(*studies[1], model.scale(), **options)['loss']

    close(total(label_smoothing=0.1), expected['loss_total_label_smoothing_0.1'])
    close(total(), expected['loss_total_label_smoothing_0.1_eval'])
    close(total(image_weight=0.0, text_weight=0.0), expected['loss_total_clip_config'])
