"""Random masks for masked modelling: words of a text, patches of a film.

``L`` tokens, ``N`` patches. The draws follow from the seed of the sample.
"""

import numpy as np
import torch
from mmcv.transforms import BaseTransform

from mmcxr.registry import TOKENIZERS, TRANSFORMS

from .text import study_name


@TRANSFORMS.register_module()
class MaskWords(BaseTransform):
    """Mask whole words of each text, as MRM does (arXiv 2301.13155).

    Each word is masked with chance ``prob``, all its pieces together; nothing is
    replaced by random words or kept as it is. [CLS], [SEP] and padding are never
    masked. Neither is the last place of a text that fills ``max_length``: a
    tokenizer with [SEP] has it there, and the released code of MRM, whose tokenizer
    has none, leaves the place out all the same.

    Required key: ``input_ids``, list of T arrays (L,). Added key: ``target_ids``,
    the ids as they were; ``input_ids`` become masked copies.

    Args:
        tokenizer: config of the one that made the ids: WordPiece, with [MASK].
        max_length: most ids per text, as given to that tokenizer; MRM has 100.
        prob: chance of a word; MRM has 0.5.

    Raises:
        ValueError: a tokenizer without [MASK] or without word pieces; from
            :meth:`transform`: a text of more than ``max_length`` ids.
    """

    def __init__(self, tokenizer: dict, max_length: int = 100, prob: float = 0.5):
        if not 0 <= prob <= 1:
            raise ValueError(f'prob {prob} is not within 0..1')
        tokenizer = TOKENIZERS.build(tokenizer)
        if tokenizer.mask_token_id is None:
            raise ValueError(f'tokenizer {tokenizer.name!r} has no [MASK] to mask with')
        self.mask_token_id = tokenizer.mask_token_id
        self.is_piece = tokenizer.is_piece()
        self.is_fixed = np.zeros_like(self.is_piece)
        self.is_fixed[list(tokenizer.frame_ids)] = True
        self.max_length = max_length
        self.prob = prob

    def transform(self, results: dict) -> dict:
        """Mask ``input_ids``, keep them as ``target_ids``."""
        results['target_ids'] = results['input_ids']
        results['input_ids'] = [self.mask(i, results) for i in results['input_ids']]
        return results

    def mask(self, ids: np.ndarray, results: dict) -> np.ndarray:
        """(L,) ids with about ``prob`` of the words masked."""
        if len(ids) > self.max_length:
            raise ValueError(
                f'{study_name(results)}: a text of {len(ids)} ids where MaskWords has '
                f'max_length={self.max_length}; give it that of the tokenizer'
            )
        is_piece, is_fixed = self.is_piece[ids], self.is_fixed[ids]
        is_fixed[self.max_length - 1 :] = True
        draws = np.random.random(len(ids))
        return mask_words(ids, is_piece, is_fixed, draws, self.mask_token_id, self.prob)

    def __repr__(self) -> str:
        return f'{type(self).__name__}(max_length={self.max_length}, prob={self.prob})'


def mask_words(
    ids: np.ndarray,
    is_piece: np.ndarray,
    is_fixed: np.ndarray,
    draws: np.ndarray,
    mask_token_id: int,
    prob: float = 0.5,
) -> np.ndarray:
    """Mask words by given draws.

    From left to right, a piece is masked if its left neighbour is a mask by then, and
    any other token takes the next draw and is masked if that is below ``prob``.

    Args:
        ids: (L,) token ids.
        is_piece: (L,) bool, tokens that continue a word.
        is_fixed: (L,) bool, tokens that stay and take no draw.
        draws: numbers in [0, 1), at least one for each token that takes one.
        mask_token_id: what replaces a masked token.
        prob: share of the words that are masked.

    Returns:
        (L,), a copy.
    """
    first = ~(is_piece | is_fixed)
    masked = ids == mask_token_id
    masked[first] |= draws[: np.count_nonzero(first)] < prob
    # Of each token, the place that decides on it: the nearest that follows nobody.
    place = np.arange(len(ids))
    place[is_piece & ~is_fixed] = 0
    masked = masked[np.maximum.accumulate(place)]
    return np.where(masked, mask_token_id, ids)


@TRANSFORMS.register_module()
class PatchNoise(BaseTransform):
    """Draw a number for each patch; a masked autoencoder keeps the smallest.

    Drawn with the sample and not in the model, what is masked does not depend on the
    batch, the device or the number of processes.

    Added key: ``patch_noise``, (N,) float32 in [0, 1).

    Args:
        num_patches: N; 196 for 224 pixels in patches of 16.
    """

    def __init__(self, num_patches: int = 196):
        if num_patches < 1:
            raise ValueError(f'num_patches is at least 1, not {num_patches}')
        self.num_patches = num_patches

    def transform(self, results: dict) -> dict:
        """Add ``patch_noise``."""
        results['patch_noise'] = torch.rand(self.num_patches).numpy()
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(num_patches={self.num_patches})'
