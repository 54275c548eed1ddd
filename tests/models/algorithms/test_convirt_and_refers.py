"""ConVIRT and REFERS: they learn a batch, and embed what they should."""

import pytest
import torch
from models.conftest import BERT, VIT, WIDTH
from torch.nn import functional as F

from mmcxr.registry import MODELS

WORDS = 19


@pytest.fixture
def convirt(bert_config):
    torch.manual_seed(0)
    return MODELS.build(
        dict(
            type='ConVIRT',
            image_backbone=VIT,
            text_backbone=dict(bert_config, pooling='max'),
            image_channels=24,
            text_channels=WIDTH,
            embed_dims=16,
        )
    )


@pytest.fixture
def refers(bert_config):
    torch.manual_seed(0)
    decoder = dict(
        type='ReportDecoder',
        in_channels=24,
        embed_dims=32,
        num_heads=2,
        feedforward_channels=40,
        vocab_size=WORDS,
        max_length=12,
    )
    return MODELS.build(
        dict(
            type='REFERS',
            image_backbone=dict(VIT, out_type='raw'),
            text_backbone=dict(bert_config, pooling='pooler'),
            view_fusion=dict(type='ViewFusion', channels=24),
            report_decoder=decoder,
            image_channels=24,
            text_channels=WIDTH,
        )
    )


@pytest.fixture
def studies(make_inputs):
    inputs = make_inputs(studies=4, views=3, texts=1)
    words = torch.randint(1, WORDS, (4, 8), generator=torch.Generator().manual_seed(2))
    words[0, 5:] = 0
    return dict(inputs, word_ids=words)


def total(losses):
    return sum(value for name, value in losses.items() if 'loss' in name)


def learns(model, inputs, lr):
    """Whether 20 steps on one batch halve the loss; every parameter takes part."""
    model.train()
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    losses = []
    for _ in range(20):
        loss = total(model(inputs, mode='loss'))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    without = [n for n, p in model.named_parameters() if p.grad is None]
    return losses[-1] < 0.5 * losses[0], without


def test_convirt_learns_a_batch(convirt, make_inputs):
    assert learns(convirt, make_inputs(views=1, texts=1), 2e-3) == (True, [])


def test_convirt_loss_is_of_its_embeddings(convirt, make_inputs):
    inputs = make_inputs(views=1, texts=1)
    convirt.eval()
    images, texts = (embeds[:, 0] for embeds in convirt(inputs))
    losses = convirt(inputs, mode='loss')
    logits, target = 10 * images @ texts.T, torch.arange(len(images))
    expected = 0.75 * F.cross_entropy(logits, target)
    expected = expected + 0.25 * F.cross_entropy(logits.T, target)
    torch.testing.assert_close(losses['loss'], expected)
    with pytest.raises(ValueError, match='pairs, but studies of 2 films came'):
        convirt(make_inputs(views=2, texts=1), mode='loss')


def test_zero_shot_scores(convirt, make_inputs):
    samples = convirt(make_inputs(views=1, texts=1), mode='predict')
    assert samples[0].logit_scale == 10 and samples[0].image_embeds.shape == (1, 16)
    assert convirt.zero_shot_head() == dict(type='mmcxr.PromptHead')


def test_refers_learns_a_batch(refers, studies):
    assert learns(refers, studies, 2e-3) == (True, [])


@torch.no_grad()
def test_refers_embeds_studies_and_films(refers, studies):
    refers.eval()
    images = studies['image']
    embeds = refers.encode_image(images)
    features = [refers.extract_feat(images[:, view]) for view in range(3)]
    torch.testing.assert_close(embeds, F.normalize(torch.cat(features, dim=1)))
    alone = refers.encode_image(images[:, 0])
    thrice = refers.encode_image(images[:, :1].expand(-1, 3, -1, -1, -1))
    torch.testing.assert_close(alone, thrice)
    text = refers.text_projection(
        refers.text_backbone(
            studies['input_ids'][:, 0], studies['attention_mask'][:, 0]
        )
    )
    found = refers(studies)
    torch.testing.assert_close(found[0], embeds)
    torch.testing.assert_close(found[1], F.normalize(text)[:, None])
    with pytest.raises(ValueError, match='studies of 3 films, .* 2 came'):
        refers.encode_image(images[:, :2])


@torch.no_grad()
def test_refers_report_loss_leaves_padding_out(refers, studies):
    refers.eval()
    logits = refers.report_logits(
        refers.view_tokens(studies['image']), studies['word_ids']
    )
    losses = [
        F.cross_entropy(logits[study, place], studies['word_ids'][study, place + 1])
        for study in range(4)
        for place in range(7)
        if studies['word_ids'][study, place + 1] != 0
    ]
    found = refers(studies, mode='loss')['loss_report']
    torch.testing.assert_close(found, torch.stack(losses).mean())


def test_pooler_of_bert_is_there_for_that_pooling_alone(bert_config):
    assert BERT['hidden_size'] == WIDTH
    with_pooler = MODELS.build(dict(bert_config, pooling='pooler'))
    without = MODELS.build(dict(bert_config, pooling='max'))
    extra = with_pooler.state_dict().keys() - without.state_dict().keys()
    assert extra == {'bert.pooler.dense.weight', 'bert.pooler.dense.bias'}
