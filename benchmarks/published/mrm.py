"""MRM's step: attention written out, every patch to pixels, every token to words.

https://arxiv.org/abs/2301.13155, released code (4 GPUs x 32, float16 with loss
scaling). Films come as normalised float32 of three channels, reports as 100 tokens.
"""

import torch
from torch import nn
from torch.nn import functional as F
from transformers import BertConfig, BertForMaskedLM

WIDTH, PATCHES, KEPT = 768, 196, 49


class Attention(nn.Module):
    """Multi-head attention with the matrix of weights written out."""

    def __init__(self, num_heads: int):
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.proj = nn.Linear(WIDTH, WIDTH)

    def forward(self, x):
        batch, length, _ = x.shape
        qkv = self.qkv(x).reshape(batch, length, 3, self.num_heads, -1)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-2, -1) * q.shape[-1] ** -0.5).softmax(dim=-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(batch, length, WIDTH))


class MLP(nn.Module):
    """Two linear layers with GELU between."""

    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    """Pre-norm transformer block."""

    def __init__(self, num_heads: int):
        super().__init__()
        self.norm1, self.norm2 = (nn.LayerNorm(WIDTH, eps=1e-6) for _ in range(2))
        self.attn, self.mlp = Attention(num_heads), MLP()

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class PublishedMRM(nn.Module):
    """Encoder, pixel decoder and report model under the published names."""

    def __init__(self, depth: int = 12, decoder_depth: int = 4):
        super().__init__()
        self.cls_token = nn.Parameter(0.02 * torch.randn(1, 1, WIDTH))
        self.pos_embed = nn.Parameter(0.02 * torch.randn(1, PATCHES + 1, WIDTH), False)
        self.patch_embed = nn.ModuleDict(dict(proj=nn.Conv2d(3, WIDTH, 16, 16)))
        self.blocks = nn.ModuleList(Block(12) for _ in range(depth))
        self.norm = nn.LayerNorm(WIDTH, eps=1e-6)
        self.decoder_embed = nn.Linear(WIDTH, WIDTH)
        self.mask_token = nn.Parameter(0.02 * torch.randn(1, 1, WIDTH))
        self.decoder_pos_embed = nn.Parameter(self.pos_embed.detach().clone(), False)
        self.decoder_blocks = nn.ModuleList(Block(6) for _ in range(decoder_depth))
        self.decoder_norm = nn.LayerNorm(WIDTH, eps=1e-6)
        self.decoder_pred = nn.Linear(WIDTH, 3072)
        self.bert_mlp = nn.Linear(WIDTH, 384)
        config = BertConfig(
            vocab_size=30000,
            hidden_size=384,
            num_hidden_layers=6,
            num_attention_heads=6,
            intermediate_size=1536,
            max_position_embeddings=100,
            tie_word_embeddings=False,
            attn_implementation='eager',
        )
        self.bert_encoder = nn.ModuleDict(dict(model=BertForMaskedLM(config)))

    def forward(self, films, input_ids, target_ids, attention_mask, noise):
        """Image and report loss of films (B, 3, 448, 448) and reports (B, 100)."""
        small = F.interpolate(films, (224, 224), mode='bicubic', align_corners=False)
        latent, order = self.encode(small, noise)
        restore = order.argsort(dim=1)
        image_loss = self.image_loss(latent, restore, films)
        condition = self.bert_mlp(latent)[:, 1:].mean(dim=1)
        report_loss = self.report_loss(condition, input_ids, target_ids, attention_mask)
        return image_loss, report_loss

    def encode(self, films, noise):
        """Normed latent (B, 50, 768) of the kept patches, and the order of all."""
        x = self.patch_embed['proj'](films).flatten(2).transpose(1, 2)
        x = x + self.pos_embed[:, 1:]
        order = noise.argsort(dim=1)
        kept = order[:, :KEPT, None].expand(-1, -1, WIDTH)
        first = (self.cls_token + self.pos_embed[:, :1]).expand(len(x), -1, -1)
        x = torch.cat([first, x.gather(1, kept)], dim=1)
        for block in self.blocks:
            x = block(x)
        return self.norm(x), order

    def image_loss(self, latent, restore, films):
        """Squared error of every patch, averaged over the masked ones."""
        x = self.decoder_embed(latent)
        tokens = self.mask_token.expand(len(x), PATCHES - KEPT, -1)
        patches = torch.cat([x[:, 1:], tokens], dim=1)
        patches = patches.gather(1, restore[..., None].expand(-1, -1, WIDTH))
        x = torch.cat([x[:, :1], patches], dim=1) + self.decoder_pos_embed
        for block in self.decoder_blocks:
            x = block(x)
        predicted = self.decoder_pred(self.decoder_norm(x))[:, 1:]
        target = films.reshape(len(films), 3, 14, 32, 14, 32)
        target = target.permute(0, 2, 4, 3, 5, 1).reshape(len(films), PATCHES, 3072)
        mean, var = target.mean(-1, keepdim=True), target.var(-1, keepdim=True)
        error = (predicted - (target - mean) / (var + 1e-6) ** 0.5).square().mean(-1)
        masked = (restore >= KEPT).to(error.dtype)
        return (error * masked).sum() / masked.sum()

    def report_loss(self, condition, input_ids, target_ids, attention_mask):
        """Cross entropy of all positions, padding included."""
        model = self.bert_encoder['model']
        hidden = model.bert.embeddings(input_ids) + condition[:, None]
        mask = (1.0 - attention_mask[:, None, None].to(hidden.dtype)) * -10000.0
        hidden = model.bert.encoder(hidden, attention_mask=mask)[0]
        words = model.cls(hidden)
        return F.cross_entropy(words.flatten(0, 1).float(), target_ids.flatten())

    def optimizer(self):
        """AdamW of the published run; nothing of one dimension is decayed."""
        trained = [p for p in self.parameters() if p.requires_grad]
        groups = [
            dict(params=[p for p in trained if p.dim() > 1], weight_decay=0.05),
            dict(params=[p for p in trained if p.dim() <= 1], weight_decay=0.0),
        ]
        return torch.optim.AdamW(groups, lr=1.5e-4, betas=(0.9, 0.95))
