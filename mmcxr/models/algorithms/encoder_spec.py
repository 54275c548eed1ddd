"""What a downstream task must know of a method's image encoder."""

from dataclasses import dataclass, field, replace

import torch
from mmengine.registry import DefaultScope
from torch.overrides import TorchFunctionMode

from mmcxr.models.necks.pooling import pool_features
from mmcxr.registry import MODELS


class weights_on_meta(TorchFunctionMode):
    """What is allocated holds no values; small tables are computed as ever."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func in (torch.empty, torch.zeros, torch.ones, torch.randn, torch.full):
            kwargs['device'] = 'meta'
        return func(*args, **kwargs)


# Backbones with stages of four sizes -> what their maps of all stages need besides.
STAGED = {
    'mmpretrain.ResNet': {},
    'mmpretrain.DenseNet': {},
    'mmpretrain.SwinTransformer': dict(pad_small_map=True),
}
PLAIN = 'mmpretrain.VisionTransformer'


@dataclass(frozen=True)
class EncoderSpec:
    """An image encoder, told without building it.

    Args:
        backbone: config of the backbone whose pooled feature the method probes.
        pooling: see :func:`pool_features`.
        preprocessing: arguments of the :class:`FilmPreprocessor` (``mean``, ``std``,
            ``resize``).
        head: what a classification head on it has by default (``norm``, ``init_std``).
        prefix: of the encoder's weights in the method's state dict.
        left_out: patterns of weights there that this backbone does not have.
        not_there: patterns of weights of this backbone that are not there.
    """

    backbone: dict
    pooling: str = 'avg'
    preprocessing: dict = field(default_factory=dict)
    head: dict = field(default_factory=dict)
    prefix: str = 'backbone.'
    left_out: tuple[str, ...] = ()
    not_there: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        """All maps of the backbone have one size: it is a plain vision transformer."""
        return self.backbone['type'] == PLAIN

    def width(self) -> int:
        """Channels of the pooled feature."""
        return pool_features(self._maps(), self.pooling).shape[1]

    def pyramid(self, size: int) -> 'EncoderSpec':
        """The same encoder giving four maps, for a segmentor.

        A vision transformer gives blocks at a third, a half, two thirds and the end,
        the last with the final norm. Swin's first three maps pass through norms that
        pre-training does not have; they start at scale 1 and shift 0.

        Args:
            size: side of the films in pixels, for the positions of a transformer.

        Raises:
            ValueError: maps of this kind of backbone are not known.
        """
        kind = self.backbone['type']
        if self.is_plain:
            depth = self._built().num_layers
            blocks = depth // 3 - 1, depth // 2 - 1, depth * 2 // 3 - 1, depth - 1
            maps = dict(img_size=size, out_type='featmap', out_indices=blocks)
            backbone = dict(self.backbone, **maps, final_norm=True)
            return replace(self, backbone=backbone, left_out=())
        if kind not in STAGED:
            known = ', '.join([*STAGED, PLAIN])
            raise ValueError(f'a segmentor needs four maps: of {known}, not of {kind}')
        backbone = dict(self.backbone, **STAGED[kind], out_indices=(0, 1, 2, 3))
        extra = ('norm[012].*',) if 'Swin' in kind else ()
        return replace(self, backbone=backbone, not_there=extra)

    def map_widths(self) -> list[int]:
        """Channels of each map."""
        return [maps.shape[1] for maps in self._maps()]

    def _built(self) -> torch.nn.Module:
        backbone = {k: v for k, v in self.backbone.items() if k != 'init_cfg'}
        with DefaultScope.overwrite_default_scope('mmcxr'), weights_on_meta():
            built = MODELS.build(backbone)
        built.eval()  # returns None for some backbones: not chained
        return built

    @torch.no_grad()
    def _maps(self):
        """What the backbone gives for one film, on the device that computes nothing."""
        size = self.preprocessing.get('resize', {}).get('size')
        side = self.backbone.get('img_size', 224)
        films = torch.empty(1, 3, *(size or (side, side)), device='meta')
        return self._built()(films)
