"""Losses of GLoRIA (Huang et al., ICCV 2021; https://github.com/marshuang80/gloria).

Exact across ranks, which the released code is not: it is trained on one. Temperatures
multiply, as in the released code; the paper writes them as inverses.

Shapes: n pairs on this rank, N of all ranks, B films, D channels, R regions of a film,
L columns of words.
"""

import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn import functional as F

from .contrastive import all_gather_with_grad, info_nce, rank_and_world_size

_EPS = 1e-8


def word_attention(
    regions: Tensor,
    words: Tensor,
    attention_scale: float = 4.0,
    counted: Tensor | None = None,
) -> Tensor:
    """Where each word looks in each film.

    The dot products pass through a softmax over the words first, then, scaled, over
    the regions.

    Args:
        regions: (B, D, R).
        words: (D, L), the words of one text.
        attention_scale: tau 1 of the paper, published 4.
        counted: (L,) bool, columns that are words; all by default. Others have no
            part in the softmax over words.

    Returns:
        (B, L, R); rows sum to 1.
    """
    scores = torch.einsum('bdr,dl->brl', regions, words)
    if counted is not None:
        scores = scores.masked_fill(~counted, float('-inf'))
    return (attention_scale * scores.softmax(dim=2).transpose(1, 2)).softmax(dim=2)


def word_similarities(
    regions: Tensor,
    words: Tensor,
    attention_scale: float = 4.0,
    counted: Tensor | None = None,
) -> Tensor:
    """Cosine of each word with the film as that word sees it, (B, L).

    Arguments as in :func:`word_attention`. A column of zeros has cosine 0.
    """
    attention = word_attention(regions, words, attention_scale, counted)
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
        words: (N, D, L).
        columns: (N,), how many columns count: [CLS] and the words, not [SEP].
        attention_scale: tau 1, published 4.
        word_scale: tau 2, published 5.
    """
    regions, found = regions.flatten(2), []
    counted = torch.arange(words.shape[2], device=words.device) < columns.unsqueeze(1)
    for text, mask in zip(words, counted, strict=True):
        cosines = word_similarities(regions, text, attention_scale, mask)
        cosines = (word_scale * cosines).masked_fill(~mask, float('-inf'))
        found.append(cosines.logsumexp(dim=1))
    return torch.stack(found, dim=1)


def gloria_losses(
    image_embeds: Tensor,
    text_embeds: Tensor,
    regions: Tensor | None,
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
        image_embeds: (n, D), normalised here.
        text_embeds: (n, D), normalised here; row i belongs to film i.
        regions: (n, D, h, w), as they come; None leaves out the local part.
        words: (n, D, L), as they come; see :func:`local_similarities`.
        columns: (n,), as there.
        attention_scale: tau 1, published 4.
        word_scale: tau 2, published 5.
        logit_scale: tau 3, published 10.
        local_weight: published 1.
        global_weight: published 1.

    Returns:
        ``loss``, the weighted sum, and its parts ``global_i2t``, ``global_t2i``,
        ``local_i2t``, ``local_t2i``, detached.
    """
    images, texts = F.normalize(image_embeds, dim=1), F.normalize(text_embeds, dim=1)
    parts = dict(
        global_i2t=info_nce(images, all_gather_with_grad(texts), logit_scale),
        global_t2i=info_nce(texts, all_gather_with_grad(images), logit_scale),
    )
    loss = global_weight * sum(parts.values())
    if regions is not None:
        scales = attention_scale, word_scale
        own_films, own_texts = _both_similarities(regions, words, columns, *scales)
        first = rank_and_world_size()[0] * len(own_films)
        own = torch.arange(first, first + len(own_films), device=own_films.device)
        local = dict(
            local_i2t=F.cross_entropy(logit_scale * own_films, own),
            local_t2i=F.cross_entropy(logit_scale * own_texts, own),
        )
        loss = loss + local_weight * sum(local.values())
        parts.update(local)
    return dict(loss=loss, **{name: part.detach() for name, part in parts.items()})


def _both_similarities(
    regions: Tensor, words: Tensor, columns: Tensor, *scales: float
) -> tuple[Tensor, Tensor]:
    """Own films with all texts, and own texts with all films; (n, N) each."""
    if rank_and_world_size()[1] == 1:
        similarities = local_similarities(regions, words, columns, *scales)
        return similarities, similarities.T
    longest = torch.tensor(words.shape[2], device=words.device)
    dist.all_reduce(longest, dist.ReduceOp.MAX)  # ranks pad to their own longest
    padded = F.pad(words, (0, int(longest) - words.shape[2]))
    all_words, all_columns = (all_gather_with_grad(x) for x in (padded, columns))
    return (
        local_similarities(regions, all_words, all_columns, *scales),
        local_similarities(all_gather_with_grad(regions), words, columns, *scales).T,
    )
