"""Merge optimizer groups with equal settings."""

from mmengine.optim import DefaultOptimWrapperConstructor
from torch import nn

from mmcxr.registry import OPTIM_WRAPPER_CONSTRUCTORS


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class MergedGroupsConstructor(DefaultOptimWrapperConstructor):
    """mmengine's constructor, with one group for all parameters that are set alike.

    mmengine makes a group of every parameter once ``paramwise_cfg`` is given, and a
    fused optimizer then starts a kernel for each: 313 for MRM where 2 do the same.
    ``paramwise_cfg`` and every update are the same as mmengine's.
    """

    def add_params(
        self,
        params: list[dict],
        module: nn.Module,
        prefix: str = '',
        is_dcn_module: int | float | None = None,
    ) -> None:
        """Append the groups of ``module``'s parameters to ``params``.

        Args:
            params: groups so far; children of a module are added to the same list.
            module: whose parameters to add.
            prefix: of their names.
            is_dcn_module: see mmengine.
        """
        super().add_params(params, module, prefix, is_dcn_module)
        if prefix:
            return  # a child; the whole model merges
        merged: dict[tuple, dict] = {}
        for group in params:
            settings = {key: value for key, value in group.items() if key != 'params'}
            kept = merged.setdefault(
                tuple(sorted(settings.items())), dict(params=[], **settings)
            )
            kept['params'] += group['params']
        params[:] = merged.values()
