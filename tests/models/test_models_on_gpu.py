"""Models compute on a GPU what they compute on the CPU; skipped without a GPU."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.optim import OptimWrapper

from mmcxr.datasets.texts.text_rows import join_texts
from mmcxr.engine.hooks import CompileHook

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available(), reason='needs a GPU that torch can use'
)


def losses_and_gradient(model, inputs, device, autocast=False):
    """Sum of the losses, and the gradient of all parameters in one vector."""
    model = model.to(device).train()
    inputs = {name: value.to(device) for name, value in inputs.items()}
    with torch.autocast(device, torch.bfloat16, enabled=autocast):
        losses = model(inputs, mode='loss')
    loss, _ = model.parse_losses(losses)
    model.zero_grad()
    loss.backward()
    parts = [p.grad.flatten() for p in model.parameters() if p.grad is not None]
    return loss.detach().cpu(), torch.cat(parts).cpu()


@pytest.fixture
def make_exact(monkeypatch):
    monkeypatch.setattr(torch.backends.cuda.matmul, 'allow_tf32', False)
    monkeypatch.setattr(torch.backends.cudnn, 'allow_tf32', False)


@pytest.mark.parametrize('joined', [False, True])
def test_cxr_clip_computes_the_same(make_vit_clip, make_inputs, make_exact, joined):
    model, inputs = make_vit_clip(dropout=0.0), make_inputs()
    loss, gradient = losses_and_gradient(model, inputs, 'cpu')
    if joined:
        lengths = inputs['attention_mask'].flatten(0, 1).sum(1).tolist()
        inputs['text_rows'] = join_texts(lengths, inputs['input_ids'].shape[-1])
    for autocast, tolerance in ((False, 1e-4), (True, 0.05)):
        found, slope = losses_and_gradient(model, inputs, 'cuda', autocast)
        assert (found - loss).abs() < tolerance * loss.abs()
        assert (slope - gradient).norm() < 10 * tolerance * gradient.norm()


def losses_of_steps(model, batches, hook=None):
    """Losses of a step with each batch, looked at only when all are done."""
    model = model.cuda().train()
    wrapper = OptimWrapper(torch.optim.AdamW(model.parameters(), 1e-3, fused=True))
    runner = SimpleNamespace(model=model, optim_wrapper=wrapper)
    if hook:
        hook.before_train(runner)
    losses = []
    for number, inputs in enumerate(batches):
        if hook:
            hook.before_train_iter(runner, number)
        inputs = {name: value.cuda() for name, value in inputs.items()}
        inputs['token_counts'] = dict(masked=64)
        found = model.train_step(dict(inputs=inputs), wrapper)
        losses.append(found['loss_image'] + found['loss_report'])
    return torch.stack(losses).detach().cpu()


@pytest.mark.parametrize('mode', [None, 'reduce-overhead'])
def test_compiled_steps_are_the_same(make_mrm, make_records, make_exact, mode):
    batches = [make_records(seed=seed) for seed in (1, 2, 3, 1, 2, 3)]
    expected = losses_of_steps(make_mrm(loss_on='masked'), batches)
    model = make_mrm(loss_on='masked')
    found = losses_of_steps(model, batches, CompileHook(mode=mode))
    torch.testing.assert_close(found, expected, rtol=2e-3, atol=1e-4)
    assert expected[3] < expected[0]
