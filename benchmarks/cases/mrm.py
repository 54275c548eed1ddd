"""MRM, ViT-B/16."""

import numpy as np
import torch
from mmengine.config import Config
from published.mrm import PublishedMRM

from benchmarks.cases.steps import CONFIGS, Steps, pinned, report_ids
from mmcxr.published import mrm as mrm_converter


class MRMSteps(Steps):
    """MRM, ViT-B/16, films of 448 px seen at 224, reports of 100 tokens."""

    converter = mrm_converter
    # The whole forward pass; the same, replayed; or its blocks, each by itself.
    hooks = dict(
        compiled=[dict()],
        replayed=[dict(mode='reduce-overhead')],
        blocks=[
            dict(
                modules=[
                    'backbone.layers.*',
                    'image_decoder.decoder_blocks.*',
                    'report_model.bert.encoder.layer.*',
                ]
            )
        ],
    )
    optim_wrapper = dict(
        optimizer=dict(type='AdamW', lr=1.5e-4, betas=(0.9, 0.95), weight_decay=0.05),
        paramwise_cfg=dict(norm_decay_mult=0.0, bias_decay_mult=0.0),
    )
    mask_id = 3

    def batches(self, device):
        return (32, 64, 128, 256) if device == 'cuda' else (2 if self.smoke else 4,)

    def films(self, batch):
        return batch

    def published_model(self):
        return PublishedMRM(*((1, 1) if self.smoke else (12, 4)))

    def model_config(self, recipe):
        model = Config.fromfile(CONFIGS / '_base_/models/mrm_vit-b16.py').model
        # 'all' is what the published step computes, 'masked' what our recipe does.
        model.loss_on = 'masked' if recipe == 'masked' else 'all'
        if self.smoke:
            model.backbone.arch = dict(
                embed_dims=768, num_layers=1, num_heads=12, feedforward_channels=3072
            )
            model.image_decoder.num_layers = 1
        return model

    def batch(self, size):
        films = self.generator.integers(0, 256, (size, 1, 448, 448), np.uint8)
        texts = report_ids(size, 'report', 30000, 100, self.generator)
        target = torch.zeros(size, 100, dtype=torch.long)
        for row, ids in zip(target, texts, strict=True):
            row[: len(ids)] = ids
        attention = (target > 0).long()
        hidden = torch.from_numpy(self.generator.random(target.shape) < 0.5)
        hidden &= attention.bool()
        hidden[:, 0] = False
        masked = target.masked_fill(hidden, self.mask_id)
        noise = torch.from_numpy(self.generator.random((size, 196), np.float32))
        return torch.from_numpy(films), masked, target, attention, noise

    def published_batch(self, sample):
        films, *rest = sample
        films = (films.float() / 255 - 0.4978) / 0.2449
        return [films.expand(-1, 3, -1, -1).contiguous(), *rest]

    def our_batch(self, sample, device, recipe):
        names = ('image', 'input_ids', 'target_ids', 'attention_mask', 'patch_noise')
        parts = zip(names, sample, strict=True)
        inputs = {name: pinned(part, device) for name, part in parts}
        hidden = sample[1] != sample[2]
        inputs['token_counts'] = dict(
            masked=int(hidden.sum()), non_pad=int(sample[3].sum())
        )
        return dict(inputs=inputs, data_samples=None)
