"""Layer-wise learning-rate decay."""

from mmengine.optim import DefaultOptimWrapperConstructor
from torch import nn

from mmcxr.registry import OPTIM_WRAPPER_CONSTRUCTORS

from .layer_depth import layer_depths


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class LayerDecayConstructor(DefaultOptimWrapperConstructor):
    """Layer-wise learning rates for any model with a ``backbone``.

    The rate of a parameter is ``lr * layer_decay_rate ** (last - depth)``, with the
    depths of :func:`.layer_depth.layer_depths`; ``last`` is all that follows the
    layers of the backbone, so that the head on a ViT-B learns at ``lr`` and its
    embeddings at
    ``lr * layer_decay_rate ** 13`` (BEiT, https://arxiv.org/abs/2106.08254), the stem
    of a ResNet at ``lr * layer_decay_rate ** 5``.
    Biases, norms and other parameters of one dimension are not decayed.

    mmpretrain's constructor asks the whole model for the depth, which only its
    classifiers know (and of ResNets the 50, 101 and 152), and makes a group of each
    parameter, where this makes one of all that are alike; mmsegmentation's knows
    backbones by parts of their class name.

    ``paramwise_cfg`` holds ``layer_decay_rate`` and, if wanted, ``undecayed``: ends of
    the names of further parameters that are not decayed (``'pos_embed'``).

    Raises:
        ValueError: from building: an unknown key, no rate, or an ``undecayed`` that
            no parameter ends in.
        TypeError: from building: the model has no ``backbone``, or one of which it is
            not known how it is layered.
    """

    def add_params(self, params: list[dict], module: nn.Module) -> None:
        """Append the groups of ``module``'s trainable parameters to ``params``."""
        rate, undecayed = self._settings()
        backbone = getattr(module, 'backbone', None)
        if backbone is None:
            raise TypeError(
                f'layer decay needs a model with a backbone; {type(module).__name__} '
                'has none'
            )
        depths, number = layer_depths(backbone)
        groups, unmet = {}, set(undecayed)
        for name, parameter in module.named_parameters():
            ends = {end for end in undecayed if name.endswith(end)}
            unmet -= ends
            if not parameter.requires_grad:
                continue
            depth = number - 1
            if name.startswith('backbone.'):
                depth = depths[name.removeprefix('backbone.')]
            key = number - 1 - depth, parameter.ndim > 1 and not ends
            groups.setdefault(key, []).append(parameter)
        if unmet:
            raise ValueError(
                f'undecayed: no parameter ends in {", ".join(sorted(unmet))}'
            )
        for (distance, decayed), members in sorted(groups.items(), reverse=True):
            group = dict(params=members, lr=self.base_lr * rate**distance)
            params.append(group | ({} if decayed else dict(weight_decay=0.0)))

    def _settings(self) -> tuple[float, tuple[str, ...]]:
        unknown = set(self.paramwise_cfg) - {'layer_decay_rate', 'undecayed'}
        if unknown or 'layer_decay_rate' not in self.paramwise_cfg:
            raise ValueError(
                'paramwise_cfg of LayerDecayConstructor holds layer_decay_rate and '
                f'undecayed; got {", ".join(sorted(self.paramwise_cfg)) or "nothing"}'
            )
        undecayed = self.paramwise_cfg.get('undecayed', ())
        return self.paramwise_cfg['layer_decay_rate'], tuple(undecayed)
