"""CLIP at the size of ViT-L/14."""

import torch
from mmengine.config import Config

from benchmarks.cases.cxr_clip import CXRCLIPSteps
from benchmarks.cases.steps import CONFIGS, pinned, report_ids

END = 49407  # the end token of CLIP's vocabulary, by which a text is read


class CLIPSteps(CXRCLIPSteps):
    """CLIP, ViT-L/14 at 224 px, a film and a text of at most 77 tokens a study."""

    hooks = dict(compiled=[dict()], replayed=[dict(mode='reduce-overhead')])
    variants = ('ours',)

    def batches(self, device):
        return (128, 256) if device == 'cuda' else (4,)

    def films(self, batch):
        return batch

    def published_model(self):
        return None

    def model_config(self, recipe):
        model = Config.fromfile(CONFIGS / '_base_/models/chexzero_vit-b32.py').model
        del model.data_preprocessor['resize']
        text = dict(hidden_size=768, intermediate_size=3072, num_attention_heads=12)
        model.image_backbone.update(arch='large', patch_size=14, out_channels=768)
        model.text_backbone.update(config=text, out_channels=768)
        model.update(image_channels=768, text_channels=768, embed_dims=768)
        if self.smoke:
            text['num_hidden_layers'] = 1
            model.image_backbone.img_size = 56
            model.image_backbone.arch = dict(
                embed_dims=64, num_layers=1, num_heads=2, feedforward_channels=128
            )
        return model

    def batch(self, size):
        side = 56 if self.smoke else 224
        films = self.generator.integers(0, 256, (size, 1, side, side), 'uint8')
        texts = report_ids(size, 'section', END, 77, self.generator)
        ids = torch.zeros(size, 77, dtype=torch.long)
        for row, text in zip(ids, texts, strict=True):
            row[: len(text)] = text
            row[len(text) - 1] = END
        return torch.from_numpy(films), ids

    def our_batch(self, sample, device, recipe):
        films, ids = sample
        inputs = dict(image=films, input_ids=ids, attention_mask=(ids > 0).long())
        inputs = {name: pinned(part, device) for name, part in inputs.items()}
        return dict(inputs=inputs, data_samples=None)
