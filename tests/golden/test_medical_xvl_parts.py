"""Parts of Medical X-VL give what the authors' code gave: text encoder, fusion in both
directions, masked and causal language model, texts written greedily, question encoder
and answer decoder, and the separate fusion encoder of 2023.
"""

import json

import numpy as np
import pytest
import torch
from stand_in import golden_weights, tensors
from torch.nn import functional as F

from mmcxr.models.backbones.bert import BertEncoder
from mmcxr.models.backbones.fusion_bert import FusionBert
from mmcxr.models.parts.generation import GenerationSettings, generate_tokens
from mmcxr.torchvision_schema import ensure_torchvision


class Fixture:
    """Weights of a published file, taken by the names of their modules."""

    def __init__(self, folder):
        self.folder = folder
        self.manifest = json.loads((folder / 'manifest.json').read_text())
        self.inputs = self.manifest['inputs']
        self.golden = golden_weights(folder.parents[2])
        self.names = list(self.manifest['state_dict'])

    def take(self, prefix, *left_out):
        """State dict under a prefix, without it."""
        left_out = tuple(prefix + name for name in left_out)
        kept = {
            name: entry
            for name, entry in self.manifest['state_dict'].items()
            if name.startswith(prefix)
            and not name.startswith(left_out)
            and not name.endswith('position_ids')
        }
        found = tensors(self.golden, dict(state_dict=kept))
        return {name.removeprefix(prefix): value for name, value in found.items()}

    def image(self):
        call = self.inputs['image'].partition(')')[0].removeprefix('make_image(')
        *shape, seed = call.replace('seed=', '').split(',')
        drawn = self.golden.make_image(*map(int, shape), seed=int(seed))
        return torch.from_numpy(drawn)

    def tokens(self, name='text'):
        names = 'input_ids', 'attention_mask'
        return [torch.tensor(self.inputs[name][key]) for key in names]

    def compare(self, **found):
        with np.load(self.folder / 'outputs.npz') as stored:
            for name, value in found.items():
                expected = torch.from_numpy(stored[name])
                torch.testing.assert_close(
                    value.to(expected.dtype).reshape(expected.shape),
                    expected,
                    **self.manifest['tolerance'],
                    msg=lambda text, name=name: f'{name}: {text}',
                )


def film_tokens(fixture, prefix):
    """Tokens of timm's vision transformer, whose heads have 64 channels."""
    ensure_torchvision()
    from timm.models.vision_transformer import VisionTransformer

    state = fixture.take(prefix, 'masked_embed')
    width, _, patch, _ = state['patch_embed.proj.weight'].shape
    image = fixture.image()
    model = VisionTransformer(
        img_size=image.shape[-1],
        patch_size=patch,
        embed_dim=width,
        depth=len({n.split('.')[1] for n in state if n.startswith('blocks.')}),
        num_heads=width // 64,
        num_classes=0,
    )
    model.load_state_dict(state)
    return model.eval().forward_features(image)


def bert_config(state):
    words, width = state['bert.embeddings.word_embeddings.weight'].shape
    mlp = next(v for n, v in state.items() if n.endswith('intermediate.dense.weight'))
    return dict(
        vocab_size=words,
        hidden_size=width,
        num_hidden_layers=len({n.split('.')[3] for n in state if '.layer.' in n}),
        num_attention_heads=12,
        intermediate_size=mlp.shape[0],
    )


def fused_from(names):
    """Number of the first layer with cross-attention."""
    crossed = (name.partition('.crossattention.') for name in names)
    return min(int(layer.split('.')[-1]) for layer, found, _ in crossed if found)


def fusion_bert(state):
    model = FusionBert(bert_config(state), fused_from(state))
    missing, unexpected = model.lm.load_state_dict(state, strict=False)
    assert not unexpected
    assert all(name.startswith('cls.') for name in missing)  # encoders have no head
    return model.eval()


def match(cls, state):
    return F.linear(cls, state['weight'], state['bias'])


@torch.no_grad()
def test_fused_bert_of_2022(shared_dir):
    fixture = Fixture(shared_dir / 'golden/medical_xvl/pretrain')
    image = film_tokens(fixture, 'visual_encoder.backbone.')
    bert = fusion_bert(fixture.take('text_encoder.'))
    ids, mask = fixture.tokens()
    text = bert.encode_tokens(ids, mask)
    by_text = bert.fuse(text, image, mask)[:, 0]
    by_image = bert.fuse(image, text, other_mask=mask)[:, 0]
    masked = torch.tensor(fixture.inputs['mlm']['input_ids'])
    asked = torch.tensor(fixture.inputs['mlm']['labels']) >= 0
    logits = bert.predict(bert.fuse(bert.encode_tokens(masked, mask), image, mask))
    attended = mask.unsqueeze(-1)
    fixture.compare(
        image_cls=image[:, 0],
        text_tokens=text * attended,
        fusion_text_cls=by_text,
        fusion_image_cls=by_image,
        itm_logits_t=match(by_text, fixture.take('itm_head_t.')),
        itm_logits_v=match(by_image, fixture.take('itm_head_v.')),
        mlm_logits_slice=(logits * attended)[:, :, ::512],
        mlm_masked_rows=logits[asked][:, ::256],
    )


@torch.no_grad()
def test_causal_language_model(shared_dir):
    fixture = Fixture(shared_dir / 'golden/medical_xvl/generation')
    image = film_tokens(fixture, 'visual_encoder.backbone.')
    bert = fusion_bert(fixture.take('text_encoder.'))
    prefix = torch.tensor(fixture.inputs['prefix_ids'])
    logits = bert(prefix, torch.ones_like(prefix), image)
    largest = logits[:, -1].topk(5)
    ids, mask = fixture.tokens('target')
    scores = bert(ids, mask, image)[:, :-1].transpose(1, 2)
    errors = F.cross_entropy(scores, ids[:, 1:], reduction='none', ignore_index=0)
    # As its meaning tells: from [CLS] to at most ten more, or to [SEP].
    start = ids[:, :1]
    steps = fixture.manifest['outputs']['greedy_ids']['shape'][1] - 1
    settings = GenerationSettings(max_tokens=steps)
    ones = torch.ones_like(start)
    written = generate_tokens(bert.lm, start, ones, image, settings, end_id=3)
    fixture.compare(
        greedy_ids=torch.cat([start, written], dim=1),
        prefix_logits_slice=logits[:, :, ::512],
        prefix_logits_stats=torch.stack([logits.mean(), logits.std()]),
        next_token_top5_logits=largest.values,
        next_token_top5_ids=largest.indices,
        lm_loss_per_sample=errors.sum(1),
        lm_loss_term=errors.sum() / len(ids) * 0.1,
    )


@pytest.mark.slow
@torch.no_grad()
def test_question_encoder_and_answer_decoder(shared_dir):
    fixture = Fixture(shared_dir / 'golden/medical_xvl/vqa')
    image = film_tokens(fixture, 'visual_encoder.')
    encoder = fixture.take('text_encoder.')
    encoder = fusion_bert({f'bert.{name}': value for name, value in encoder.items()})
    decoder = fusion_bert(fixture.take('text_decoder.'))
    ids, mask = fixture.tokens('question')
    states = encoder.fuse(encoder.encode_tokens(ids, mask), image, mask)
    answers, _ = fixture.tokens('answers')
    start = answers[:1, :1].expand(len(ids), 1)
    first = decoder(start, torch.ones_like(start), states, mask)[:, 0].softmax(-1)
    trained, trained_mask = fixture.tokens('train_answers')
    scores = decoder(trained, trained_mask, states, mask)[:, :-1].transpose(1, 2)
    errors = F.cross_entropy(scores, trained[:, 1:], reduction='sum', ignore_index=0)
    fixture.compare(
        question_states=(states * mask.unsqueeze(-1))[:, :, ::4],
        first_token_probs=first[:, answers[:, 1]],
        train_loss=errors / len(ids),
    )


@pytest.mark.slow
@torch.no_grad()
def test_fusion_encoder_of_2023(shared_dir):
    fixture = Fixture(shared_dir / 'golden/medical_xvl/pretrain_2023')
    image = film_tokens(fixture, 'visual_encoder.')
    state = fixture.take('text_encoder.bert.')
    config = bert_config({f'bert.{name}': value for name, value in state.items()})
    text_encoder = BertEncoder(config).eval()
    text_encoder.bert.load_state_dict(state)
    # Layers before the first with cross-attention are in the file, but never used.
    first = fused_from(fixture.names)
    layers = 'bert.encoder.layer.'
    unused = [f'{layers}{number}.' for number in range(first)]
    state = {}
    for name, value in fixture.take('fusion_encoder.', *unused).items():
        if name.startswith(layers):
            number, _, rest = name.removeprefix(layers).partition('.')
            name = f'{layers}{int(number) - first}.{rest}'
        state[name] = value
    fusion = fusion_bert(state)
    ids, mask = fixture.tokens()
    text = text_encoder.encode_tokens(ids, mask)
    cls = fusion.fuse(text, image, mask)[:, 0]
    masked = torch.tensor(fixture.inputs['mlm']['input_ids'])
    hidden = text_encoder.encode_tokens(masked, mask)
    logits = fusion.predict(fusion.fuse(hidden, image, mask))
    attended = mask.unsqueeze(-1)
    fixture.compare(
        image_cls=image[:, 0],
        text_tokens_slice=(text * attended)[:, :, ::4],
        fusion_cls=cls,
        itm_logits=match(cls, fixture.take('itm_head.')),
        mlm_logits_slice=(logits * attended)[:, :, ::512],
    )
