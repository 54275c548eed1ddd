"""What the keys of known files look like, to tell what an unknown file is close to.

A key with its numbers replaced by ``#`` is a pattern; a layout is a set of patterns, of
which some may be missing. Braces are short for alternatives, as in a shell.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .systems import probable_system

_WB = '{weight,bias}'
_BN = '{weight,bias,running_mean,running_var,num_batches_tracked}'
_RESNET = (
    f'conv#.weight bn#.{_BN} layer#.#.conv#.weight layer#.#.bn#.{_BN} '
    f'layer#.#.downsample.#.{_BN}'
)
_DENSENET = (
    f'features.conv#.weight features.norm#.{_BN} '
    f'features.denseblock#.denselayer#.{{conv#.weight,norm#.{_BN}}} '
    f'features.transition#.{{conv.weight,norm.{_BN}}}'
)
_BERT = (
    'embeddings.{word,position,token_type}_embeddings.weight '
    f'embeddings.LayerNorm.{_WB} '
    f'encoder.layer.#.attention.{{self.{{query,key,value}},output.{{dense,LayerNorm}}}}'
    f'.{_WB} encoder.layer.#.{{intermediate.dense,output.{{dense,LayerNorm}}}}.{_WB}'
)
_BERT_MORE = f'embeddings.position_ids pooler.dense.{_WB}'
_BLOCK = f'{{norm#,attn.qkv,attn.proj,mlp.fc#}}.{_WB}'
_VIT = f'cls_token pos_embed patch_embed.proj.{_WB} blocks.#.{_BLOCK}'
_SWIN_BLOCK = (
    'encoder.layers.#.blocks.#.{layernorm_{before,after},intermediate.dense,'
    'output.dense,attention.self.{query,key,value},attention.output.dense}.' + _WB
)
_SWIN = (
    f'embeddings.patch_embeddings.projection.{_WB} embeddings.norm.{_WB} {_SWIN_BLOCK} '
    'encoder.layers.#.blocks.#.attention.self.relative_position_bias_table '
    'encoder.layers.#.downsample.{reduction.weight,norm.weight,norm.bias} '
    f'layernorm.{_WB}'
)
_CLIP_BLOCK = (
    'transformer.resblocks.#.{attn.in_proj_{weight,bias},'
    '{attn.out_proj,ln_#,mlp.c_fc,mlp.c_proj}.{weight,bias}}'
)
_REFERS = (
    f'embeddings.{{cls_token,position_embeddings,patch_embeddings.{_WB}}} '
    f'encoder.encoder_norm.{_WB} encoder.layer.#.'
    f'{{attention_norm,ffn_norm,attn.{{query,key,value,out}},ffn.fc#}}.{_WB}'
)


@dataclass(frozen=True)
class Layout:
    """Patterns of one kind of file.

    Args:
        name: of the system or encoder.
        needed: patterns of what every such file has.
        more: patterns of what some have.
    """

    name: str
    needed: frozenset[str]
    more: frozenset[str]


def _layout(name: str, *needed: tuple[str, str], more: Iterable[tuple[str, str]] = ()):
    """A layout of parts, each a prefix and patterns behind it."""
    return Layout(name, _patterns(needed), _patterns(more))


def _patterns(parts: Iterable[tuple[str, str]]) -> frozenset[str]:
    return frozenset(
        pattern
        for prefix, patterns in parts
        for word in patterns.split()
        for pattern in _expanded(prefix + word)
    )


def _expanded(word: str) -> list[str]:
    """``a.{b,c}`` as ``a.b`` and ``a.c``, the innermost braces first."""
    match = re.search(r'\{([^{}]*)\}', word)
    if match is None:
        return [word]
    before, behind = word[: match.start()], word[match.end() :]
    choices = [_expanded(before + choice + behind) for choice in match[1].split(',')]
    return list(dict.fromkeys(found for several in choices for found in several))


_PROJECTIONS = ('', f'{{image,text}}_projection.projection.{_WB} logit_scale')
_TEXT = 'text_encoder.text_encoder.'
_MLP = ('', f'{{image,text}}_projection.{{fc,layer_norm}}.{_WB}')
_MOMENTUM = ('', 'queue queue_ptr')
LAYOUTS = (
    _layout('cxr_clip (ResNet)', ('image_encoder.resnet.', _RESNET), (_TEXT, _BERT),
            _PROJECTIONS, more=((_TEXT, _BERT_MORE), _MLP)),
    _layout('cxr_clip (Swin)', ('image_encoder.image_encoder.', _SWIN), (_TEXT, _BERT),
            _PROJECTIONS, more=((_TEXT, _BERT_MORE), _MLP, (
                'image_encoder.image_encoder.encoder.layers.#.blocks.#.',
                'attention.self.relative_position_index'))),
    _layout('mrm', ('', f'{_VIT} mask_token decoder_pos_embed bert_mlp.{_WB}'),
            ('decoder_blocks.#.', _BLOCK), ('decoder_', f'{{embed,norm,pred}}.{_WB}'),
            ('bert_encoder.model.bert.', _BERT),
            ('bert_encoder.model.cls.predictions.',
             f'{{transform.dense,transform.LayerNorm,decoder}}.{_WB}'),
            more=(('', f'norm.{_WB}'), ('bert_encoder.model.bert.', _BERT_MORE),
                  ('bert_encoder.model.cls.predictions.', 'bias'))),
    _layout('chexzero or whyxrayclip (CLIP)',
            ('visual.', f'class_embedding positional_embedding proj conv#.weight '
             f'ln_{{pre,post}}.{_WB} {_CLIP_BLOCK}'),
            ('', f'{_CLIP_BLOCK} positional_embedding text_projection logit_scale '
             f'token_embedding.weight ln_final.{_WB}'),
            more=(('', 'input_resolution context_length vocab_size'),)),
    _layout('gloria', ('gloria.img_encoder.model.', _RESNET),
            ('gloria.img_encoder.', f'global_embedder.{_WB} local_embedder.weight'),
            ('gloria.text_encoder.model.', _BERT),
            more=(('gloria.text_encoder.model.', _BERT_MORE),)),
    _layout('moco_cxr (ResNet)', ('encoder_{q,k}.', _RESNET),
            ('encoder_{q,k}.fc.#.', _WB), _MOMENTUM),
    _layout('moco_cxr (DenseNet)',
            ('encoder_{q,k}.', _DENSENET),
            ('encoder_{q,k}.classifier.#.', _WB), _MOMENTUM),
    _layout('medaug', ('encoder_{q,k}.', _RESNET),
            ('encoder_{q,k}.fc.#.', _WB), _MOMENTUM,
            ('', 'queue_id queue_lat queue_study')),
    _layout('s2mts2', ('encoder_{q,k}.', _DENSENET),
            ('encoder_{q,k}.', f'{{classifier,classifier_group.#}}.{_WB}'), _MOMENTUM),
    _layout('convirt (pre-training)', ('image_encoder.', _RESNET),
            ('text_encoder.bert_model.', _BERT), ('', f'{{image,text}}_proj.#.{_WB}'),
            more=(('text_encoder.bert_model.', _BERT_MORE),)),
    _layout('refers', ('transformer.', _REFERS)),
    _layout('refers (pre-training)', ('visual.vit.transformer.', _REFERS),
            ('contrastive_bert.text_encoder.', _BERT), ('contrastive_bert.fc.', _WB),
            ('fusion.fc#.', _WB), ('textual.embedding.layer_norm.', _WB),
            ('textual.', f'embedding.{{positions,words}}.weight output.{_WB} '
             f'visual_projection.{_WB}'),
            ('textual.transformer.layers.#.',
             f'{{linear#,norm#,{{multihead,self}}_attn.out_proj}}.{_WB} '
             '{multihead,self}_attn.in_proj_{weight,bias}'),
            more=(('contrastive_bert.text_encoder.', _BERT_MORE),)),
    _layout('torchvision ResNet', ('', _RESNET), more=(('fc.', _WB),)),
    _layout('torchvision DenseNet', ('', _DENSENET), more=(('classifier.', _WB),)),
    _layout('timm vision transformer', ('', _VIT),
            more=(('', f'{{norm,norm_pre,fc_norm,head}}.{_WB}'),)),
    _layout('Hugging Face Swin Transformer', ('swin.', _SWIN)),
    _layout('Hugging Face BERT', ('', _BERT), more=(('', _BERT_MORE),)),
    _layout('Hugging Face BERT', ('bert.', _BERT),
            more=(('bert.', _BERT_MORE), ('cls.predictions.', 'bias'),
                  ('cls.predictions.{transform.dense,transform.LayerNorm,decoder}.',
                   _WB), ('cls.seq_relationship.', _WB))),
)  # fmt: skip


def nearest_layout(keys: Iterable[str]) -> dict | None:
    """The known layout that a state dict's keys are closest to.

    Returns:
        ``layout`` (its name), ``likeness`` (patterns in common over all patterns of
        the two, 0..1), ``prefix`` (what its keys stand behind in this file, perhaps
        nothing), ``missing`` and ``foreign`` (patterns that the file lacks, and has
        besides). None where it is like nothing known.
    """
    keys = list(keys)
    best = None
    for prefix in ('', *_prefixes(keys)):
        inside = {pattern(k[len(prefix) :]) for k in keys if k.startswith(prefix)}
        outside = {pattern(key) for key in keys if not key.startswith(prefix)}
        for layout in LAYOUTS:
            common = inside & (layout.needed | layout.more)
            union = len(inside | layout.needed) + len(outside)
            likeness = len(common) / union if union else 0.0
            if best is None or likeness > best['likeness']:
                best = dict(
                    layout=layout.name,
                    likeness=likeness,
                    prefix=prefix,
                    missing=sorted(layout.needed - inside),
                    foreign=sorted((inside - common) | outside),
                )
    if best is None or best['likeness'] < 0.1:
        return None
    return best | dict(telltale=probable_system(keys))


def pattern(key: str) -> str:
    """A key with its numbers replaced by ``#``."""
    return re.sub(r'\d+', '#', key)


def _prefixes(keys: Iterable[str]) -> list[str]:
    """Up to three leading parts of keys, ``'model.'``, ``'model.visual.'``, ..."""
    found = {}
    for key in keys:
        parts = key.split('.')
        for number in range(1, min(4, len(parts))):
            found['.'.join(parts[:number]) + '.'] = None
    return sorted(found, key=lambda prefix: (prefix.count('.'), prefix))
