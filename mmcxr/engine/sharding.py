"""Models whose parameters are sharded over processes (FSDP2), and their checkpoints.

A sharded model has DTensors for parameters. What is saved and loaded here is whole:
a checkpoint of a sharded run and one of a single process are alike.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from .module_names import named_parts


def shard(model: nn.Module, modules: Sequence[str]) -> list[str]:
    """Shard the parameters of a model over all processes, in place.

    Parameters are gathered module by module as the forward and backward pass reach
    them, and the rest once for all. Scalars get a dimension, for they cannot be
    sharded otherwise.

    Args:
        model: on its device, not wrapped.
        modules: dotted names of the parts to be gathered one by one, ``*`` for any
            one part; see :func:`named_parts`. Parts of which methods other than the
            forward pass are called cannot be among them.

    Returns:
        Names of the scalars.
    """
    from torch.distributed.fsdp import fully_shard

    scalars = [name for name, value in model.named_parameters() if value.dim() == 0]
    for name in scalars:
        owner, _, leaf = name.rpartition('.')
        value = model.get_parameter(name)
        parameter = nn.Parameter(value.detach().reshape(1), value.requires_grad)
        setattr(model.get_submodule(owner), leaf, parameter)
    for part in named_parts(model, modules, 'FullyShardedStrategy').values():
        fully_shard(part)
    fully_shard(model)
    return scalars


def gather_full(value: Any) -> Any:
    """A tensor gathered from all processes, on the CPU; anything else as it is."""
    if hasattr(value, 'full_tensor'):
        value = value.full_tensor()
    return value.detach().cpu() if torch.is_tensor(value) else value


def distribute_like(value: Tensor, like: Tensor) -> Tensor:
    """A whole tensor sharded as a parameter is; all processes must call it."""
    from torch.distributed.tensor import distribute_tensor

    if like.dim() == 1 and value.dim() == 0:
        value = value.reshape(1)
    if not hasattr(like, 'full_tensor') or value.shape != like.shape:
        return value
    return distribute_tensor(value.to(like.device), like.device_mesh, like.placements)


def distribute_weights(
    model: nn.Module, weights: Mapping[str, Tensor]
) -> Mapping[str, Tensor]:
    """Weights as ``model.load_state_dict`` takes them, sharded or not."""
    sharded = {
        name: value
        for name, value in model.named_parameters()
        if hasattr(value, 'full_tensor')
    }
    if not sharded:
        return weights
    return {
        name: distribute_like(value, sharded[name]) if name in sharded else value
        for name, value in weights.items()
    }
