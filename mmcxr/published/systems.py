"""The published systems, and how their files are told apart by their keys."""

from collections.abc import Iterable

# What load_published is meant to take, as users name the methods.
SYSTEMS = (
    'cxr_clip', 'mrm', 'medaug', 'chexzero', 'refers', 'convirt', 's2mts2', 'gloria',
    'moco_cxr', 'medical_xvl', 'distl', 'whyxrayclip',
)  # fmt: skip

# System, and key beginnings that only its files have together.
_TELLTALES = (
    ('cxr_clip', ('image_encoder.', 'text_encoder.text_encoder.')),
    ('cxr_clip (fine-tuned)', ('image_encoder.', 'classifier.classification_head.')),
    ('mrm', ('bert_encoder.', 'decoder_blocks.', 'mask_token')),
    ('a masked autoencoder', ('decoder_blocks.', 'mask_token')),
    ('gloria', ('gloria.',)),
    ('medical_xvl', ('visual_encoder.', 'image_queue', 'text_queue')),
    ('medical_xvl', ('visual_encoder.', 'text_decoder.')),
    ('refers', ('visual.vit.', 'contrastive_bert.')),
    ('refers', ('transformer.embeddings.', 'transformer.encoder.')),
    ('medaug', ('encoder_q.', 'queue_study')),
    ('s2mts2', ('encoder_q.classifier_group',)),
    ('moco_cxr', ('encoder_q.', 'encoder_k.', 'queue')),
    ('moco_cxr or another of momentum contrast', ('encoder_q.',)),
    ('convirt', ('image_encoder.', 'text_encoder.bert_model.', 'image_proj.')),
    ('chexzero or whyxrayclip (CLIP)', ('visual.', 'token_embedding.', 'ln_final.')),
    ('a BERT', ('bert.embeddings.', 'bert.encoder.')),
    ('a BERT', ('embeddings.word_embeddings.', 'encoder.layer.')),
    ('a Swin Transformer', ('swin.',)),
    ('a Swin Transformer', ('patch_embed.', 'stages.', 'norm3.')),
    ('a ResNet with its classifier (ImageNet)', ('conv1.', 'layer1.', 'fc.weight')),
    ('a ResNet', ('conv1.', 'layer1.', 'layer4.')),
    ('a DenseNet', ('features.conv0.', 'features.denseblock1.')),
    ('a vision transformer', ('cls_token', 'pos_embed', 'blocks.')),
    ('a CXRCLIP model with a ResNet', ('image_backbone.layer1.', 'text_backbone.')),
    ('a CXRCLIP model with a Swin Transformer', ('image_backbone.stages.',)),
    ('a CXRCLIP model', ('image_backbone.', 'text_backbone.')),
    ('an MRM model', ('backbone.', 'image_decoder.', 'report_model.')),
    ('a classifier or segmentor', ('backbone.', 'head.')),
    ('a classifier or segmentor', ('backbone.', 'decode_head.')),
)


def probable_system(keys: Iterable[str]) -> str | None:
    """What a state dict with these keys probably is, or None."""
    keys = [key.removeprefix('module.') for key in keys]
    for system, beginnings in _TELLTALES:
        if all(any(key.startswith(start) for key in keys) for start in beginnings):
            return system
    return None
