"""Parameters spread over two gloo processes: the steps and files of one process."""

import os
import subprocess
import sys

import pytest
import torch
import toy_parts
from mmengine.optim import build_optim_wrapper
from ranks import run_ranks

from mmcxr.engine.checkpoint import load_strict
from mmcxr.engine.hooks.micro_batch_hook import encode_in_pieces
from mmcxr.engine.launch import train
from mmcxr.engine.sharding import gather_full, shard
from mmcxr.registry import MODELS

pytestmark = pytest.mark.dist
VIT = dict(
    type='mmpretrain.VisionTransformer',
    arch=dict(embed_dims=24, num_layers=2, num_heads=2, feedforward_channels=40),
    img_size=32,
    patch_size=16,
    out_type='featmap',
)
BERT = dict(
    vocab_size=61,
    hidden_size=32,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=48,
    max_position_embeddings=40,
    hidden_dropout_prob=0.0,
    attention_probs_dropout_prob=0.0,
)
PARTS = ['image_backbone.layers.*', 'text_backbone.bert.encoder.layer.*']


def make_clip(micro_batch=None):
    torch.manual_seed(0)
    model = MODELS.build(
        dict(
            type='CXRCLIP',
            image_backbone=VIT,
            image_channels=24,
            text_backbone=dict(type='BertEncoder', config=BERT),
            text_channels=32,
            embed_dims=16,
        )
    )
    if micro_batch is not None:
        encode_in_pieces(model, micro_batch)
    return model


def make_inputs(studies):
    generator = torch.Generator().manual_seed(1)
    shape = (studies, 2, 7)
    return dict(
        image=torch.randn(studies, 2, 3, 32, 32, generator=generator),
        input_ids=torch.randint(3, 61, shape, generator=generator),
        attention_mask=torch.ones(shape, dtype=torch.long),
    )


def take_steps(rank, world, options):
    """Three clipped steps of SGD, whose size the gradients keep; whole weights."""
    model = make_clip(**options)
    model.train()
    start = {name: value.clone() for name, value in model.state_dict().items()}
    if world > 1:
        shard(model, PARTS)
        spread_out = model.state_dict()
        load_strict(model, start)  # of a whole checkpoint, into the sharded model
        own = model.image_backbone.layers[0].ffn.layers[1].weight.to_local()
        assert len(own) == 12  # of 24 rows
        assert set(spread_out) == set(start)
    wrapper = build_optim_wrapper(
        model,
        dict(
            optimizer=dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=0.01),
            paramwise_cfg=dict(norm_decay_mult=0.0, bias_decay_mult=0.0),
            constructor='mmcxr.MergedGroupsConstructor',
            clip_grad=dict(max_norm=1.0),
        ),
    )
    batch = {k: v.chunk(world)[rank] for k, v in make_inputs(8).items()}
    losses = []
    for _ in range(3):
        outputs = model.train_step(dict(inputs=batch, data_samples=None), wrapper)
        losses.append(outputs['loss'].detach())
    weights = {name: gather_full(value) for name, value in model.state_dict().items()}
    return torch.stack(losses), weights


@pytest.mark.parametrize('options', [dict(), dict(micro_batch=2)], ids=str)
def test_steps_equal_those_of_one_process(tmp_path, options):
    losses, weights = take_steps(0, 1, options)
    ranks = run_ranks(take_steps, 2, tmp_path, options)
    mean = torch.stack([found for found, _ in ranks]).mean(0)
    torch.testing.assert_close(mean, losses, rtol=1e-4, atol=1e-5)
    for _, found in ranks:
        scale = found.pop('logit_scale').reshape(())
        torch.testing.assert_close(scale, weights['logit_scale'])
        for name, value in found.items():
            torch.testing.assert_close(value, weights[name], rtol=1e-3, atol=1e-4)


PLAIN = """
model = dict(type='ToyRegressor', channels=3, dropout=0.0)
train_dataloader['batch_size'] = {batch}
train_cfg['max_epochs'] = 2
optim_wrapper = dict(
    clip_grad=dict(max_norm=5.0),
    optimizer=dict(type='AdamW', lr=0.05, weight_decay=0.1, fused=True))
"""
SHARDED = """
runner_type = 'FlexibleRunner'
strategy = dict(type='mmcxr.FullyShardedStrategy', modules=['linear'])
"""


def run_two(repo_dir, config, *args) -> None:
    path = os.pathsep.join([str(repo_dir / 'tests'), os.environ.get('PYTHONPATH', '')])
    env = dict(os.environ, PYTHONPATH=path, OMP_NUM_THREADS='1', PYTHON=sys.executable)
    command = ['bash', str(repo_dir / 'tools/dist_train.sh'), str(config), '2', *args]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr[:4000]


def contents(path):
    """Weights and the optimizer's state of a checkpoint."""
    checkpoint = torch.load(path, weights_only=False)
    return checkpoint['state_dict'], checkpoint['optimizer']['state']


@pytest.mark.slow
def test_a_sharded_run_saves_and_resumes_as_one_process(tmp_path, repo_dir):
    """Also across: each goes on from the other's file."""
    configs = {}
    for name, text in (
        ('one', PLAIN.format(batch=8)),
        ('two', PLAIN.format(batch=4) + SHARDED),
    ):
        (tmp_path / name).mkdir()
        configs[name] = toy_parts.write_config(tmp_path / name, repo_dir, text)
    one, two = tmp_path / 'one/run', tmp_path / 'two/run'
    assert train(str(configs['one']), work_dir=str(one)) == 0
    run_two(repo_dir, configs['two'], '--work-dir', str(two))
    for epoch in (1, 2):
        found, expected = (contents(run / f'epoch_{epoch}.pth') for run in (two, one))
        torch.testing.assert_close(dict(found[0]), dict(expected[0]))
        torch.testing.assert_close(found[1], expected[1])
    # Each goes on from the other's file; the one process by the sharded config, for it
    # has nothing to share.
    expected, across = contents(one / 'epoch_2.pth'), tmp_path / 'across'
    text, point = PLAIN.format(batch=8) + SHARDED, str(two / 'epoch_1.pth')
    single = toy_parts.write_config(tmp_path, repo_dir, text)
    assert train(str(single), work_dir=str(across / 'one'), resume=point) == 0
    args = ['--work-dir', str(across / 'two'), '--resume', str(one / 'epoch_1.pth')]
    run_two(repo_dir, configs['two'], *args)
    for name in ('one', 'two'):
        found = contents(across / name / 'epoch_2.pth')
        torch.testing.assert_close(dict(found[0]), dict(expected[0]))
        torch.testing.assert_close(found[1], expected[1])
