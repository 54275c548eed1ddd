"""Image-text retrieval by cosine: ranks, and precision@k by class.

The candidates of an image are the distinct texts (by exact string); its target is
the entry of its own text.  The candidates of a text are all images; its rank is
that of the best of its images.  A rank is 1 + the number of candidates with a
higher cosine (as CXR-CLIP's released evaluation has it), so equal cosines do not
hurt: how many targets tie with another candidate is therefore counted.

N images, M distinct texts, D embedding channels.
"""

from typing import NamedTuple

import numpy as np

# Cosines of float32 embeddings differ by more than this unless they are equal;
# below it the order would be that of rounding in the matrix product.
_EQUAL = 1e-9


class RetrievalRanks(NamedTuple):
    """Ranks both ways.

    Args:
        image_to_text: (N,) int rank of each image's text among M.
        text_to_image: (M,) int rank of each text's best image among N.
        target: (N,) int which distinct text belongs to each image.
        first: (M,) int first image that carries each text.
        image_ties: images whose target ties with another text.
        text_ties: texts whose best image ties with another text's image.
    """

    image_to_text: np.ndarray
    text_to_image: np.ndarray
    target: np.ndarray
    first: np.ndarray
    image_ties: int
    text_ties: int


def unit_rows(embeds, what: str) -> np.ndarray:
    """Rows (N, D) scaled to length 1, in float64.

    Raises:
        ValueError: a row is zero or not finite; ``what`` names the rows.
    """
    embeds = np.asarray(embeds, np.float64)
    length = np.linalg.norm(embeds, axis=1, keepdims=True)
    bad = np.flatnonzero(~np.isfinite(length[:, 0]) | (length[:, 0] == 0))
    if len(bad):
        raise ValueError(
            f'{len(bad)} {what} embeddings are zero or not finite, first in row '
            f'{bad[0]}'
        )
    return embeds / length


def distinct_texts(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Entry of each text among the distinct ones (N,), and their first rows (M,)."""
    entries: dict[str, int] = {}
    target = np.array([entries.setdefault(text, len(entries)) for text in texts])
    first = np.unique(target, return_index=True)[1]
    return target, first


def retrieval_ranks(
    image_embeds, text_embeds, texts: list[str], chunk: int = 1024
) -> RetrievalRanks:
    """Rank every image's text and every text's images.

    Args:
        image_embeds: (N, D), any length.
        text_embeds: (N, D), row i embeds ``texts[i]``; of equal texts the first
            embedding counts.
        texts: N strings, row i belongs to image i.
        chunk: rows of the cosine matrix held at a time; changes memory only.

    Raises:
        ValueError: nothing to rank, unequal lengths, or a row without direction.
    """
    if not len(texts) or not len(texts) == len(image_embeds) == len(text_embeds):
        raise ValueError(
            f'retrieval needs as many images as texts, got {len(image_embeds)} image '
            f'embeddings, {len(text_embeds)} text embeddings and {len(texts)} texts'
        )
    images = unit_rows(image_embeds, 'image')
    target, first = distinct_texts(texts)
    entries = unit_rows(np.asarray(text_embeds)[first], 'text')
    image_ranks, image_ties = [], 0
    for start in range(0, len(images), chunk):
        rows = slice(start, start + chunk)
        cosine = images[rows] @ entries.T
        own = np.take_along_axis(cosine, target[rows, None], axis=1)
        image_ranks.append(1 + (cosine > own + _EQUAL).sum(axis=1))
        image_ties += int(((abs(cosine - own) <= _EQUAL).sum(axis=1) > 1).sum())
    text_ranks, text_ties = [], 0
    for start in range(0, len(entries), chunk):
        wanted = np.arange(start, min(start + chunk, len(entries)))
        cosine = entries[wanted] @ images.T
        mine = target == wanted[:, None]
        own = np.where(mine, cosine, -np.inf).max(axis=1, keepdims=True)
        text_ranks.append(1 + (cosine > own + _EQUAL).sum(axis=1))
        text_ties += int(((abs(cosine - own) <= _EQUAL) & ~mine).any(axis=1).sum())
    return RetrievalRanks(
        np.concatenate(image_ranks),
        np.concatenate(text_ranks),
        target,
        first,
        image_ties,
        text_ties,
    )


def precision_at_k(
    image_embeds, text_embeds, labels, ks: tuple[int, ...], chunk: int = 1024
) -> np.ndarray:
    """Share of the k nearest reports that have the image's class (ConVIRT, GLoRIA).

    Every report is a candidate, equal texts included; of equal cosines the earlier
    row comes first.

    Args:
        image_embeds: (N, D).
        text_embeds: (N, D).
        labels: (N,) class of image and report i.
        ks: numbers of candidates, each at most N.
        chunk: rows of the cosine matrix held at a time; changes memory only.

    Returns:
        (N, len(ks)) in [0, 1].
    """
    labels = np.asarray(labels)
    if max(ks) > len(labels):
        raise ValueError(f'precision at {max(ks)} of only {len(labels)} reports')
    images, reports = unit_rows(image_embeds, 'image'), unit_rows(text_embeds, 'text')
    out = []
    for start in range(0, len(images), chunk):
        rows = slice(start, start + chunk)
        cosine = np.round(images[rows] @ reports.T, 9)
        nearest = np.argsort(-cosine, axis=1, kind='stable')[:, : max(ks)]
        hit = labels[nearest] == labels[rows, None]
        out.append(np.stack([hit[:, :k].mean(axis=1) for k in ks], axis=1))
    return np.concatenate(out)
