"""Losses against a queue of keys: MoCo, MedAug, S2MTS2.

https://arxiv.org/abs/2003.04297, https://arxiv.org/abs/2102.10663,
https://arxiv.org/abs/2103.03629. Keys and the queue take no gradient.

Shapes: B queries, M keys of each, K entries of the queue, D channels.
"""

import torch
from torch import Tensor
from torch.nn import functional as F


def queue_logits(
    queries: Tensor, keys: Tensor, queue: Tensor, temperature: float
) -> Tensor:
    """Similarity of each query with its own key, then with the queue, (B, 1 + K).

    Args:
        queries: (B, D), L2-normalised.
        keys: (B, D), L2-normalised; key i belongs to query i.
        queue: (D, K), used as it is.
        temperature: divides the similarities; MoCo-CXR and MedAug 0.2.
    """
    with torch.autocast(queries.device.type, enabled=False):
        own = torch.einsum('bd,bd->b', queries, keys.detach())
        others = queries @ queue.detach()
    return torch.cat([own.unsqueeze(1), others], dim=1) / temperature


def queue_cross_entropy(
    logits: Tensor, kept: Tensor | None = None, weights: Tensor | None = None
) -> Tensor:
    """Mean cross entropy of the first column.

    Args:
        logits: (B, 1 + K), see :func:`queue_logits`.
        kept: (B, K) bool, entries of the queue that count as negatives; all by default.
        weights: (B, K), factors on the exponentials of the queue's logits; 1 by
            default.

    Raises:
        ValueError: shapes do not fit.
    """
    offsets = torch.zeros_like(logits)
    for name, part in (('kept', kept), ('weights', weights)):
        if part is not None and part.shape != logits[:, 1:].shape:
            raise ValueError(
                f'{name} is {tuple(part.shape)} for a queue of '
                f'{tuple(logits[:, 1:].shape)}'
            )
    if weights is not None:
        offsets[:, 1:] = weights.log()
    if kept is not None:
        offsets[:, 1:] = offsets[:, 1:].masked_fill(~kept, float('-inf'))
    target = torch.zeros(len(logits), dtype=torch.int64, device=logits.device)
    return F.cross_entropy(logits + offsets, target)


def same_laterality(
    laterality: Tensor,
    queue_laterality: Tensor,
    study: Tensor,
    queue_study: Tensor,
    patient: Tensor,
    queue_patient: Tensor,
) -> Tensor:
    """MedAug's hard negatives: films of the query's laterality, of other studies.

    Args:
        laterality: (B,), of the queries, frontal or lateral.
        queue_laterality: (K,).
        study: (B,), number within the patient.
        queue_study: (K,).
        patient: (B,).
        queue_patient: (K,).

    Returns:
        (B, K) bool.
    """
    alike = laterality[:, None] == queue_laterality
    same_study = (patient[:, None] == queue_patient) & (study[:, None] == queue_study)
    return alike & ~same_study


def laterality_weights(
    laterality: Tensor, queue_laterality: Tensor, target_hard: float = 0.9
) -> Tensor:
    """MedAug's weights that give hard negatives a share of all.

    With ``e`` the share of the queue that has the other laterality, easy negatives
    weigh ``(1 - target_hard) / e`` and hard ones ``target_hard / (1 - e)``, so that the
    weights of a row sum to K.

    Args:
        laterality: (B,), of the queries.
        queue_laterality: (K,).
        target_hard: share of the weight that hard negatives are to have.

    Returns:
        (B, K) float32.
    """
    hard = laterality[:, None] == queue_laterality
    share = hard.float().mean(dim=1, keepdim=True).expand(hard.shape)
    # A kind that the queue does not have weighs nothing, and divides by nothing.
    return torch.where(
        hard,
        target_hard / share.clamp(min=1e-12),
        (1 - target_hard) / (1 - share).clamp(min=1e-12),
    )


def joint_contrastive_loss(
    queries: Tensor,
    keys: Tensor,
    queue: Tensor,
    temperature: float = 0.07,
    ratio: float = 1.0,
) -> dict[str, Tensor]:
    """S2MTS2's loss over a Gaussian of keys in place of one key.

    With mean ``m`` and biased covariance ``S`` of a query's keys, and
    ``S' = S ratio / T``, the positive similarity is ``q (m + S' q / 2) / T``, the
    negatives ``q queue / T``, and ``mean(q S' q) / (2 T)`` is added to the cross
    entropy.

    Args:
        queries: (B, D), L2-normalised.
        keys: (B, M, D), L2-normalised.
        queue: (D, K), used as it is.
        temperature: T; published 0.07.
        ratio: weight of the covariance; published 2 (epoch + 1) / epochs.

    Returns:
        ``loss_contrastive`` and ``loss_covariance``, which make the loss together, and
        ``logits`` (B, 1 + K), detached.
    """
    keys = keys.detach()
    mean = keys.mean(dim=1)
    # q S q without S, which is D x D: the mean squared product with centred keys.
    centred = torch.einsum('bd,bmd->bm', queries, keys - mean.unsqueeze(1))
    spread = centred.square().mean(dim=1) * ratio / temperature  # q S' q
    logits = queue_logits(queries, mean, queue, temperature)
    own = logits[:, :1] + spread.unsqueeze(1) / (2 * temperature)
    logits = torch.cat([own, logits[:, 1:]], dim=1)
    return dict(
        loss_contrastive=queue_cross_entropy(logits),
        loss_covariance=spread.mean() / (2 * temperature),
        logits=logits.detach(),
    )
