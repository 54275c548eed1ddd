"""CXR-CLIP's step: four encoder passes, 256 tokens a text, attention written out.

https://arxiv.org/abs/2310.13292, released code. Films come as normalised float32 of
three channels; AdamW decays everything; float16 with loss scaling on a GPU.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F
from torchvision.models import resnet50
from transformers import BertConfig, BertModel

NUM_TOKENS = 256


class PublishedCXRCLIP(nn.Module):
    """ResNet-50, BERT-base and two linear projections under the published names."""

    def __init__(self, vocab_size: int = 28996, num_layers: int = 12):
        super().__init__()
        resnet = resnet50()
        resnet.fc = nn.Identity()
        config = BertConfig(
            vocab_size=vocab_size,
            num_hidden_layers=num_layers,
            attn_implementation='eager',
        )
        self.image_encoder = nn.ModuleDict(dict(resnet=resnet))
        self.text_encoder = nn.ModuleDict(
            dict(text_encoder=BertModel(config, add_pooling_layer=True))
        )
        self.image_projection = nn.ModuleDict(dict(projection=nn.Linear(2048, 512)))
        self.text_projection = nn.ModuleDict(dict(projection=nn.Linear(768, 512)))
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))

    def image(self, films):
        """(B, 3, H, W) to (B, 512) of length 1."""
        feature = self.image_encoder['resnet'](films)
        return F.normalize(self.image_projection['projection'](feature), dim=-1)

    def text(self, input_ids, attention_mask):
        """(B, 256) ids to (B, 512) of length 1, by the last token."""
        encoder = self.text_encoder['text_encoder']
        hidden = encoder(input_ids, attention_mask=attention_mask).last_hidden_state
        last = attention_mask.sum(1) - 1
        feature = hidden[torch.arange(len(hidden), device=hidden.device), last]
        return F.normalize(self.text_projection['projection'](feature), dim=-1)

    def forward(self, films, input_ids, attention_mask):
        """Loss of (B, 2, 3, H, W) films and (B, 2, 256) texts."""
        images = [self.image(films[:, view]) for view in range(2)]
        texts = [self.text(input_ids[:, t], attention_mask[:, t]) for t in range(2)]
        scale = self.logit_scale.exp()
        target = torch.arange(len(films), device=films.device)

        def both_ways(a, b):
            logits = scale * a @ b.T
            return F.cross_entropy(logits, target), F.cross_entropy(logits.T, target)

        pairs = [sum(both_ways(i, t)) / 2 for i in images for t in texts]
        image_image = sum(both_ways(*images)) / 2
        text_text = sum(both_ways(*texts)) / 2
        return sum(pairs) / 4 + image_image + 0.5 * text_text

    def optimizer(self):
        """As released: one learning rate and decay for all parameters."""
        return torch.optim.AdamW(self.parameters(), lr=5e-5, weight_decay=1e-4)


def batch_of(films: torch.Tensor, texts: list[torch.Tensor], mean, std):
    """What the released loader hands over: floats of three channels, padded ids.

    Args:
        films: (B, 2, 1, H, W) uint8.
        texts: 2 B arrays of token ids, a study's two in a row.
        mean: of the channels.
        std: of the channels.
    """
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (mean, std))
    images = (films.float() / 255 - mean) / std
    input_ids = torch.zeros(len(texts), NUM_TOKENS, dtype=torch.long)
    for row, ids in zip(input_ids, texts, strict=True):
        row[: len(ids)] = ids
    mask = torch.zeros_like(input_ids)
    for row, ids in zip(mask, texts, strict=True):
        row[: len(ids)] = 1
    return images, input_ids.view(-1, 2, NUM_TOKENS), mask.view(-1, 2, NUM_TOKENS)
