"""Losses of GLoRIA (Huang et al., ICCV 2021; https://github.com/marshuang80/gloria).

All pairs of a batch are scored in one process. Temperatures multiply, as in the
released code; the paper writes them as inverses.

Shapes: B films, N texts, D channels, R regions of a film, L columns of words.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

_EPS = 1e-8


def word_attention(
    regions: Tensor, words: Tensor, attention_scale: float = 4.0
) -> Tensor:
    """Where each word looks in each film.

    The dot products pass through a softmax over the words first, then, scaled, over
    the regions.

    Args:
        regions: (B, D, R).
        words: (D, L), the words of one text.
        attention_scale: tau 1 of the paper, published 4.

    Returns:
        (B, L, R); rows sum to 1.
    """
    scores = torch.einsum('bdr,dl->brl', regions, words).softmax(dim=2)
    return (attention_scale * scores.transpose(1, 2)).softmax(dim=2)


def word_similarities(
    regions: Tensor, words: Tensor, attention_scale: float = 4.0
) -> Tensor:
    """Cosine of each word with the film as that word sees it, (B, L).

    Arguments as in :func:`word_attention`. A column of zeros has cosine 0.
    """
    attention = word_attention(regions, words, attention_scale)
    seen = torch.einsum('blr,bdr->bld', attention, regions)
    lengths = seen.norm(dim=2) * words.norm(dim=0)
    return torch.einsum('bld,dl->bl', seen, words) / lengths.clamp(min=_EPS)


def local_similarities(
    regions: Tensor,
    words: Tensor,
    columns: Tensor,
    attention_scale: float = 4.0,
    word_scale: float = 5.0,
) -> Tensor:
    """Log of the sum over words of exp(``word_scale`` cosine), (B, N).

    Args:
        regions: (B, D, h, w) or (B, D, R).
        words: (N, D, L); the first column is that of [CLS].
        columns: (N,), how many columns count: [CLS] and the words, not [SEP].
        attention_scale: tau 1, published 4.
        word_scale: tau 2, published 5.
    """
    regions = regions.flatten(2)
    scores = [
        word_similarities(regions, text[:, :number], attention_scale)
        for text, number in zip(words, columns.tolist(), strict=True)
    ]
    return torch.stack([(word_scale * s).logsumexp(dim=1) for s in scores], dim=1)


def gloria_losses(
    image_embeds: Tensor,
    text_embeds: Tensor,
    regions: Tensor,
    words: Tensor,
    columns: Tensor,
    attention_scale: float = 4.0,
    word_scale: float = 5.0,
    logit_scale: float = 10.0,
    local_weight: float = 1.0,
    global_weight: float = 1.0,
) -> dict[str, Tensor]:
    """Contrast whole films with whole texts, and regions with words.

    Args:
        image_embeds: (B, D), normalised here.
        text_embeds: (B, D), normalised here; row i belongs to film i.
        regions: (B, D, h, w), as they come.
        words: (B, D, L), as they come; see :func:`local_similarities`.
        columns: (B,), as there.
        attention_scale: tau 1, published 4.
        word_scale: tau 2, published 5.
        logit_scale: tau 3, published 10.
        local_weight: published 1.
        global_weight: published 1.

    Returns:
        ``loss``, the weighted sum, and its parts ``global_i2t``, ``global_t2i``,
        ``local_i2t``, ``local_t2i``, detached.
    """
    cosines = F.normalize(image_embeds, dim=1) @ F.normalize(text_embeds, dim=1).T
    local = local_similarities(regions, words, columns, attention_scale, word_scale)
    own = torch.arange(len(cosines), device=cosines.device)
    parts = {}
    for name, similarity in (('global', cosines), ('local', local)):
        logits = logit_scale * similarity
        parts[f'{name}_i2t'] = F.cross_entropy(logits, own)
        parts[f'{name}_t2i'] = F.cross_entropy(logits.T, own)
    loss = global_weight * (parts['global_i2t'] + parts['global_t2i'])
    loss = loss + local_weight * (parts['local_i2t'] + parts['local_t2i'])
    return dict(loss=loss, **{name: part.detach() for name, part in parts.items()})
