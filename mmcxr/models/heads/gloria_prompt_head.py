"""Zero-shot classification as GLoRIA does it: whole films and regions.

Shapes: B films, P prompts, G groups of prompts, C classes, D channels, L columns of
words.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from mmcxr.models.losses.gloria import word_similarities
from mmcxr.registry import MODELS

from .prompt_head import PromptHead, one_of

SIMILARITIES = ('both', 'global', 'local')
WORD_COUNTS = ('words', 'characters')
NUM_COLUMNS = 97
_ATTENTION_SCALE, _WORD_SCALE = 4.0, 5.0


@MODELS.register_module()
class GLoRIAPromptHead(PromptHead):
    """Scores per class from how films and their regions agree with prompts.

    A prompt scores the mean of the cosine with the whole film and of 5 times the
    largest cosine of one of its words with the regions that word looks at; a group of
    prompts scores its maximum. Modes are those of :class:`PromptHead`. The released
    code then gives each class mean 0 and deviation 1 over all films of a test, which
    is ``ClassificationMetric(standardise=True)``.

    Args:
        prompts: see :class:`PromptHead`.
        tokenizer: see :class:`PromptHead`; it must be of the WordPiece kind.
        mode: see :class:`PromptHead`; published ``'multiclass'``.
        similarity: ``'both'`` (published), ``'global'`` or ``'local'`` alone.
        word_counts: which columns of a prompt count. ``'words'``: its words.
            ``'characters'``, as released: as many columns as the prompt has
            characters, so that [SEP] and empty columns, whose cosine is 0, take part.
        temperature: see :class:`PromptHead`.
        max_length: prompts are cut to this many tokens.
        batch_size: prompts encoded in one pass.

    Raises:
        ValueError: an unknown choice, or prompts of the wrong form.
    """

    def __init__(
        self,
        prompts: dict,
        tokenizer: dict | Callable,
        mode: str = 'multiclass',
        similarity: str = 'both',
        word_counts: str = 'words',
        temperature: float | None = None,
        max_length: int = NUM_COLUMNS,
        batch_size: int = 128,
    ):
        super().__init__(
            prompts,
            tokenizer,
            mode,
            pooling='max',
            temperature=temperature,
            max_length=max_length,
            batch_size=batch_size,
        )
        one_of('similarity', similarity, SIMILARITIES)
        one_of('word_counts', word_counts, WORD_COUNTS)
        self.similarity = similarity
        self.word_counts = word_counts

    def predict(
        self, films: tuple[Tensor, Tensor | None], encode_words: Callable
    ) -> Tensor:
        """Scores of films.

        Args:
            films: (B, D), L2-normalised, and regions (B, D, h, w), as they come, or
                None.
            encode_words: ``(input_ids, attention_mask)`` to sentences (P, D), words
                (P, D, L) and numbers of words (P,).

        Returns:
            (B, C).

        Raises:
            ValueError: there are no regions, but local similarity is asked for.
        """
        if films[1] is None and self.similarity != 'global':
            raise ValueError(
                f'similarity={self.similarity!r} needs regions, and this model has a '
                "global path only; set similarity='global'"
            )
        device = films[0].device
        prompts = self.prompt_embeds(encode_words, device)
        with torch.autocast(device.type, enabled=False):
            return self.scores(films, prompts)

    def group_similarities(
        self, films: tuple[Tensor, Tensor | None], prompts: tuple[Tensor, ...]
    ) -> Tensor:
        """Largest similarity of each group, (B, G)."""
        sizes = [len(group) for group in self.groups]
        similarities = self.similarities(films, prompts).split(sizes, dim=1)
        return torch.stack([s.amax(dim=1) for s in similarities], dim=1)

    def similarities(
        self, films: tuple[Tensor, Tensor | None], prompts: tuple[Tensor, ...]
    ) -> Tensor:
        """Similarity of each film with each prompt, (B, P)."""
        image_embeds, regions = films
        sentences, words, numbers = prompts
        found = []
        if self.similarity != 'local':
            found.append(image_embeds @ F.normalize(sentences, dim=-1).T)
        if self.similarity != 'global':
            found.append(best_words(regions.float(), words, numbers))
        return sum(found) / len(found)

    def joined(self, chunks: list[tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
        """Sentences, words and how many columns count, of all prompts."""
        sentences, words, numbers = zip(*chunks, strict=True)
        longest = max(part.shape[2] for part in words)
        if self.word_counts == 'characters':
            texts = [text for group in self.groups for text in group]
            counts = [len(text) - text.count('[') for text in texts]
            numbers = [torch.tensor(counts, device=words[0].device)]
            longest = max(longest, NUM_COLUMNS)
        words = [F.pad(part, (0, longest - part.shape[2])) for part in words]
        return torch.cat(sentences).float(), torch.cat(words), torch.cat(numbers)


def best_words(regions: Tensor, words: Tensor, numbers: Tensor) -> Tensor:
    """5 times the cosine of each text's best word with each film, (B, P).

    Args:
        regions: (B, D, h, w).
        words: (P, D, L), the first column that of [CLS], which does not count.
        numbers: (P,), how many of its columns count, at least one.
    """
    regions = regions.flatten(2)
    ends = (numbers.clamp(min=1) + 1).tolist()
    best = [
        word_similarities(regions, text[:, 1:end], _ATTENTION_SCALE).amax(dim=1)
        for text, end in zip(words.float(), ends, strict=True)
    ]
    return _WORD_SCALE * torch.stack(best, dim=1)
