"""The training steps that ``step.py`` compares: weights, batches, who takes them."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.structures import BaseDataElement, PixelData
from mmseg.structures import SegDataSample
from published.cxr_clip import PublishedCXRCLIP
from published.cxr_clip import batch_of as published_pairs
from published.mrm import PublishedMRM

from mmcxr.converters import cxr_clip as cxr_clip_converter
from mmcxr.converters import mrm as mrm_converter
from mmcxr.datasets.collate import collate_studies
from mmcxr.engine.checkpoint import load_strict
from mmcxr.engine.distributed import without_sync_bn
from mmcxr.engine.hooks import CompileHook
from mmcxr.registry import MODELS

HERE = Path(__file__).parent
CONFIGS = HERE.parent / 'configs'
LENGTHS = json.loads((HERE / 'report_lengths.json').read_text())


def report_ids(count, kind, vocab_size, longest, generator):
    """Random token ids of real lengths, [CLS] first; for CXR-CLIP also [SEP]."""
    lengths = np.minimum(generator.choice(LENGTHS[kind], count) + 2, longest)
    return [
        torch.from_numpy(generator.integers(5, vocab_size, length)).long()
        for length in lengths
    ]


class Steps:
    """The steps of one method; children say which models and batches."""

    def __init__(self, smoke: bool = False):
        self.smoke = smoke
        self.generator = np.random.default_rng(0)
        init_default_scope('mmcxr')

    def steps(self, batch, device, variants):
        """{variant: step}.

        Variants are ``published``; ``ours``; ``compiled``, the whole forward pass;
        ``blocks``, the parts that a ``CompileHook`` of the recipe would compile; or of
        a child.
        """
        published = self.published_model()
        state, _ = self.converter.convert({'model': published.state_dict()})
        sample = self.batch(batch)
        made = {}
        if 'published' in variants:
            data = [pinned(t, device) for t in self.published_batch(sample)]
            made['published'] = PublishedStep(published.to(device), data, device)
        for name in variants:
            if name == 'published':
                continue
            model = MODELS.build(self.model_config(name))
            load_strict(model, state)
            model = model.to(device).train()
            config = dict(
                self.optim_wrapper,
                type='mmcxr.AutocastOptimWrapper',
                constructor='mmcxr.MergedGroupsConstructor',
            )
            config['optimizer'] = dict(config['optimizer'], fused=True)
            wrapper = build_optim_wrapper(model, config)
            if name == 'compiled':
                model.forward = torch.compile(model.forward, dynamic=False)
            elif name == 'blocks':
                runner = SimpleNamespace(model=model)
                CompileHook(self.compiled_parts).before_train(runner)
            data = self.our_batch(sample, device, name)
            made[name] = OurStep(model, wrapper, data)
        return made

    def check(self, steps):
        """The losses of all variants agree to half-precision accuracy.

        In eval mode, since batch statistics of one pass are not those of four; what is
        compiled is compared with what is not in training, which it is compiled for.
        """
        same = [name for name in steps if name in ('published', 'ours')]
        losses = {name: steps[name].loss() for name in same}
        first = max(losses.values(), default=0)
        if any(abs(loss - first) > 0.01 * abs(first) for loss in losses.values()):
            raise AssertionError(f'the losses differ: {losses}')
        for name in {'compiled', 'blocks'} & set(steps):
            pair = [float(steps[name]()) for name in ('ours', name)]
            if abs(pair[0] - pair[1]) > 0.01 * abs(pair[0]):
                raise AssertionError(f'{name}, the loss differs: {pair}')

    def countable(self, steps):
        """Variants whose operations torch can count."""
        compiled = 'compiled', 'blocks'
        return {name: step for name, step in steps.items() if name not in compiled}


def pinned(part, device):
    """A tensor in pinned memory for a GPU; anything else as it is."""
    return part.pin_memory() if device == 'cuda' and torch.is_tensor(part) else part


class PublishedStep:
    """Autocast to float16 and a loss scale on a GPU, float32 on a CPU; one sync."""

    def __init__(self, model, data, device):
        without_dropout(model)
        self.model, self.data, self.device = model, data, device
        self.optimizer = model.optimizer()
        self.half = device == 'cuda'
        self.scaler = torch.amp.GradScaler(device, enabled=self.half)

    def forward(self):
        batch = [t.to(self.device, non_blocking=True) for t in self.data]
        with torch.autocast(self.device, torch.float16, enabled=self.half):
            losses = self.model(*batch)
        return sum(losses) if isinstance(losses, tuple) else losses

    @torch.no_grad()
    def loss(self):
        return in_eval(self.model, lambda: float(self.forward()))

    def __call__(self):
        loss = self.forward()
        loss.item()
        self.optimizer.zero_grad()
        self.scaler.scale(loss).backward()
        self.scaler.step(self.optimizer)
        self.scaler.update()


class OurStep:
    """One ``train_step`` of mmengine's loop."""

    def __init__(self, model, wrapper, data):
        without_dropout(model)
        self.model, self.wrapper, self.data = model, wrapper, data

    @torch.no_grad()
    def loss(self):
        def forward():
            with self.wrapper.optim_context(self.model):
                data = self.model.data_preprocessor(self.data)
                losses = self.model(**data, mode='loss')
            return float(self.model.parse_losses(losses)[0])

        return in_eval(self.model, forward)

    def __call__(self):
        return self.model.train_step(self.data, self.wrapper)['loss']


def in_eval(model, forward):
    """What ``forward`` gives with the model in eval mode."""
    model.eval()
    found = forward()
    model.train()
    return found


def without_dropout(model):
    """Equal losses need equal networks; the time of dropout is left out of both."""
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0


class CXRCLIPSteps(Steps):
    """CXR-CLIP, ResNet-50 and BERT-base, 224 px, two films and two texts a study."""

    converter = cxr_clip_converter
    compiled_parts = ('image_backbone', 'text_backbone.bert.encoder.layer.*')
    optim_wrapper = dict(
        optimizer=dict(type='AdamW', lr=5e-5, weight_decay=1e-4),
        paramwise_cfg=dict(
            norm_decay_mult=0.0,
            bias_decay_mult=0.0,
            custom_keys=dict(logit_scale=dict(decay_mult=0.0)),
        ),
    )

    def batches(self, device):
        return (128, 256) if device == 'cuda' else (4 if self.smoke else 8,)

    def films(self, batch):
        return 2 * batch

    def published_model(self):
        return PublishedCXRCLIP(num_layers=1 if self.smoke else 12)

    def model_config(self, variant):
        model = Config.fromfile(CONFIGS / '_base_/models/cxr-clip_r50.py').model
        layers = 1 if self.smoke else 12
        model.text_backbone.config.num_hidden_layers = layers
        model.data_preprocessor.channels_last = True
        return model

    def batch(self, size):
        side = 64 if self.smoke else 224
        films = self.generator.integers(0, 256, (size, 2, 1, side, side), np.uint8)
        texts = report_ids(2 * size, 'section', 28996, 256, self.generator)
        return torch.from_numpy(films), texts

    def published_batch(self, sample):
        mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
        return published_pairs(*sample, mean, std)

    def our_batch(self, sample, device, variant):
        """As the loader collates it; variant ``padded`` to the longest text of all."""
        films, texts = sample
        studies = [
            dict(
                inputs=dict(image=film, input_ids=texts[2 * i : 2 * i + 2]),
                data_samples=BaseDataElement(),
            )
            for i, film in enumerate(films)
        ]
        groups = 1 if variant == 'padded' else min(8, len(films))
        data = collate_studies(studies, text_groups=groups, pad_to_multiple=8)
        inputs = {name: pinned(part, device) for name, part in data['inputs'].items()}
        return dict(inputs=inputs, data_samples=None)


class MRMSteps(Steps):
    """MRM, ViT-B/16, films of 448 px seen at 224, reports of 100 tokens."""

    converter = mrm_converter
    compiled_parts = (
        'backbone.layers.*',
        'image_decoder.decoder_blocks.*',
        'report_model.bert.encoder.layer.*',
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

    def model_config(self, variant):
        model = Config.fromfile(CONFIGS / '_base_/models/mrm_vit-b16.py').model
        # 'all' is what the published step computes, 'masked' what our recipe does.
        model.loss_on = 'masked' if variant == 'masked' else 'all'
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

    def our_batch(self, sample, device, variant):
        names = ('image', 'input_ids', 'target_ids', 'attention_mask', 'patch_noise')
        parts = zip(names, sample, strict=True)
        inputs = {name: pinned(part, device) for name, part in parts}
        hidden = sample[1] != sample[2]
        inputs['token_counts'] = dict(
            masked=int(hidden.sum()), non_pad=int(sample[3].sum())
        )
        return dict(inputs=inputs, data_samples=None)


class SIIMSteps:
    """MRM's segmentor of SIIM, UPerNet on ViT-B/16 at 512 px, from random weights.

    The published one needs an mmsegmentation of 2022 and is not timed; variants are
    ours (bfloat16, as the config has it) and float32.
    """

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
        for name, kind in kinds.items():
            model = MODELS.build(self.config.model).to(device).train()
            config = dict(self.config.optim_wrapper, type=kind)
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


CASES = {'cxr-clip_r50': CXRCLIPSteps, 'mrm_vit-b16': MRMSteps, 'siim': SIIMSteps}
