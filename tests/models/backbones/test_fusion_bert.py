from copy import deepcopy

import pytest
import torch

from mmcxr.engine.hooks.recompute_hook import recompute
from mmcxr.models.backbones.fusion_bert import FusionBert
from mmcxr.registry import MODELS

CONFIG = dict(
    vocab_size=61,
    hidden_size=32,
    num_hidden_layers=3,
    num_attention_heads=4,
    intermediate_size=40,
    max_position_embeddings=24,
)
FUSION_LAYER = 1


def build(fusion_layer=FUSION_LAYER, seed=0, **options):
    torch.manual_seed(seed)
    config = dict(type='FusionBert', config=CONFIG, fusion_layer=fusion_layer)
    model = MODELS.build(config | options).eval()
    for parameter in model.parameters():  # biases and norms that can be told apart
        torch.nn.init.normal_(parameter, std=0.2)
    return model


def batch(others=32):
    """Texts of 7 and 4 tokens, films of 5 and 3 patches."""
    torch.manual_seed(1)
    mask = torch.tensor([[1] * 7, [1] * 4 + [0] * 3])
    other_mask = torch.tensor([[1] * 5, [1] * 3 + [0] * 2])
    ids = torch.randint(3, 61, (2, 7)) * mask
    return ids, mask, torch.randn(2, 5, others), other_mask


def reference(model, **config):
    """The language model of transformers with those weights, in its own attention."""
    from transformers import BertConfig, BertLMHeadModel

    values = dict(CONFIG, is_decoder=True, add_cross_attention=True, **config)
    lm = BertLMHeadModel(BertConfig(**values, attn_implementation='eager')).eval()
    for layer in lm.bert.encoder.layer[: model.fusion_layer]:
        layer.is_decoder = False
        del layer.crossattention
    lm.load_state_dict(model.lm.state_dict())
    return lm


def test_text_then_fusion_is_one_bert():
    model = build()
    ids, mask, others, _ = batch()
    lm = reference(model)
    lm.bert.config.is_decoder = False  # its mask is then of both directions
    expected = lm.bert(
        ids,
        attention_mask=mask,
        encoder_hidden_states=others,
        output_hidden_states=True,
    )
    text = model.encode_tokens(ids, mask)
    fused = model.fuse(text, others, mask)
    seen = mask.bool()
    for found, states in (
        (text, expected.hidden_states[FUSION_LAYER]),
        (fused, expected.last_hidden_state),
        (model.predict(fused), lm.cls(expected.last_hidden_state)),
    ):
        torch.testing.assert_close(found[seen], states[seen])


@pytest.mark.parametrize('fusion_layer', [0, 1, 2])
def test_called_it_is_a_causal_language_model(fusion_layer):
    model = build(fusion_layer)
    ids, mask, others, other_mask = batch()
    logits = model(ids, mask, others, other_mask)
    expected = reference(model)(
        ids,
        attention_mask=mask,
        encoder_hidden_states=others,
        encoder_attention_mask=other_mask,
    ).logits
    torch.testing.assert_close(logits[mask.bool()], expected[mask.bool()])
    for end in range(1, 5):  # each place sees what comes before it, and the film
        part = model(ids[:, :end], mask[:, :end], others, other_mask)
        torch.testing.assert_close(part, logits[:, :end])


def test_each_direction_attends_to_all_tokens():
    """Fused tokens of films are those of the same films in another order."""
    model = build()
    ids, mask, films, _ = batch()
    text = model.encode_tokens(ids, mask)
    fused = model.fuse(films, text, other_mask=mask)
    order = torch.tensor([2, 0, 4, 3, 1])
    shuffled = model.fuse(films[:, order], text, other_mask=mask)
    torch.testing.assert_close(shuffled, fused[:, order])
    back = model.fuse(text, films, mask)
    torch.testing.assert_close(model.fuse(text, films[:, order], mask), back)
    assert not torch.allclose(fused[0, 0], model.fuse(films, text.roll(1, 0))[0, 0])


def test_padding_does_not_matter():
    model = build()
    ids, mask, films, film_mask = batch()
    text = model.encode_tokens(ids, mask)
    fused = model.fuse(text, films, mask, film_mask)
    back = model.fuse(films, text, film_mask, mask)
    alone = model.encode_tokens(ids[1:, :4], mask[1:, :4])
    torch.testing.assert_close(text[1:, :4], alone)
    torch.testing.assert_close(fused[1:, :4], model.fuse(alone, films[1:, :3]))
    torch.testing.assert_close(back[1:, :3], model.fuse(films[1:, :3], alone))


def test_gradients_reach_what_is_used():
    model = build()
    ids, mask, films, film_mask = batch()
    layers = dict(enumerate(model.layers))
    parts = layers | dict(words=model.lm.bert.embeddings, head=model.lm.cls)

    def trained(tensor):
        """Parts that get a gradient."""
        model.zero_grad()
        tensor.square().sum().backward()
        return {
            name
            for name, part in parts.items()
            if all(p.grad is not None for p in part.parameters())
        }

    text = model.encode_tokens(ids, mask)
    assert trained(text[:, 0]) == {'words', 0}
    assert all(p.grad is None for i in (1, 2) for p in layers[i].parameters())
    text, films = text.detach().requires_grad_(), films.requires_grad_()
    fused = model.fuse(text, films, mask, film_mask)
    assert trained(fused[:, 0]) == {1, 2}
    assert all(p.grad is None for p in layers[0].parameters())
    assert torch.equal(text.grad.abs().sum(-1) > 0, mask.bool())
    assert torch.equal(films.grad.abs().sum(-1) > 0, film_mask.bool())
    assert trained(model.predict(fused.detach())) == {'head'}
    words = model.lm.bert.embeddings.word_embeddings.weight
    assert (words.grad.abs().sum(1) > 0).all()  # predicted by what embeds them


def test_tokens_of_another_width():
    model = build(0, other_channels=20)
    ids, mask, others, other_mask = batch(20)
    scores = model(ids, mask, others, other_mask)
    assert scores.shape == (2, 7, 61)
    hidden = model.fuse(torch.randn(2, 7, model.out_channels), others, mask, other_mask)
    assert hidden.shape == (2, 7, 32)


def test_copies_keep_their_tie_and_weights():
    model = build()
    before = deepcopy(model.state_dict())
    model.init_weights()
    copied = deepcopy(model)
    copied.load_state_dict(before)
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name
    words = copied.lm.bert.embeddings.word_embeddings.weight
    assert words is copied.lm.cls.predictions.decoder.weight


def test_autocast_stays_near():
    model = build()
    ids, mask, others, other_mask = batch()

    def outputs():
        text = model.encode_tokens(ids, mask)
        return model.fuse(text, others, mask, other_mask), model(ids, mask, others)

    exact = outputs()
    with torch.autocast('cpu', torch.bfloat16):
        rounded = outputs()
    for one, other in zip(exact, rounded, strict=True):
        assert (one - other)[mask.bool()].abs().mean() < 0.05 * one.std()


@pytest.mark.parametrize('layer', [-1, 3])
def test_fusion_needs_a_layer_that_is_there(layer):
    with pytest.raises(ValueError, match='layers 0 to 2'):
        FusionBert(CONFIG, layer)


def test_recomputed_layers_leave_gradients():
    plain = build()
    saving = deepcopy(plain)
    for layer in saving.layers:
        recompute(layer)
    ids, mask, films, film_mask = batch()
    gradients = []
    for model in (plain.train(), saving.train()):
        torch.manual_seed(4)  # the same dropout
        seen = films.clone().requires_grad_()
        text = model.encode_tokens(ids, mask)
        fused = model.fuse(text, seen, mask, film_mask).square().sum()
        (fused + model(ids, mask, seen).square().sum()).backward()
        named = model.named_parameters()
        gradients.append({n: p.grad for n, p in named} | dict(films=seen.grad))
    torch.testing.assert_close(*gradients)
