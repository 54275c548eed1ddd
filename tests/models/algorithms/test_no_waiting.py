"""A training step of CXR-CLIP and MRM never makes the host wait for the device."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest
import torch
from host_waits import NoWaiting
from mmengine.optim import build_optim_wrapper

from mmcxr.datasets.texts.text_rows import join_texts
from mmcxr.engine.hooks.runtime_info_hook import DeferredRuntimeInfoHook
from mmcxr.models.preprocessor import FilmPreprocessor

DEVICES = ['cpu']
if torch.cuda.is_available():
    DEVICES.append('cuda')


@contextmanager
def refusing(device):
    """Waiting is an error; torch itself watches on a GPU."""
    if device == 'cpu':
        with NoWaiting():
            yield
        return
    torch.cuda.set_sync_debug_mode('error')
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode('default')


def take_steps(model, inputs, device):
    """Two steps as the runner takes them, the second without waiting."""
    model = model.to(device).train()
    wrapper = build_optim_wrapper(
        model,
        dict(
            type='mmcxr.AutocastOptimWrapper',
            constructor='mmcxr.MergedGroupsConstructor',
            optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.1, fused=True),
            paramwise_cfg=dict(norm_decay_mult=0.0),
            clip_grad=dict(max_norm=1.0),
        ),
    )
    numbers = {}
    hub = SimpleNamespace(update_scalar=numbers.__setitem__, update_info=lambda *a: 0)
    runner = SimpleNamespace(
        optim_wrapper=wrapper, message_hub=hub, cfg=SimpleNamespace(pretty_text='')
    )
    hook = DeferredRuntimeInfoHook()
    hook._is_due = lambda runner, index: False
    hook.before_train(runner_of(runner))
    pinned = {
        name: value.pin_memory()
        if device == 'cuda' and torch.is_tensor(value)
        else value
        for name, value in inputs.items()
    }
    batch = dict(inputs=pinned, data_samples=None)
    model.train_step(batch, wrapper)  # optimizers set up their state
    with refusing(device):
        outputs = model.train_step(batch, wrapper)
        hook.after_train_iter(runner, 1, batch, outputs)
    hook.flush(runner)
    return numbers


def runner_of(runner):
    """With what mmengine's part of the hook asks before training."""
    runner.epoch = runner.iter = 0
    runner.max_epochs = runner.max_iters = 2
    runner.train_dataloader = SimpleNamespace(dataset=SimpleNamespace())
    return runner


@pytest.mark.parametrize('device', DEVICES)
@pytest.mark.parametrize(
    'options',
    [
        dict(),
        dict(micro_batch=2),
        dict(pair_loss='sigmoid'),
    ],
    ids=str,
)
@pytest.mark.parametrize('joined', [False, True])
def test_cxr_clip(make_clip, make_inputs, device, options, joined, rows_at_once):
    rows_at_once(2)
    inputs = make_inputs()
    inputs['image'] = (inputs['image'][:, :, :1] * 40 + 120).clamp(0, 255).byte()
    if joined:
        lengths = inputs['attention_mask'].sum(-1).flatten().tolist()
        inputs['text_rows'] = join_texts(lengths, inputs['input_ids'].shape[-1])
    model = make_clip(data_preprocessor=FilmPreprocessor(), **options)
    numbers = take_steps(model, inputs, device)
    assert numbers['train/loss'] > 0 and numbers['train/grad_norm'] > 0


@pytest.mark.parametrize('device', DEVICES)
@pytest.mark.parametrize('loss_on', ['masked', 'non_pad', 'all'])
def test_mrm(make_mrm, make_records, device, loss_on):
    inputs = make_records()
    inputs['image'] = (inputs['image'][:, :1] * 40 + 120).clamp(0, 255).byte()
    inputs['token_counts'] = dict(
        masked=int((inputs['input_ids'] != inputs['target_ids']).sum()),
        non_pad=int(inputs['attention_mask'].sum()),
    )
    model = make_mrm(data_preprocessor=FilmPreprocessor(), loss_on=loss_on)
    assert take_steps(model, inputs, device)['train/loss_report'] > 0


def test_counts_from_the_host_choose_the_same_tokens(make_mrm, make_records):
    inputs = make_records()
    counts = dict(
        masked=int((inputs['input_ids'] != inputs['target_ids']).sum()),
        non_pad=int(inputs['attention_mask'].sum()),
    )
    for loss_on in counts:
        model = make_mrm(loss_on=loss_on)
        plain = model(inputs, mode='loss')
        counted = model(dict(inputs, token_counts=counts), mode='loss')
        torch.testing.assert_close(counted, plain, rtol=0, atol=0)


@pytest.mark.parametrize(
    'wait',
    [
        lambda x: x.sum().item(),
        lambda x: bool(x.any()),
        lambda x: x[x > 0],
        lambda x: x.nonzero(),
        lambda x: x.masked_fill_(x > 0, 0)[x > 1],
    ],
)
def test_waiting_is_noticed(wait):
    with NoWaiting(), pytest.raises(AssertionError, match='the host waits'):
        wait(torch.arange(4))
