"""Models compute on a GPU what they compute on the CPU; skipped without a GPU."""

import pytest
import torch

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


def test_cxr_clip_computes_the_same(make_vit_clip, make_inputs, make_exact):
    model, inputs = make_vit_clip(dropout=0.0), make_inputs()
    loss, gradient = losses_and_gradient(model, inputs, 'cpu')
    for autocast, tolerance in ((False, 1e-4), (True, 0.05)):
        found, slope = losses_and_gradient(model, inputs, 'cuda', autocast)
        assert (found - loss).abs() < tolerance * loss.abs()
        assert (slope - gradient).norm() < 10 * tolerance * gradient.norm()
