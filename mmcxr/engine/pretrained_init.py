"""Initialise a module from a checkpoint, completely or not at all."""

from collections.abc import Sequence

from mmengine.logging import print_log
from mmengine.model import BaseModule, update_init_info
from torch import nn

from mmcxr.published import listed, weights_in
from mmcxr.registry import WEIGHT_INITIALIZERS

from .checkpoint import CheckpointError, load_strict, probable_cause


@WEIGHT_INITIALIZERS.register_module(name='Pretrained')
class PretrainedInit:
    """mmengine's ``Pretrained``, but nothing stays at its random start unnoticed.

    Takes the place of mmengine's in configs of our scope; elsewhere write
    ``init_cfg=dict(type='mmcxr.Pretrained', ...)``. Published files, torchvision's
    ResNets, timm's vision transformers (MAE, DINO) and transformers' Swin and BERT are
    brought to our names first.

    Args:
        checkpoint: path, model folder, ``https://``, ``torchvision://``, ...
        prefix: take only the entries under this prefix (``'image_backbone.'``), or
            under the first of several that the file has; ``''`` takes all.
        map_location: as in ``torch.load``.
        allow_missing: patterns (``'head.*'``) of entries of the module that the
            file may lack; they keep their random start.
        allow_unexpected: patterns of entries of the file that are left out.
    """

    def __init__(
        self,
        checkpoint: str,
        prefix: str | Sequence[str] | None = None,
        map_location: str = 'cpu',
        allow_missing: Sequence[str] = (),
        allow_unexpected: Sequence[str] = (),
    ):
        self.checkpoint = checkpoint
        self.prefix = prefix
        self.map_location = map_location
        self.allow_missing = allow_missing
        self.allow_unexpected = allow_unexpected

    def __call__(self, module: nn.Module) -> None:
        """Load the weights into ``module``.

        Raises:
            FileNotFoundError, CheckpointError, ConversionError: the file cannot be
                used, or does not fill the module.
        """
        one = self.prefix and isinstance(self.prefix, str)
        name = f'{self.checkpoint}, prefix {self.prefix}' if one else self.checkpoint
        load_strict(
            module,
            self._weights(module),
            self.allow_missing,
            self.allow_unexpected,
            name=name,
        )
        print_log(
            f'{type(module).__name__} initialised from {name}',
            logger='current',
        )
        if hasattr(module, '_params_init_info'):
            update_init_info(module, f'Pretrained: load from {self.checkpoint}')
        self._keep(module)

    def _weights(self, module: nn.Module) -> dict:
        # Imported late: the runner's package takes seconds.
        from mmengine.runner.checkpoint import _load_checkpoint

        weights = weights_in(_load_checkpoint(self.checkpoint, self.map_location))
        if not self.prefix:
            return weights
        asked = [self.prefix] if isinstance(self.prefix, str) else self.prefix
        prefixes = [prefix and prefix.rstrip('.') + '.' for prefix in asked]
        for prefix in prefixes:
            part = {
                key.removeprefix(prefix): value
                for key, value in weights.items()
                if key.startswith(prefix)
            }
            if part:
                return part
        first = {repr(key.split('.')[0] + '.') for key in weights}
        raise CheckpointError(
            f'{self.checkpoint} has nothing under {" or ".join(map(repr, prefixes))}, '
            f'but under {listed(first)}.' + probable_cause(module.state_dict(), weights)
        )

    def _keep(self, module: nn.Module) -> None:
        """Keep later initialisation from undoing the load.

        mmengine runs initialisers other than its own ``'Pretrained'`` before the
        children's, and mmpretrain's backbones draw some weights anew unless their
        ``init_cfg`` is a dict of exactly that type.
        """
        for child in module.modules():
            if isinstance(child, BaseModule) and child is not module:
                child.is_init = True
        if isinstance(module, BaseModule):
            module.init_cfg = dict(type='Pretrained', checkpoint=self.checkpoint)
