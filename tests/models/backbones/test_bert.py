import pytest
import torch

from mmcxr.models.backbones.bert import BertEncoder, pool_tokens
from mmcxr.registry import MODELS

MASK = torch.tensor([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1], [1, 0, 0, 0, 0]])


@pytest.mark.parametrize('pooling', ['eos', 'bos', 'mean', 'max'])
def test_pooling_against_a_loop(pooling):
    hidden = torch.randn(3, 5, 7)
    expected = []
    for row, length in zip(hidden, [3, 5, 1], strict=True):
        attended = row[:length]
        pick = dict(eos=attended[-1], bos=attended[0], mean=attended.mean(0))
        expected.append(dict(pick, max=attended.max(0).values)[pooling])
    torch.testing.assert_close(
        pool_tokens(hidden, MASK, pooling), torch.stack(expected)
    )


def test_empty_text_stays_finite():
    hidden = torch.randn(1, 4, 3)
    for pooling in ('eos', 'bos', 'mean', 'max'):
        pooled = pool_tokens(hidden, torch.zeros(1, 4, dtype=torch.long), pooling)
        assert pooled.isfinite().all()


@pytest.mark.parametrize('pooling', ['eos', 'mean', 'max', 'pooler'])
def test_padding_does_not_matter(bert_config, pooling):
    encoder = MODELS.build(dict(bert_config, pooling=pooling)).eval()
    ids = torch.randint(3, 60, (2, 6))
    padded = torch.cat([ids, torch.full((2, 9), 11)], dim=1)
    mask = torch.cat([torch.ones(2, 6), torch.zeros(2, 9)], dim=1).long()
    short = encoder(ids, torch.ones_like(ids))
    assert short.shape == (2, encoder.out_channels)
    torch.testing.assert_close(short, encoder(padded, mask), rtol=1e-4, atol=1e-5)


def test_checkpointing_leaves_gradients(bert_config):
    ids, mask = torch.randint(3, 60, (2, 6)), torch.ones(2, 6, dtype=torch.long)
    plain = MODELS.build(bert_config)
    saving = MODELS.build(dict(bert_config, gradient_checkpointing=True))
    saving.load_state_dict(plain.state_dict())
    for encoder in (plain, saving):
        encoder.train()
        torch.manual_seed(4)  # the same dropout
        encoder(ids, mask).square().sum().backward()
    for name, parameter in plain.named_parameters():
        other = saving.get_parameter(name)
        assert parameter.grad is not None, name  # no pooler without use
        torch.testing.assert_close(parameter.grad, other.grad)


def test_folder_gives_config_and_weights(bert_config, tmp_path):
    original = MODELS.build(bert_config)
    original.bert.save_pretrained(tmp_path)
    scratch = BertEncoder(str(tmp_path))
    loaded = BertEncoder(str(tmp_path), pretrained=True)
    weight = 'bert.encoder.layer.0.output.dense.weight'
    assert loaded.out_channels == scratch.out_channels == original.out_channels
    expected = original.get_parameter(weight)
    assert torch.equal(loaded.get_parameter(weight), expected)
    assert not torch.equal(scratch.get_parameter(weight), expected)
    for encoder in (loaded, scratch, original):
        assert encoder.bert.config._attn_implementation == 'sdpa'


def test_init_weights_keeps_what_was_read(bert_config):
    encoder = MODELS.build(bert_config)
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    encoder.init_weights()
    for name, value in encoder.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_incomplete_weights_are_refused(bert_config, tmp_path):
    from safetensors.torch import load_file, save_file

    MODELS.build(bert_config).bert.save_pretrained(tmp_path)
    file = tmp_path / 'model.safetensors'
    weights = load_file(file)
    del weights['embeddings.word_embeddings.weight']
    save_file(weights, file, metadata=dict(format='pt'))
    with pytest.raises(ValueError, match='word_embeddings'):
        BertEncoder(str(tmp_path), pretrained=True)


@pytest.mark.parametrize('pretrained', [True, False])
def test_unreachable_name_says_what_to_do(pretrained):
    with pytest.raises(OSError, match='download it once') as caught:
        BertEncoder('nobody/no-such-bert', pretrained=pretrained)
    assert '\n' not in str(caught.value)


def test_impossible_arguments(bert_config):
    with pytest.raises(ValueError, match='pooling'):
        BertEncoder(bert_config['config'], pooling='cls')
    with pytest.raises(ValueError, match='without weights'):
        BertEncoder(bert_config['config'], pretrained=True)


@pytest.mark.parametrize('number', [0, 1])
def test_frozen_layers_take_no_gradient(bert_config, number):
    encoder = MODELS.build(dict(bert_config, frozen_layers=number))
    held = {name for name, p in encoder.named_parameters() if not p.requires_grad}
    frozen = ('bert.embeddings.', *(f'bert.encoder.layer.{i}.' for i in range(number)))
    every = {name for name, _ in encoder.named_parameters()}
    assert held == {name for name in every if name.startswith(frozen)} and held


@pytest.mark.parametrize('number', [-1, 2])
def test_layers_that_are_not_there_cannot_be_frozen(bert_config, number):
    with pytest.raises(ValueError, match='this BERT has 1 layers'):
        MODELS.build(dict(bert_config, frozen_layers=number))
