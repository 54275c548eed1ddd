"""Training steps of Medical X-VL's question answering, wired from parts, give what the
authors' code gave: losses, gradients of all parts, parameters, ranked answers.
"""

import pytest
import torch
from step_fixture import StepFixture, variants
from torch import nn
from torch.nn import functional as F

from mmcxr.models.backbones.fusion_bert import FusionBert
from mmcxr.torchvision_schema import ensure_torchvision

PARTS = {'visual_encoder.': 'films.', 'text_decoder.': 'decoder.lm.'}


class Answering(nn.Module):
    """The question sees the film; a decoder sees the question and writes the answer."""

    def __init__(self, config):
        super().__init__()
        ensure_torchvision()
        from timm.models.vision_transformer import VisionTransformer

        self.films = VisionTransformer(
            img_size=config['res'],
            patch_size=config['patch_size'],
            embed_dim=config['dim'],
            depth=config['depth'],
            num_heads=config['heads'],
            num_classes=0,
        )
        bert = dict(config['bert'])
        places = dict(fusion_layer=bert.pop('fusion_layer'))
        places['other_channels'] = bert.pop('encoder_width')
        bert |= dict(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
        self.question = FusionBert(bert, **places)
        bert['num_hidden_layers'] = config['decoder_layers']
        self.decoder = FusionBert(bert, fusion_layer=0)

    def states(self, image, question):
        text = self.question.encode_tokens(*question)
        return self.question.fuse(text, self.films.forward_features(image), question[1])

    def errors(self, answers, states, mask):
        """Summed cross entropy of each answer."""
        scores = self.decoder(*answers, states, mask)[:, :-1].transpose(1, 2)
        targets = answers[0][:, 1:]
        return F.cross_entropy(scores, targets, reduction='none', ignore_index=0).sum(1)

    @torch.no_grad()
    def rank(self, answers, states, mask, number):
        """Of each question: the best answers, and how likely they are among them."""
        ids, probabilities = [], []
        for state, seen in zip(states[:, None], mask[:, None], strict=True):
            start = answers[0][:1, :1]
            first = self.decoder(start, torch.ones_like(start), state, seen)[0, 0]
            first = first.log_softmax(0)[answers[0][:, 1]]
            chosen = first.topk(number).indices
            rows = [part[chosen] for part in answers]
            seen = seen.expand(number, -1)
            errors = self.errors(rows, state.expand(number, -1, -1), seen)
            # The first word counts twice.
            likely, order = (first[chosen] - errors).softmax(0).sort(descending=True)
            ids.append(chosen[order])
            probabilities.append(likely)
        return dict(rank_ids=torch.stack(ids), rank_probs=torch.stack(probabilities))


def padded(rows):
    length = max(map(len, rows))
    ids = torch.tensor([row + [0] * (length - len(row)) for row in rows])
    return ids, (ids != 0).long()


@pytest.mark.parametrize('variant', variants('vqa_step', 'medical_xvl'))
def test_steps(variant, shared_dir):
    fixture = StepFixture(shared_dir / 'golden/medical_xvl' / variant)
    config, inputs = fixture.config, fixture.manifest['inputs']
    model = Answering(config).train()

    def ours(name):
        for prefix, place in PARTS.items():
            if name.startswith(prefix):
                return place + name.removeprefix(prefix)
        return 'question.lm.bert.' + name.removeprefix('text_encoder.')

    state = {ours(name): value for name, value in fixture.state_dict.items()}
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not unexpected
    assert all(name.startswith('question.lm.cls.') for name in missing)
    named = dict(model.named_parameters())
    own = [named[ours(name)] for name in fixture.manifest['param_names']]
    groups = [[p for p in own if (p.dim() > 1) == decayed] for decayed in (True, False)]
    optimizer = torch.optim.AdamW(
        [
            dict(params=group, weight_decay=decay)
            for group, decay in zip(groups, (config['wd'], 0), strict=True)
        ],
        lr=config['lr'],
    )
    found, batches = {}, []
    for step in range(1, config['steps'] + 1):
        texts = inputs['text'][f'step{step}']
        size = config['res']
        image = fixture.weights.make_image(config['B'], 3, size, size, seed=step)
        batches.append((torch.from_numpy(image), padded(texts['question'])))
        number = torch.tensor(texts['answers_per_question'])
        states = model.states(*batches[-1]).repeat_interleave(number, dim=0)
        mask = batches[-1][1][1].repeat_interleave(number, dim=0)
        errors = model.errors(padded(texts['answers']), states, mask)
        loss = (errors * torch.tensor(texts['weights'])).sum() / config['B']
        optimizer.zero_grad()
        loss.backward()
        gradients = [parameter.grad for parameter in own]
        found |= {
            f'step{step}_loss': loss.detach(),
            f'step{step}_grad_norms': torch.stack([g.norm() for g in gradients]),
            f'step{step}_grad_slices': fixture.slices(gradients),
        }
        optimizer.step()
    found['after_param_slices'] = fixture.slices(own)
    model.eval()
    with torch.no_grad():
        states = model.states(*batches[0])
    answers = padded(inputs['answers_to_rank'])
    number = fixture.manifest['outputs']['rank_ids']['shape'][1]
    fixture.compare(found | model.rank(answers, states, batches[0][1][1], number))
