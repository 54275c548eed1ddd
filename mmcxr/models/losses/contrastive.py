"""Contrastive losses, exact across ranks.

Every rank scores its own rows against the columns of all ranks, so that it holds
logits of (local batch x global batch) and no more; where these are too many, they are
scored by blocks of rows, see :mod:`.contrastive_blocks`. Values and gradients, averaged
over ranks as DistributedDataParallel does, equal those of one process that has the
whole batch. All ranks must hold batches of one size.

Shapes: n pairs on this rank, W ranks, N = W n pairs in all, D channels, V films and
T texts of a study.
"""

from functools import partial
from itertools import combinations

import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn import functional as F

from .contrastive_blocks import block_info_nce, block_sigmoid, rows_at_once


class _AllGather(torch.autograd.Function):
    """Concatenate over ranks; the backward pass sums what all ranks need of us."""

    @staticmethod
    def forward(ctx, tensor: Tensor) -> Tensor:
        world = dist.get_world_size()
        gathered = tensor.new_empty((world * len(tensor), *tensor.shape[1:]))
        dist.all_gather_into_tensor(gathered, tensor.contiguous())
        return gathered

    @staticmethod
    def backward(ctx, grad: Tensor) -> Tensor:
        rows = len(grad) // dist.get_world_size()
        if not grad.is_cuda or dist.get_backend() == 'gloo':
            # gloo, which serves CPUs, has no reduce-scatter of tensors.
            grad = grad.clone()
            dist.all_reduce(grad)
            return grad[dist.get_rank() * rows : (dist.get_rank() + 1) * rows]
        own = grad.new_empty((rows, *grad.shape[1:]))
        dist.reduce_scatter_tensor(own, grad.contiguous())
        return own


def rank_and_world_size() -> tuple[int, int]:
    """Rank and world size; (0, 1) without a process group."""
    if dist.is_available() and dist.is_initialized():
        return dist.get_rank(), dist.get_world_size()
    return 0, 1


def all_gather_with_grad(tensor: Tensor) -> Tensor:
    """Rows of all ranks, (n, ...) to (N, ...), differentiable.

    The gradient of a rank's own rows is the sum over the losses of all ranks.
    """
    return tensor if rank_and_world_size()[1] == 1 else _AllGather.apply(tensor)


def info_nce(
    queries: Tensor,
    keys: Tensor,
    scale: Tensor | float,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Cross entropy of finding each query's own key among all keys.

    Args:
        queries: (n, D), L2-normalised; the rows of this rank.
        keys: (N, D), L2-normalised; rows of all ranks, in order of rank. Key
            ``rank * n + i`` belongs to query ``i``.
        scale: factor on the cosines, 1 / temperature.
        label_smoothing: mass spread evenly over all keys.

    Returns:
        Scalar, mean over this rank's rows.
    """
    first = rank_and_world_size()[0] * len(queries)
    block = rows_at_once(len(queries), len(keys))
    if block < len(queries):
        scale = torch.as_tensor(scale).to(queries).reshape(())
        return block_info_nce(queries, keys, scale, first, label_smoothing, block)
    # Half precision is too coarse for logits up to 100.
    with torch.autocast(queries.device.type, enabled=False):
        logits = scale * queries @ keys.T  # (n, N)
        labels = torch.arange(first, first + len(queries), device=queries.device)
        return F.cross_entropy(logits, labels, label_smoothing=label_smoothing)


def pairwise_sigmoid(
    queries: Tensor,
    keys: Tensor,
    scale: Tensor | float,
    bias: Tensor | float,
) -> Tensor:
    """Binary cross entropy of telling each query's own key from every other.

    Args:
        queries: see :func:`info_nce`.
        keys: likewise.
        scale: factor on the cosines.
        bias: added to them.

    Returns:
        Scalar, sum over the N keys, mean over this rank's rows.
    """
    first = rank_and_world_size()[0] * len(queries)
    block = rows_at_once(len(queries), len(keys))
    if block < len(queries):
        scale, bias = (torch.as_tensor(x).to(queries) for x in (scale, bias))
        scale, bias = scale.reshape(()), bias.reshape(())
        return block_sigmoid(queries, keys, scale, bias, first, block)
    with torch.autocast(queries.device.type, enabled=False):
        logits = scale * queries @ keys.T + bias  # (n, N)
        own = logits[:, first:].diagonal()
        return (F.softplus(logits).sum() - own.sum()) / len(queries)


def clip_loss(
    image_embeds: Tensor,
    text_embeds: Tensor,
    scale: Tensor | float,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Symmetric InfoNCE of image-text pairs (https://arxiv.org/abs/2103.00020).

    Args:
        image_embeds: (n, D), L2-normalised.
        text_embeds: (n, D), L2-normalised; row i belongs to film i.
        scale: 1 / temperature.
        label_smoothing: mass spread evenly over all candidates.
    """
    images, texts = _gather_together(image_embeds, text_embeds)
    image_to_text = info_nce(image_embeds, texts, scale, label_smoothing)
    text_to_image = info_nce(text_embeds, images, scale, label_smoothing)
    return (image_to_text + text_to_image) / 2


def weighted_clip_loss(
    image_embeds: Tensor,
    text_embeds: Tensor,
    scales: tuple[float, float],
    image_weight: float,
    detach_text: bool = False,
) -> dict[str, Tensor]:
    """InfoNCE of image-text pairs whose two directions weigh differently.

    ConVIRT (https://arxiv.org/abs/2010.00747) and REFERS have 0.75 and 0.25.

    Args:
        image_embeds: (n, D), L2-normalised.
        text_embeds: (n, D), L2-normalised; row i belongs to film i.
        scales: 1 / temperature of image-to-text and of text-to-image.
        image_weight: of image-to-text; the other has the rest to 1.
        detach_text: text-to-image counts in the value and gives no gradient, as in
            the released code of REFERS.

    Returns:
        ``loss`` and its parts ``i2t`` and ``t2i``, detached.
    """
    images, texts = _gather_together(image_embeds, text_embeds)
    i2t = info_nce(image_embeds, texts, scales[0])
    t2i = info_nce(text_embeds, images, scales[1])
    counted = t2i.detach() if detach_text else t2i
    loss = image_weight * i2t + (1 - image_weight) * counted
    return dict(loss=loss, i2t=i2t.detach(), t2i=t2i.detach())


def siglip_loss(
    image_embeds: Tensor,
    text_embeds: Tensor,
    scale: Tensor | float,
    bias: Tensor | float,
) -> Tensor:
    """Sigmoid loss of image-text pairs (https://arxiv.org/abs/2303.15343).

    Args:
        image_embeds: (n, D), L2-normalised.
        text_embeds: (n, D), L2-normalised; row i belongs to film i.
        scale: 1 / temperature; the paper starts at 10.
        bias: the paper starts at -10.
    """
    texts = all_gather_with_grad(text_embeds)
    return pairwise_sigmoid(image_embeds, texts, scale, bias)


def multi_view_clip_loss(
    image_embeds: Tensor,
    text_embeds: Tensor,
    scale: Tensor | float,
    image_weight: float = 1.0,
    text_weight: float = 0.5,
    label_smoothing: float = 0.0,
) -> dict[str, Tensor]:
    """Loss of CXR-CLIP over studies with several films and texts.

    Image-to-text and text-to-image terms are means over all V x T combinations.
    ICL asks each film for another film of its study among the films of all
    studies at that place, TCL each text likewise; they are means over ordered
    pairs, and 0 where a study has one film (text). Both use the same scale, and
    neither is smoothed.

    Args:
        image_embeds: (n, V, D), L2-normalised.
        text_embeds: (n, T, D), L2-normalised.
        scale: 1 / temperature.
        image_weight: of ICL; published 1.0.
        text_weight: of TCL; published 0.5.
        label_smoothing: of the image-text terms; published 0.

    Returns:
        ``loss``, the weighted sum, and its parts ``i2t``, ``t2i``, ``icl``,
        ``tcl``, detached.
    """
    images, texts = image_embeds.unbind(1), text_embeds.unbind(1)
    gathered = _gather_together(image_embeds, text_embeds)
    all_images, all_texts = (g.unbind(1) for g in gathered)
    find = partial(info_nce, scale=scale)
    match = partial(find, label_smoothing=label_smoothing)
    i2t = _mean([match(image, text) for image in images for text in all_texts])
    t2i = _mean([match(text, image) for text in texts for image in all_images])
    icl, tcl = _across(find, images, all_images), _across(find, texts, all_texts)
    loss = (i2t + t2i) / 2 + image_weight * icl + text_weight * tcl
    return _with_parts(loss, i2t=i2t, t2i=t2i, icl=icl, tcl=tcl)


def multi_view_siglip_loss(
    image_embeds: Tensor,
    text_embeds: Tensor,
    scale: Tensor | float,
    bias: Tensor | float,
    image_weight: float = 1.0,
    text_weight: float = 0.5,
) -> dict[str, Tensor]:
    """The sigmoid loss over the same pairs as :func:`multi_view_clip_loss`.

    No publication has it. The loss of a pair of places is symmetric, so each pair is
    scored once.

    Args:
        image_embeds: (n, V, D), L2-normalised.
        text_embeds: (n, T, D), L2-normalised.
        scale: 1 / temperature.
        bias: see :func:`siglip_loss`; shared by all pairs.
        image_weight: of the image-image pairs.
        text_weight: of the text-text pairs.

    Returns:
        ``loss``, the weighted sum, and its parts ``i2t``, ``icl``, ``tcl``, detached.
    """
    images, texts = image_embeds.unbind(1), text_embeds.unbind(1)
    gathered = _gather_together(image_embeds, text_embeds)
    all_images, all_texts = (g.unbind(1) for g in gathered)
    tell = partial(pairwise_sigmoid, scale=scale, bias=bias)
    i2t = _mean([tell(image, text) for image in images for text in all_texts])
    icl, tcl = _once(tell, images, all_images), _once(tell, texts, all_texts)
    loss = i2t + image_weight * icl + text_weight * tcl
    return _with_parts(loss, i2t=i2t, icl=icl, tcl=tcl)


def _across(find, own, everyones):
    """Mean over ordered pairs of different places within a study."""
    terms = [
        find(query, keys)
        for i, query in enumerate(own)
        for j, keys in enumerate(everyones)
        if i != j
    ]
    return _mean(terms) if terms else own[0].new_zeros(())


def _once(tell, own, everyones):
    """Mean over pairs of different places within a study."""
    pairs = combinations(range(len(own)), 2)
    terms = [tell(own[i], everyones[j]) for i, j in pairs]
    return _mean(terms) if terms else own[0].new_zeros(())


def _with_parts(loss, **parts):
    return dict(loss=loss, **{name: part.detach() for name, part in parts.items()})


def _gather_together(image_embeds, text_embeds):
    """Both sets from all ranks, in one exchange."""
    if rank_and_world_size()[1] == 1:
        return image_embeds, text_embeds
    count = image_embeds[0].numel()
    flat = torch.cat([image_embeds.flatten(1), text_embeds.flatten(1)], dim=1)
    flat = all_gather_with_grad(flat)
    images = flat[:, :count].unflatten(1, image_embeds.shape[1:])
    texts = flat[:, count:].unflatten(1, text_embeds.shape[1:])
    return images, texts


def _mean(terms):
    return torch.stack(terms).mean()
