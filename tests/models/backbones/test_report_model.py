"""The report model against transformers' BERT, weights shared."""

import pytest
import torch
from torch import nn

from mmcxr.models.backbones import ReportModel

CONFIG = dict(
    vocab_size=61,
    hidden_size=32,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=48,
    max_position_embeddings=12,
    hidden_dropout_prob=0.0,
    attention_probs_dropout_prob=0.0,
)


@pytest.fixture
def model():
    torch.manual_seed(0)
    built = ReportModel(CONFIG)
    built.init_weights()
    for parameter in built.parameters():
        parameter.data.add_(0.05 * torch.randn_like(parameter))
    return built.eval()


@pytest.fixture
def tokens():
    ids, mask = torch.randint(0, 61, (3, 7)), torch.ones(3, 7, dtype=torch.int64)
    mask[0, 4:], mask[2, 2:] = 0, 0
    return ids, mask


def reference(model):
    """transformers' masked language model, its words not tied."""
    from transformers import BertConfig, BertForMaskedLM

    bert = BertForMaskedLM(
        BertConfig(**CONFIG, tie_word_embeddings=False, attn_implementation='eager')
    )
    bert.bert.load_state_dict(model.bert.state_dict())
    bert.cls.predictions.transform.load_state_dict(model.transform.state_dict())
    bert.cls.predictions.decoder = model.decoder
    return bert.eval()


def test_without_a_film_it_is_a_masked_language_model(model, tokens):
    ids, mask = tokens
    hidden = model(ids, mask, torch.zeros(3, 32))
    expected = reference(model)(ids, mask, output_hidden_states=True)
    attended = mask.bool()
    last = expected.hidden_states[-1]
    torch.testing.assert_close(hidden[attended], last[attended])
    words = model.predict(hidden[attended])
    torch.testing.assert_close(words, expected.logits[attended])


def test_film_is_added_after_the_embeddings_norm(model, tokens):
    """To every token, padding included; not before the norm, which would undo it."""
    ids, mask = tokens
    condition = torch.randn(3, 32)
    entering = []
    bert = reference(model).bert
    plain = bert.embeddings(ids)
    hook = model.bert.encoder.layer[0].register_forward_pre_hook(
        lambda module, args, kwargs: entering.append(args[0]), with_kwargs=True
    )
    found = model(ids, mask, condition)
    hook.remove()
    expected = torch.stack([plain[row] + condition[row] for row in range(3)])
    torch.testing.assert_close(entering[0], expected)
    torch.testing.assert_close(model.embed(ids, condition), expected)
    assert not torch.allclose(found, model(ids, mask, torch.zeros(3, 32)))


def test_padding_is_not_attended(model, tokens):
    ids, mask = tokens
    condition = torch.randn(3, 32)
    expected = model(ids, mask, condition)[0, :4]
    longer = model(ids[:1, :4], mask[:1, :4], condition[:1])[0]
    torch.testing.assert_close(longer, expected)
    other = torch.where(mask.bool(), ids, 60)
    torch.testing.assert_close(model(other, mask, condition)[0, :4], expected)


def test_start():
    torch.manual_seed(0)
    model = ReportModel(CONFIG)
    model.init_weights()
    for module in model.modules():
        if isinstance(module, nn.Linear):
            bound = (6 / (module.in_features + module.out_features)) ** 0.5
            assert 0.8 * bound < module.weight.abs().max() <= bound
            assert not module.bias.any()
    words = model.bert.embeddings.word_embeddings.weight
    assert not words[0].any() and 0.015 < words[1:].std() < 0.025
    assert not any('pooler' in name for name, _ in model.named_parameters())
    assert model.decoder.weight is not words


def test_report_longer_than_the_positions(model):
    ids = torch.ones(1, 13, dtype=torch.int64)
    with pytest.raises(ValueError, match='13 tokens came, .* 12 positions'):
        model(ids, ids, torch.zeros(1, 32))
