"""Features of films, as a linear probe needs them."""

import torch
from mmengine.registry import init_default_scope

from benchmarks.cases.steps import pinned
from mmcxr.registry import MODELS

ENCODERS = {
    'r50': dict(type='mmpretrain.ResNet', depth=50, out_indices=(3,)),
    'vit-b16': dict(type='mmpretrain.VisionTransformer', out_type='avg_featmap'),
    'vit-l14': dict(type='CLIPViT', arch='large', patch_size=14, out_channels=None),
}


class Extraction:
    """The films of a batch, from bytes to features on the host."""

    def __init__(self, backbone, films, device, half):
        self.model = MODELS.build(backbone).to(device)
        self.model.eval()  # which returns nothing in mmpretrain
        settings = dict(type='FilmPreprocessor', channels_last=half)
        self.preprocessor = MODELS.build(settings).to(device)
        self.films, self.device, self.half = films, device, half

    @torch.no_grad()
    def __call__(self):
        data = self.preprocessor(dict(inputs=dict(image=self.films)))
        with torch.autocast(self.device, torch.bfloat16, enabled=self.half):
            return self.model(data['inputs']['image'])[-1].float().cpu()


class FeatureSteps:
    """Ours: an encoder under bfloat16 as ``extract_features.py --amp``; or float32.

    A variant names the encoder and the precision: ``r50``, ``r50:float32``.
    """

    def __init__(self, smoke: bool = False):
        init_default_scope('mmcxr')
        self.side = 64 if smoke else 224
        names = ['r50'] if smoke else list(ENCODERS)
        self.variants = [name + end for name in names for end in ('', ':float32')]

    def batches(self, device):
        return (256,) if device == 'cuda' else (8,)

    def films(self, batch):
        return batch

    def check(self, steps):
        """Nothing to compare with: precision is the difference."""

    def countable(self, steps):
        return steps

    def steps(self, batch, device, variants):
        shape = batch, 1, self.side, self.side
        films = pinned(torch.randint(0, 256, shape, dtype=torch.uint8), device)
        made = {}
        for name in variants:
            encoder, _, precision = name.partition(':')
            made[name] = Extraction(ENCODERS[encoder], films, device, not precision)
        return made
