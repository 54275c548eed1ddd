"""A training step of a segmentor."""

import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from benchmarks.cases.steps import CONFIGS, OurStep
from mmcxr.engine.distributed import without_sync_bn
from mmcxr.registry import MODELS


class SIIMSteps:
    """MRM's segmentor of SIIM, UPerNet on ViT-B/16 at 512 px, from random weights.

    The published one needs an mmsegmentation of 2022 and is not timed; variants are
    ours (bfloat16, as the config has it) and float32.
    """

    variants = ('ours', 'float32')
    full = 'siim/upernet_mrm_vit-b16_4xb2-160k_siim-512px'
    small = 'synthetic/upernet_mrm_vit-mini_1xb8-400_synthetic-192px'

    def __init__(self, smoke: bool = False):
        init_default_scope('mmcxr')
        folder, name = CONFIGS / 'benchmarks/segmentation', self.full
        if smoke:
            name = self.small
        self.side = 192 if smoke else 512
        self.config = Config.fromfile(folder / f'{name}.py')
        self.config.model.backbone.pop('init_cfg', None)
        without_sync_bn(self.config)
        self.smoke = smoke

    def batches(self, device):
        return (2, 8) if device == 'cuda' else (2,)

    def films(self, batch):
        return batch

    def check(self, steps):
        """Nothing to compare with."""

    def countable(self, steps):
        return steps

    def steps(self, batch, device, variants):
        kinds = dict(ours='mmcxr.AutocastOptimWrapper', float32='OptimWrapper')
        made = {}
        for name in variants:
            model = MODELS.build(self.config.model).to(device).train()
            config = dict(self.config.optim_wrapper, type=kinds[name])
            wrapper = build_optim_wrapper(model, config)
            made[name] = OurStep(model, wrapper, self.our_batch(batch))
        return made

    def our_batch(self, size):
        samples, films = [], []
        height, width = self.side, self.side - 32
        for _ in range(size):
            sample = SegDataSample(
                metainfo=dict(
                    img_shape=(height, width), ori_shape=(2 * height, 2 * width)
                )
            )
            mask = (torch.rand(1, height, width) < 0.02).long()
            sample.gt_sem_seg = PixelData(data=mask)
            samples.append(sample)
            films.append(torch.randint(0, 256, (1, height, width), dtype=torch.uint8))
        return dict(inputs=films, data_samples=samples)
