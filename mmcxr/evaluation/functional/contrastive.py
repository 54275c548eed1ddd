"""CXR-CLIP's validation loss in numpy, in batches of fixed size.

Four-way CLIP loss plus image-image (ICL) and text-text (TCL) terms, as
https://arxiv.org/abs/2310.13292 validates with.  An in-batch loss depends on the
batch it is computed in, so the batches here are cut from the data set's own order
and do not depend on the loader, the number of processes or chance.

B studies, V views, T texts, D embedding channels.
"""

import numpy as np


def diagonal_cross_entropy(logits: np.ndarray) -> float:
    """Mean cross entropy of (B, B) logits whose right answers are the diagonal."""
    top = logits.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(logits - top).sum(axis=1)) + top[:, 0]
    return float((log_sum - logits.diagonal()).mean())


def _mean_over_pairs(queries, keys, scale: float, same: bool) -> float:
    """Mean loss over all (query set, key set); ``same`` skips a set with itself."""
    losses = [
        diagonal_cross_entropy(scale * queries[:, a] @ keys[:, b].T)
        for a in range(queries.shape[1])
        for b in range(keys.shape[1])
        if not (same and a == b)
    ]
    return float(np.mean(losses)) if losses else 0.0


def contrastive_loss(
    image_embeds,
    text_embeds,
    scale: float,
    image_weight: float = 1.0,
    text_weight: float = 0.5,
) -> dict[str, float]:
    """Loss of one batch and its parts.

    Args:
        image_embeds: (B, V, D), L2-normalised.
        text_embeds: (B, T, D), L2-normalised; row i belongs to study i.
        scale: factor on the cosines, exp of the learned ``logit_scale``.
        image_weight: weight of ICL, released 1.0.
        text_weight: weight of TCL, released 0.5.

    Returns:
        total, clip (mean of both directions over all view-text pairs), icl and tcl
        (mean over ordered pairs of different views or texts; 0 where there is one).
    """
    images = np.asarray(image_embeds, np.float64)
    texts = np.asarray(text_embeds, np.float64)
    i2t = _mean_over_pairs(images, texts, scale, same=False)
    t2i = _mean_over_pairs(texts, images, scale, same=False)
    icl = _mean_over_pairs(images, images, scale, same=True)
    tcl = _mean_over_pairs(texts, texts, scale, same=True)
    clip = (i2t + t2i) / 2
    total = clip + image_weight * icl + text_weight * tcl
    return dict(total=total, clip=clip, icl=icl, tcl=tcl)


def batched_contrastive_loss(
    image_embeds,
    text_embeds,
    scale: float,
    batch_size: int = 128,
    image_weight: float = 1.0,
    text_weight: float = 0.5,
) -> dict[str, float]:
    """Mean over consecutive batches; the last may be smaller and counts the same.

    Args and returns as in :func:`contrastive_loss`, with B the whole set; and
    ``chance``, the total of embeddings that are all equal.
    """
    losses = []
    for start in range(0, len(image_embeds), batch_size):
        rows = slice(start, start + batch_size)
        images, texts = image_embeds[rows], text_embeds[rows]
        loss = contrastive_loss(images, texts, scale, image_weight, text_weight)
        weight = 1 + image_weight * (images.shape[1] > 1)
        weight += text_weight * (texts.shape[1] > 1)
        losses.append(dict(loss, chance=weight * np.log(len(images))))
    return {name: float(np.mean([loss[name] for loss in losses])) for name in losses[0]}
