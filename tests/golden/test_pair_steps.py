"""Training steps of GLoRIA and ConVIRT give what the authors' code gave: losses, what
they are made of, gradients before clipping, and parameters after the last step.
"""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from cxrlearn_files import content_of
from cxrlearn_outputs import films
from step_fixture import StepFixture, variants
from torch.nn.utils import clip_grad_norm_

from mmcxr.models.losses import word_attention
from mmcxr.published import convirt, gloria
from mmcxr.registry import MODELS


class Fixture(StepFixture):
    """With the model that the weights are loaded into, and its steps."""

    def build(self, config, converted, prefix):
        """The model with those weights; remembers what each is called here."""
        model = MODELS.build(config)
        model.load_state_dict(converted)
        ours = {id(value): name for name, value in converted.items()}
        self.places = {
            name: ours.get(id(self.state_dict[prefix + name]))
            for name in self.manifest['param_names']
        }
        self.unused = {
            name: self.state_dict[prefix + name]
            for name, place in self.places.items()
            if place is None
        }
        return model.train()

    def images(self, number):
        size, batch = self.config['size'], self.config['B']
        first = self.manifest['inputs']['images'].partition('seed=')[2]
        seed = int(first.partition('+')[0]) + number
        return films(self.weights, batch, 3, size, size, seed=seed)

    def tokens(self, rows, length=None):
        length = length or max(map(len, rows))
        ids = torch.tensor([row + [0] * (length - len(row)) for row in rows])
        mask = torch.tensor([[i < len(row) for i in range(length)] for row in rows])
        return dict(input_ids=ids, attention_mask=mask.long())

    def gradients(self, model):
        """In the order of the manifest; parts of BERT that are not here have none."""
        own = dict(model.named_parameters())
        return [
            torch.zeros(1) if place is None else own[place].grad.clone()
            for place in self.places.values()
        ]

    def parameters(self, model):
        own = dict(model.named_parameters())
        return [
            self.unused[name] if place is None else own[place]
            for name, place in self.places.items()
        ]

    def train(self, model, outputs_of, inputs_of, **adam):
        """Steps as the authors' code takes them; what is stored of each."""
        config, found = self.config, {}
        trained = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.Adam(
            trained, lr=config['lr'], weight_decay=config['wd'], **adam
        )
        for step in range(1, config['steps'] + 1):
            inputs = dict(image=self.images(step), **inputs_of(f'step{step}'))
            losses = model(inputs, mode='loss')
            optimizer.zero_grad()
            losses['loss'].backward()
            gradients = self.gradients(model)
            with torch.no_grad():
                outputs = outputs_of(model, inputs, losses)
            outputs |= dict(
                grad_norms=torch.stack([g.norm() for g in gradients]),
                grad_slices=self.slices(gradients),
                grad_total=clip_grad_norm_(trained, config['clip']),
            )
            optimizer.step()
            found |= {f'step{step}_{name}': value for name, value in outputs.items()}
        found['after_param_slices'] = self.slices(self.parameters(model))
        return found


def gloria_outputs(model, inputs, losses):
    pooled, regions = model.encode_film(inputs['image'])
    tokens = inputs['input_ids'], inputs['attention_mask']
    sentences, words, numbers = model.encode_words(*tokens)
    columns = numbers + 1
    attention = word_attention(regions[:1].flatten(2), words[0, :, : columns[0]])
    parts = 'local_i2t', 'local_t2i', 'global_i2t', 'global_t2i', 'loss'
    return dict(
        losses=torch.stack([losses[name] for name in parts]),
        cap_lens=columns,
        text_local=words,
        text_global=sentences,
        image_global=model.image_projection(pooled),
        attention0=attention.unflatten(2, regions.shape[2:]),
    )


@pytest.mark.parametrize('variant', variants('gloria_step'))
def test_gloria(variant, shared_dir):
    fixture = Fixture(shared_dir / 'golden/cxrlearn' / variant)
    config, inputs = fixture.config, fixture.manifest['inputs']
    converted, info = gloria.convert(dict(state_dict=fixture.state_dict))
    depth = int(config['vision'].partition('_')[2])
    model = dict(
        type='GLoRIA',
        image_backbone=dict(type='mmpretrain.ResNet', depth=depth, out_indices=(2, 3)),
        text_backbone=dict(type='BertEncoder', config=without_dropout(config['bert'])),
        image_channels=info['image_channels'],
        region_channels=info['region_channels'],
        embed_dims=config['embedding_dim'],
        num_layers=config['last_n_layers'],
        max_words=config['L'],
        loss_scales=[config[f'temp{number}'] for number in (1, 2, 3)],
        loss_weights=(config['local_loss_weight'], config['global_loss_weight']),
    )
    model = fixture.build(model, converted, 'gloria.')
    words = sorted(inputs['vocabulary'], key=inputs['vocabulary'].get)
    pieces = np.array([word.startswith('##') for word in words])
    model.tokenizer = SimpleNamespace(is_piece=lambda: pieces)
    rows = inputs['caption_token_ids']
    found = fixture.train(
        model,
        gloria_outputs,
        lambda step: fixture.tokens(rows[step], config['L']),
        betas=(0.5, 0.999),
    )
    fixture.compare(found)


def convirt_outputs(model, inputs, losses):
    encoded = model.encode(inputs)
    logits = model.scales[0] * encoded.image_embeds @ encoded.text_embeds.T
    parts = [losses[name] for name in ('i2t', 't2i', 'loss')]
    return dict(losses=torch.stack(parts), logits=logits)


@pytest.mark.parametrize('variant', variants('convirt_step'))
def test_convirt(variant, shared_dir):
    fixture = Fixture(shared_dir / 'golden/cxrlearn' / variant)
    config = fixture.config
    content = content_of(
        'convirt_pretrain',
        fixture.state_dict,
        dict(other_top_level=dict(config=config['model'])),
    )
    converted, info = convirt.convert(content)
    settings = config['model']
    frozen = settings['freeze_text_first_n_layers']
    assert settings['freeze_text_embeddings'] and settings['biloss']
    model = dict(
        type='ConVIRT',
        image_backbone=dict(
            type='mmpretrain.ResNet',
            depth=int(settings['image_encoder'].removeprefix('resnet')),
            out_indices=(3,),
        ),
        text_backbone=dict(
            type='BertEncoder',
            config=without_dropout(config['bert']),
            pooling=settings['pool'],
            frozen_layers=frozen,
        ),
        image_channels=info['image_channels'],
        text_channels=config['bert']['hidden_size'],
        embed_dims=settings['proj_dim'],
        temperatures=(settings['t1'], settings['t2']),
        image_weight=config['lambda'],
    )
    model = fixture.build(model, converted, '')
    rows = fixture.manifest['inputs']['token_ids']
    found = fixture.train(
        model, convirt_outputs, lambda step: fixture.tokens(rows[step]), eps=1e-6
    )
    fixture.compare(found)


def without_dropout(config):
    return dict(config, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
