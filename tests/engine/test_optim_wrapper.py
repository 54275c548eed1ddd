"""bfloat16 autocast on the CPU."""

import pytest
import torch
from torch import nn

from mmcxr.engine import optim_wrapper
from mmcxr.engine.optim_wrapper import AutocastOptimWrapper
from mmcxr.registry import OPTIM_WRAPPERS


@pytest.fixture(autouse=True)
def bfloat16(monkeypatch):
    """As on a CPU that has it."""
    monkeypatch.setattr(optim_wrapper, 'has_bfloat16', lambda device: True)


def wrapped(model, **kwargs):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    return AutocastOptimWrapper(optimizer, **kwargs)


def test_computes_in_bfloat16_and_keeps_float32_parameters():
    torch.manual_seed(0)
    model, x = nn.Linear(7, 3), torch.randn(5, 7)
    wrapper = wrapped(model)
    with wrapper.optim_context(model):
        y = model(x)
        with torch.autocast('cpu', enabled=False):
            exact = model(x)
    assert y.dtype == torch.bfloat16 and exact.dtype == torch.float32
    # 8 bits of mantissa: relative error of about 2^-8.
    torch.testing.assert_close(y.float(), exact, rtol=2e-2, atol=2e-2)
    before = model.weight.detach().clone()
    wrapper.update_params(y.float().pow(2).mean())
    assert model.weight.dtype == torch.float32
    assert not torch.equal(model.weight, before)
    assert model(x).dtype == torch.float32  # outside the context


def test_a_cpu_that_would_emulate_it_computes_in_float32(monkeypatch):
    monkeypatch.setattr(optim_wrapper, 'has_bfloat16', lambda device: device != 'cpu')
    model, x = nn.Linear(7, 3), torch.randn(5, 7)
    with wrapped(model).optim_context(model):
        assert torch.equal(model(x), nn.functional.linear(x, model.weight, model.bias))
        assert model(x).dtype == torch.float32


def test_accumulated_gradients_equal_one_large_batch():
    torch.manual_seed(0)
    model, x = nn.Linear(7, 1), torch.randn(6, 7)
    start = {k: v.clone() for k, v in model.state_dict().items()}
    accumulating = wrapped(model, accumulative_counts=3)
    accumulating.initialize_count_status(model, 0, 3)
    for part in x.chunk(3):
        with accumulating.optim_context(model):
            loss = model(part).float().pow(2).mean()
        accumulating.update_params(loss)
    in_parts = model.weight.detach().clone()
    model.load_state_dict(start)
    whole = wrapped(model)
    with whole.optim_context(model):
        loss = model(x).float().pow(2).mean()
    whole.update_params(loss)
    torch.testing.assert_close(in_parts, model.weight.detach(), rtol=2e-2, atol=2e-2)


def test_clips_gradients():
    model = nn.Linear(7, 1)
    wrapper = wrapped(model, clip_grad=dict(max_norm=0.01))
    before = model.weight.detach().clone()
    with wrapper.optim_context(model):
        loss = 1e3 * model(torch.ones(2, 7)).float().sum()
    wrapper.update_params(loss)
    step = (model.weight - before).norm()
    assert step <= 0.5 * 0.01 + 1e-6


def test_is_built_by_name_and_takes_no_other_arguments():
    optimizer = torch.optim.SGD(nn.Linear(2, 2).parameters(), lr=1.0)
    cfg = dict(type='mmcxr.AutocastOptimWrapper', optimizer=optimizer)
    assert isinstance(OPTIM_WRAPPERS.build(dict(cfg)), AutocastOptimWrapper)
    with pytest.raises(TypeError):
        OPTIM_WRAPPERS.build(dict(cfg, loss_scale='dynamic'))
