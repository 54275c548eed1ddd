"""CXR-CLIP and other pairs of encoders."""

import numpy as np
import torch
from mmengine.config import Config
from mmengine.structures import BaseDataElement
from published.cxr_clip import PublishedCXRCLIP
from published.cxr_clip import batch_of as published_pairs

from benchmarks.cases.steps import CONFIGS, Steps, pinned, report_ids
from mmcxr.datasets.collate import collate_studies
from mmcxr.published import cxr_clip as cxr_clip_converter


class CXRCLIPSteps(Steps):
    """CXR-CLIP, ResNet-50 and BERT-base, 224 px, two films and two texts a study."""

    converter = cxr_clip_converter
    image = '_base_/models/cxr-clip_r50.py'
    # The layers of the text encoder, alone or with the whole image encoder.
    hooks = dict(
        layers=[dict(modules=['text_backbone.bert.encoder.layer.*'])],
        compiled=[
            dict(modules=['image_backbone', 'text_backbone.bert.encoder.layer.*'])
        ],
    )
    optim_wrapper = dict(
        optimizer=dict(type='AdamW', lr=5e-5, weight_decay=1e-4),
        paramwise_cfg=dict(
            norm_decay_mult=0.0,
            bias_decay_mult=0.0,
            custom_keys=dict(logit_scale=dict(decay_mult=0.0)),
        ),
    )

    def batches(self, device):
        return (128, 512) if device == 'cuda' else (4 if self.smoke else 8,)

    def films(self, batch):
        return 2 * batch

    def published_model(self):
        return PublishedCXRCLIP(num_layers=1 if self.smoke else 12)

    def model_config(self, recipe):
        model = Config.fromfile(CONFIGS / self.image).model
        layers = 1 if self.smoke else 12
        model.text_backbone.config.num_hidden_layers = layers
        model.data_preprocessor.channels_last = 'swin' not in self.image
        return model

    def batch(self, size):
        side = 64 if self.smoke else 224
        films = self.generator.integers(0, 256, (size, 2, 1, side, side), np.uint8)
        texts = report_ids(2 * size, 'section', 28996, 256, self.generator)
        return torch.from_numpy(films), texts

    def published_batch(self, sample):
        mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
        return published_pairs(*sample, mean, std)

    def our_batch(self, sample, device, recipe):
        """As the loader collates it; texts are joined, by recipe ``padded`` are not."""
        films, texts = sample
        studies = [
            dict(
                inputs=dict(image=film, input_ids=texts[2 * i : 2 * i + 2]),
                data_samples=BaseDataElement(),
            )
            for i, film in enumerate(films)
        ]
        joined = recipe != 'padded'
        data = collate_studies(studies, join_texts=joined, pad_to_multiple=8)
        inputs = {name: pinned(part, device) for name, part in data['inputs'].items()}
        return dict(inputs=inputs, data_samples=None)


class SwinSteps(CXRCLIPSteps):
    """CXR-CLIP, Swin-Tiny; no published step to compare with."""

    image = '_base_/models/cxr-clip_swin-t.py'
    variants = ('ours',)

    def published_model(self):
        return None

    def model_config(self, recipe):
        model = super().model_config(recipe)
        model.image_backbone.drop_path_rate = 0.0
        if self.smoke:
            model.image_backbone.img_size = 64
            model.image_backbone.window_size = 2
        return model
