"""Recomputed, compiled or laid out otherwise, a model computes the same."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from torch.nn import functional as F

from mmcxr.datasets.texts.text_rows import join_texts
from mmcxr.engine.config_file import ConfigError
from mmcxr.engine.hooks import CompileHook, RecomputeHook
from mmcxr.engine.hooks.compile_hook import compile_training
from mmcxr.engine.module_names import named_parts
from mmcxr.models.preprocessor import FilmPreprocessor
from mmcxr.registry import MODELS

BLOCKS = ['image_backbone.layers.*', 'text_backbone.bert.encoder.layer.*']
MRM_BLOCKS = ['backbone.layers.*', 'image_decoder.decoder_blocks.*']
SWIN = dict(
    type='mmpretrain.SwinTransformer',
    arch=dict(embed_dims=24, depths=[2, 2, 2, 2], num_heads=[2, 2, 2, 2]),
    img_size=64,
    window_size=2,
    drop_path_rate=0.3,
)


def losses_and_slopes(model, inputs, seed=5):
    """Losses, the gradient of every parameter, and the buffers afterwards."""
    model = model.train()
    model.zero_grad()
    torch.manual_seed(seed)
    losses = model(inputs, mode='loss')
    model.parse_losses(losses)[0].backward()
    slopes = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
    losses = {name: value.detach() for name, value in losses.items()}
    return losses, slopes, dict(model.named_buffers())


def close(found, expected, rtol=1e-4, atol=2e-6):
    torch.testing.assert_close(found, expected, rtol=rtol, atol=atol)


def with_hook(hook, model):
    hook.before_train(SimpleNamespace(model=model))
    return model


@pytest.mark.parametrize(
    'modules',
    [['image_backbone', 'text_backbone'], ['image_backbone.layer*', *BLOCKS[1:]]],
    ids=['encoders', 'stages'],
)
def test_recomputed_resnet_and_bert(make_clip, make_inputs, modules):
    inputs = make_inputs()
    expected = losses_and_slopes(make_clip(dropout=0.3), inputs)
    model = with_hook(RecomputeHook(modules), make_clip(dropout=0.3))
    close(losses_and_slopes(model, inputs), expected)
    assert expected[2]['image_backbone.bn1.num_batches_tracked'] == 1
    assert set(model.state_dict()) == set(make_clip().state_dict())


def test_recomputed_swin_by_its_own_switch(make_clip, make_inputs):
    inputs = make_inputs()
    expected = losses_and_slopes(make_clip(SWIN, 192), inputs)
    close(losses_and_slopes(make_clip(dict(SWIN, with_cp=True), 192), inputs), expected)
    model = with_hook(RecomputeHook(['image_backbone.stages.*']), make_clip(SWIN, 192))
    close(losses_and_slopes(model, inputs), expected)


def test_recomputed_mrm(make_mrm, make_records):
    inputs = make_records()
    expected = losses_and_slopes(make_mrm(dropout=0.3), inputs)
    model = with_hook(RecomputeHook(MRM_BLOCKS), make_mrm(dropout=0.3))
    close(losses_and_slopes(model, inputs), expected)


def test_recomputing_is_seen_and_only_in_training(make_vit_clip, make_inputs):
    model, inputs, seen = make_vit_clip(), make_inputs(), []
    block = model.image_backbone.layers[0]
    block.ln1.register_forward_hook(lambda *_: seen.append(torch.is_grad_enabled()))
    with_hook(RecomputeHook(BLOCKS), model)
    losses_and_slopes(model, inputs)
    assert len(seen) == 2  # forward, and again going backward
    model.eval()(inputs)
    assert len(seen) == 3


class Graphs:
    """A backend that runs graphs as they are, and counts them."""

    def __init__(self):
        self.number = 0

    def __call__(self, graph, inputs):
        self.number += 1
        return graph.forward


@pytest.fixture
def graphs():
    torch._dynamo.reset()
    yield Graphs()
    torch._dynamo.reset()


def test_compiled_blocks_share_a_graph_and_lengths_have_their_own(
    make_vit_clip, make_inputs, graphs
):
    model, plain = make_vit_clip(dropout=0.0), make_vit_clip(dropout=0.0)
    assert len(model.image_backbone.layers) == 2
    for module in named_parts(model, BLOCKS, 'test').values():
        compile_training(module, dict(backend=graphs, dynamic=False))
    for length, number in ((9, 2), (12, 3), (9, 3)):
        inputs = make_inputs(length=length)
        expected = losses_and_slopes(plain, inputs)
        close(losses_and_slopes(model, inputs), expected)
        assert graphs.number == number
    for one, two in zip(model.eval()(inputs), plain.eval()(inputs), strict=True):
        assert torch.equal(one, two)
    assert graphs.number == 3  # evaluation is not compiled
    assert set(model.state_dict()) == set(plain.state_dict())


@pytest.mark.parametrize('modules', [['image_backbone', *BLOCKS[1:]]])
def test_compiled_resnet_and_bert(make_clip, make_inputs, graphs, modules):
    inputs = make_inputs()
    expected = losses_and_slopes(make_clip(dropout=0.0), inputs)
    hook = CompileHook(modules, backend='aot_eager')
    model = with_hook(hook, make_clip(dropout=0.0))
    close(losses_and_slopes(model, inputs), expected)


def test_compiled_and_recomputed_mrm_in_bfloat16(make_mrm, make_records, graphs):
    inputs = make_records()
    with torch.autocast('cpu', torch.bfloat16):
        expected = losses_and_slopes(make_mrm(), inputs)
        model = with_hook(CompileHook(MRM_BLOCKS, backend='aot_eager'), make_mrm())
        model = with_hook(RecomputeHook(MRM_BLOCKS), model)
        found = losses_and_slopes(model, inputs)
    close(found[0], expected[0], rtol=1e-2)
    norm = torch.cat([g.flatten() for g in expected[1].values()]).norm()
    for name, slope in found[1].items():
        assert (slope - expected[1][name]).norm() < 0.02 * norm, name


def test_compiled_micro_batches(make_vit_clip, make_inputs, graphs):
    inputs = make_inputs(studies=6)
    expected = losses_and_slopes(make_vit_clip(dropout=0.0), inputs)
    model = make_vit_clip(dropout=0.0, micro_batch=2)
    model = with_hook(CompileHook(BLOCKS, backend='aot_eager'), model)
    close(losses_and_slopes(model, inputs), expected)


@pytest.mark.parametrize('loss_on', ['masked', 'non_pad', 'all'])
def test_whole_mrm_is_one_graph_for_any_number_of_tokens(
    make_mrm, make_records, graphs, loss_on
):
    plain, model = make_mrm(loss_on=loss_on), make_mrm(loss_on=loss_on)
    model = with_hook(CompileHook(backend=graphs), model)
    for seed in range(3):
        inputs = make_records(seed=seed)
        expected = losses_and_slopes(plain, inputs)
        for count in (None, 10_000, 64):
            counts = dict(token_counts={loss_on: count} if count else {})
            close(losses_and_slopes(plain, dict(inputs, **counts)), expected)
        close(losses_and_slopes(model, dict(inputs, **counts)), expected)
    assert graphs.number == 1


def test_text_encoder_is_one_graph_for_any_length(make_clip, make_inputs, graphs):
    plain, model = make_clip(dropout=0.0), make_clip(dropout=0.0)
    hook = CompileHook(['text_backbone'], backend=graphs, dynamic=True)
    model = with_hook(hook, model)
    for length in (9, 12, 17, 24):
        inputs = make_inputs(length=length)
        expected = losses_and_slopes(plain, inputs)
        close(losses_and_slopes(model, inputs), expected)
    assert graphs.number == 1


@pytest.mark.parametrize(('multiple', 'number'), [(1, 3), (8, 1)])
def test_joined_texts_are_a_graph_for_each_number_of_rows(
    make_vit_clip, make_inputs, graphs, multiple, number
):
    plain, model = make_vit_clip(dropout=0.0), make_vit_clip(dropout=0.0)
    model = with_hook(CompileHook(BLOCKS[1:], backend=graphs), model)
    seen = set()
    for seed in (1, 2, 3, 4):
        inputs = make_inputs(studies=6, seed=seed)
        expected = losses_and_slopes(plain, inputs)
        lengths = inputs['attention_mask'].flatten(0, 1).sum(1).tolist()
        inputs['text_rows'] = join_texts(lengths, 9, multiple)
        close(losses_and_slopes(model, inputs), expected)
        seen.add(len(inputs['text_rows']))
    assert graphs.number == len(seen) == number


def test_recorded_steps_know_no_accumulation(make_vit_clip):
    runner = SimpleNamespace(
        model=make_vit_clip(), optim_wrapper=SimpleNamespace(_accumulative_counts=2)
    )
    with pytest.raises(ConfigError, match='accumulative_counts=1'):
        CompileHook(mode='reduce-overhead').before_train(runner)
    CompileHook().before_train(runner)


@pytest.mark.slow
def test_compiled_by_inductor(make_mrm, make_records, graphs):
    """What a user gets; needs a C++ compiler on the CPU."""
    inputs = make_records()
    expected = losses_and_slopes(make_mrm(), inputs)
    model = with_hook(CompileHook(['backbone.layers.*']), make_mrm())
    close(losses_and_slopes(model, inputs), expected, rtol=1e-3, atol=1e-5)


def test_parts_are_named(make_vit_clip):
    model = make_vit_clip()
    assert list(named_parts(model, ['image_backbone.layers.*'], 'x')) == [
        'image_backbone.layers.0',
        'image_backbone.layers.1',
    ]
    with pytest.raises(ConfigError, match="no part 'backbone.layers.*'.*text_backbone"):
        with_hook(CompileHook(['backbone.layers.*']), model)
    with pytest.raises(ConfigError, match='RecomputeHook: CXRCLIP has no part'):
        with_hook(RecomputeHook('head'), model)


def test_channels_last_computes_the_same(make_clip):
    """In double precision: a random ResNet blows up what layouts round otherwise."""
    films = torch.randint(0, 256, (5, 1, 64, 64), dtype=torch.uint8)
    found = []
    for channels_last in (False, True):
        prepare = FilmPreprocessor(channels_last=channels_last)
        films_there = prepare(dict(inputs=dict(image=films)))['inputs']['image']
        layout = films_there.is_contiguous(memory_format=torch.channels_last)
        assert layout == channels_last
        backbone = make_clip().image_backbone.double()
        backbone.train()
        (grid,) = backbone(films_there.double())
        assert grid.is_contiguous(memory_format=torch.channels_last) == channels_last
        grid.square().sum().backward()
        found.append((grid, {n: p.grad for n, p in backbone.named_parameters()}))
    torch.testing.assert_close(*found, rtol=1e-9, atol=1e-9)


def test_fused_adamw_takes_the_same_steps(make_vit_clip):
    weights = []
    for fused in (False, True):
        model = make_vit_clip()
        optimizer = dict(type='AdamW', lr=1e-2, weight_decay=0.1, fused=fused)
        wrapper = build_optim_wrapper(model, dict(optimizer=optimizer))
        generator = torch.Generator().manual_seed(0)
        for _ in range(3):
            for parameter in model.parameters():
                parameter.grad = torch.randn(parameter.shape, generator=generator)
            wrapper.step()
        weights.append(model.state_dict())
    close(*weights, rtol=1e-5, atol=1e-6)


@pytest.fixture
def attentions(monkeypatch):
    """Shapes of the queries that the fused attention was given."""
    seen, fused = [], F.scaled_dot_product_attention

    def counting(query, *args, **kwargs):
        seen.append(tuple(query.shape))
        return fused(query, *args, **kwargs)

    monkeypatch.setattr(F, 'scaled_dot_product_attention', counting)
    from mmpretrain.models.utils import attention

    monkeypatch.setattr(attention, 'scaled_dot_product_attention', counting)
    return seen


def test_attention_is_fused(make_clip, make_mrm, make_inputs, make_records, attentions):
    vit = dict(
        type='mmpretrain.VisionTransformer',
        arch=dict(embed_dims=24, num_layers=2, num_heads=2, feedforward_channels=40),
        img_size=64,
        patch_size=16,
        out_type='featmap',
    )
    make_clip(vit, 24)(make_inputs(studies=3), mode='loss')
    assert attentions == [(6, 2, 17, 12)] * 2 + [(6, 2, 9, 16)]  # two blocks, one BERT
    del attentions[:]
    make_mrm()(make_records(pairs=4), mode='loss')
    # Two blocks that see 4 of 15 patches, a decoder of all, a report model.
    assert [shape[2] for shape in attentions] == [5, 5, 16, 9]


def test_fused_attention_equals_attention_written_out(make_vit_clip, make_inputs):
    model, inputs = make_vit_clip().eval(), make_inputs()
    fused = model(inputs)
    from mmpretrain.models.utils.attention import scaled_dot_product_attention_pyimpl

    for layer in model.image_backbone.layers:
        layer.attn.scaled_dot_product_attention = scaled_dot_product_attention_pyimpl
    bert = model.text_backbone.bert
    bert.set_attn_implementation('eager')
    ids, mask = (inputs[name].flatten(0, 1) for name in ('input_ids', 'attention_mask'))
    hidden = bert(input_ids=ids, attention_mask=mask).last_hidden_state
    images = model.encode(dict(image=inputs['image'])).image_embeds
    torch.testing.assert_close(images, fused[0], rtol=1e-4, atol=1e-5)
    bert.set_attn_implementation('sdpa')
    ours = model.text_backbone.encode_tokens(ids, mask)
    attended = mask.bool()
    torch.testing.assert_close(ours[attended], hidden[attended], rtol=1e-4, atol=1e-5)


def test_gradient_checkpointing_of_bert(make_clip, make_inputs, bert_config):
    inputs = make_inputs()
    expected = losses_and_slopes(make_clip(dropout=0.3), inputs)
    model = make_clip(dropout=0.3)
    config = model.text_backbone.bert.config.to_dict()
    text = dict(bert_config, config=config, gradient_checkpointing=True)
    text = MODELS.build(text)
    text.load_state_dict(model.text_backbone.state_dict())
    model.text_backbone = text
    close(losses_and_slopes(model, inputs), expected)
