import torch
from mmengine.optim import DefaultOptimWrapperConstructor, build_optim_wrapper
from mmengine.registry import init_default_scope
from torch import nn

from mmcxr.engine.merged_groups import MergedGroupsConstructor

PARAMWISE = dict(
    norm_decay_mult=0.0,
    bias_decay_mult=0.0,
    custom_keys=dict(head=dict(lr_mult=10.0)),
)


def make_model():
    torch.manual_seed(0)
    body = nn.Sequential(nn.Linear(3, 5), nn.LayerNorm(5), nn.Linear(5, 5))
    model = nn.ModuleDict(dict(body=body, head=nn.Linear(5, 2)))
    model.body[2].bias.requires_grad_(False)
    return model


def make_wrapper(constructor, model):
    return constructor(
        dict(
            type='OptimWrapper',
            optimizer=dict(type='AdamW', lr=0.1, weight_decay=0.3),
        ),
        PARAMWISE,
    )(model)


def settings(model, wrapper):
    """Name of each parameter -> its rate and decay."""
    names = {id(p): name for name, p in model.named_parameters()}
    return {
        names[id(p)]: (group['lr'], group['weight_decay'])
        for group in wrapper.optimizer.param_groups
        for p in group['params']
    }


def test_each_parameter_is_set_as_by_mmengine_in_fewer_groups():
    model = make_model()
    theirs = make_wrapper(DefaultOptimWrapperConstructor, model)
    ours = make_wrapper(MergedGroupsConstructor, model)
    assert settings(model, ours) == settings(model, theirs)
    # The body's decayed and undecayed, and the head, whose key leaves both decayed.
    assert len(ours.optimizer.param_groups) == 3
    trained = [p for p in model.parameters() if p.requires_grad]
    assert len(theirs.optimizer.param_groups) == len(trained)
    listed = [id(p) for g in ours.optimizer.param_groups for p in g['params']]
    assert len(listed) == len(set(listed))


def test_updates_are_the_same():
    finals = []
    for constructor in (DefaultOptimWrapperConstructor, MergedGroupsConstructor):
        model = make_model()
        wrapper = make_wrapper(constructor, model)
        for step in range(3):
            x = torch.randn(7, 3, generator=torch.Generator().manual_seed(step))
            wrapper.update_params(model.head(model.body(x)).square().mean())
        finals.append(nn.utils.parameters_to_vector(model.parameters()).detach())
    torch.testing.assert_close(*finals, rtol=0, atol=0)


def test_it_is_found_by_name():
    init_default_scope('mmcxr')
    config = dict(
        type='OptimWrapper',
        constructor='MergedGroupsConstructor',
        optimizer=dict(type='SGD', lr=0.1),
    )
    wrapper = build_optim_wrapper(make_model(), config)
    assert len(wrapper.optimizer.param_groups) == 1
