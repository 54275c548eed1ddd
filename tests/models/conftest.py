"""Tiny models, and batches for them."""

import pytest
import torch

from mmcxr.engine.hooks.micro_batch_hook import encode_in_pieces
from mmcxr.models.losses import contrastive
from mmcxr.registry import MODELS

VOCAB, WIDTH = 61, 32
BERT = dict(
    vocab_size=VOCAB,
    hidden_size=WIDTH,
    num_hidden_layers=1,
    num_attention_heads=2,
    intermediate_size=48,
    max_position_embeddings=40,
)
RESNET = dict(type='mmpretrain.ResNet', depth=18)
VIT = dict(
    type='mmpretrain.VisionTransformer',
    arch=dict(embed_dims=24, num_layers=2, num_heads=2, feedforward_channels=40),
    img_size=64,
    patch_size=16,
    out_type='featmap',
)


@pytest.fixture(scope='session')
def bert_config():
    return dict(type='BertEncoder', config=BERT)


@pytest.fixture
def make_clip(bert_config):
    """Build a tiny CXR-CLIP; keywords replace its arguments."""

    def make(
        image_backbone=RESNET,
        image_channels=512,
        seed=0,
        dropout=0.1,
        micro_batch=None,
        **options,
    ):
        torch.manual_seed(seed)
        bert = dict(
            BERT, hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout
        )
        config = dict(
            type='CXRCLIP',
            image_backbone=image_backbone,
            text_backbone=dict(bert_config, config=bert),
            image_channels=image_channels,
            text_channels=WIDTH,
            embed_dims=16,
        )
        model = MODELS.build({**config, **options})
        if micro_batch is not None:
            encode_in_pieces(model, micro_batch)
        return model

    return make


@pytest.fixture
def rows_at_once(monkeypatch):
    """Sets how many rows of similarities losses hold; None for all."""

    def hold(rows):
        monkeypatch.setattr(
            contrastive,
            'rows_at_once',
            lambda queries, keys: min(queries, rows or keys),
        )

    return hold


@pytest.fixture
def make_vit_clip(make_clip):
    """The same with a vision transformer, which has no batch statistics."""

    def make(**options):
        return make_clip(image_backbone=VIT, image_channels=24, **options)

    return make


@pytest.fixture
def make_inputs():
    """Normalised films and padded token ids of ``studies`` studies."""

    def make(studies=5, views=2, texts=2, length=9, seed=1):
        generator = torch.Generator().manual_seed(seed)
        shape = (studies, texts)
        ids = torch.randint(3, VOCAB, (*shape, length), generator=generator)
        lengths = torch.randint(3, length + 1, shape, generator=generator)
        mask = (torch.arange(length) < lengths.unsqueeze(-1)).long()
        image = torch.randn(studies, views, 3, 64, 64, generator=generator)
        return dict(image=image, input_ids=ids * mask, attention_mask=mask)

    return make


# Three rows of five patches; seen at 16 px a patch, restored at 32.
GRID = (3, 5)
MASKED_VIT = dict(type='MaskedViT', arch=VIT['arch'], img_size=(48, 80))
PIXEL_DECODER = dict(
    type='PixelDecoder',
    in_channels=24,
    grid=GRID,
    embed_dims=16,
    num_layers=1,
    num_heads=2,
)


@pytest.fixture
def make_mrm():
    """Build a tiny MRM in eval mode; keywords replace its arguments."""

    def make(seed=0, dropout=0.0, **options):
        torch.manual_seed(seed)
        bert = dict(
            BERT, hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout
        )
        config = dict(
            type='MRM',
            backbone=MASKED_VIT,
            image_decoder=PIXEL_DECODER,
            report_model=dict(type='ReportModel', config=bert),
        )
        model = MODELS.build({**config, **options})
        model.init_weights()
        return model.eval()

    return make


@pytest.fixture
def make_records():
    """Films at full resolution, and reports of unequal length, half of them hidden."""

    def make(pairs=4, length=9, seed=1):
        generator = torch.Generator().manual_seed(seed)
        targets = torch.randint(5, VOCAB, (pairs, length), generator=generator)
        lengths = torch.randint(4, length + 1, (pairs, 1), generator=generator)
        mask = (torch.arange(length) < lengths).long()
        hidden = torch.rand(pairs, length, generator=generator) < 0.5
        hidden[:, 1], hidden[:, 2] = True, False  # at least one, and never all
        targets = targets * mask
        return dict(
            image=torch.randn(pairs, 3, 96, 160, generator=generator),
            input_ids=targets.masked_fill(hidden & mask.bool(), 3),
            target_ids=targets,
            attention_mask=mask,
            patch_noise=torch.rand(pairs, 15, generator=generator),
        )

    return make
