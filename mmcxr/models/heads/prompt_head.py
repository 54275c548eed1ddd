"""Zero-shot classification: films scored against sentences about findings.

Shapes: B films, P prompts, C classes, G groups of prompts, D channels.
"""

from collections.abc import Callable

import torch
from mmengine.model import BaseModule
from torch import Tensor
from torch.nn import functional as F

from mmcxr.registry import MODELS, TOKENIZERS

MODES = ('multilabel', 'multiclass')
POOLINGS = ('mean', 'max')
ENSEMBLES = ('similarity', 'embeddings')


@MODELS.register_module()
class PromptHead(BaseModule):
    """Scores per class from the cosine between a film and prompts.

    The prompts of one class and polarity are a group. A group's score is the mean
    or maximum of its prompts' cosines; scores of classes follow from these:

    - ``'multilabel'``: softmax over the positive and the negative group, giving
      p(positive) per class. Without temperature this is the published CXR-CLIP
      protocol; AUROC then ranks by cos(pos) - cos(neg).
    - ``'multiclass'``: the group's score itself, or with a temperature the
      softmax over classes.

    Prompts are encoded once and kept while the model stays in one mode: any call
    of ``train()`` or ``eval()`` and any loading of weights forgets them.

    Args:
        prompts: ``{class: dict(pos=[...], neg=[...])}`` for ``'multilabel'``,
            ``{class: [...]}`` for ``'multiclass'``. Scores keep this order.
        tokenizer: config of a tokenizer, built on first use, or a tokenizer;
            algorithms fill in their own.
        mode: see above.
        pooling: ``'mean'`` or ``'max'`` over a group's prompts.
        ensemble: ``'similarity'`` pools cosines (published); ``'embeddings'``
            compares with the normalised mean of a group's embeddings (CLIP).
        temperature: divides cosines before the softmax; published: none.
        max_length: prompts are cut to this many tokens.
        batch_size: prompts encoded in one pass.

    Raises:
        ValueError: an unknown choice, or prompts of the wrong form.
    """

    def __init__(
        self,
        prompts: dict,
        tokenizer: dict | Callable,
        mode: str = 'multilabel',
        pooling: str = 'mean',
        ensemble: str = 'similarity',
        temperature: float | None = None,
        max_length: int = 256,
        batch_size: int = 128,
    ):
        super().__init__()
        one_of('mode', mode, MODES)
        one_of('pooling', pooling, POOLINGS)
        one_of('ensemble', ensemble, ENSEMBLES)
        if ensemble == 'embeddings' and pooling == 'max':
            raise ValueError("pooling='max' needs ensemble='similarity'")
        if temperature is not None and temperature <= 0:
            raise ValueError(f'temperature must be positive, not {temperature}')
        self.groups = prompt_groups(prompts, mode)
        self.classes = tuple(prompts)
        self.tokenizer = tokenizer
        self.mode, self.pooling, self.ensemble = mode, pooling, ensemble
        self.temperature = temperature
        self.max_length, self.batch_size = max_length, batch_size
        self._embeds = self._device = None

    def train(self, mode: bool = True):
        """Switch mode, and forget encoded prompts.

        Also on ``eval()``: averaged weights (EMA) are swapped in place just
        before a validation run sets this mode.
        """
        self._embeds = None
        return super().train(mode)

    def _load_from_state_dict(self, *args):
        self._embeds = None
        super()._load_from_state_dict(*args)

    def predict(self, image_embeds: Tensor, encode_text: Callable) -> Tensor:
        """Scores of films.

        Args:
            image_embeds: (B, D), L2-normalised.
            encode_text: ``(input_ids, attention_mask) -> (P, D)``, L2-normalised.

        Returns:
            (B, C): p(positive), cosines or p(class), as the mode says.
        """
        embeds = self.prompt_embeds(encode_text, image_embeds.device)
        # Half precision would merge cosines that lie close.
        with torch.autocast(image_embeds.device.type, enabled=False):
            return self.scores(image_embeds, embeds)

    def scores(self, image_embeds: Tensor, prompt_embeds: Tensor) -> Tensor:
        """Scores (B, C) from films (B, D) and prompts (P, D)."""
        groups = self.group_similarities(image_embeds, prompt_embeds)  # (B, G)
        scale = 1.0 if self.temperature is None else 1 / self.temperature
        if self.mode == 'multilabel':
            pairs = groups.unflatten(1, (len(self.classes), 2))  # pos, neg
            return (pairs * scale).softmax(dim=-1)[..., 0]
        return groups if self.temperature is None else (groups * scale).softmax(dim=-1)

    def group_similarities(self, image_embeds: Tensor, prompt_embeds: Tensor) -> Tensor:
        """Pooled cosines of each group, (B, G)."""
        sizes = [len(group) for group in self.groups]
        if self.ensemble == 'embeddings':
            means = [e.mean(dim=0) for e in prompt_embeds.split(sizes)]
            return image_embeds @ F.normalize(torch.stack(means), dim=-1).T
        cosines = (image_embeds @ prompt_embeds.T).split(sizes, dim=1)
        if self.pooling == 'max':
            return torch.stack([c.amax(dim=1) for c in cosines], dim=1)
        return torch.stack([c.mean(dim=1) for c in cosines], dim=1)

    def prompt_embeds(self, encode_text: Callable, device: torch.device) -> Tensor:
        """Embeddings of all prompts, (P, D), in the order of the groups."""
        if self._embeds is not None and self._device == device:
            return self._embeds
        # Built late: a model can be made where its tokenizer cannot be fetched.
        if isinstance(self.tokenizer, dict):
            self.tokenizer = TOKENIZERS.build(self.tokenizer)
        texts = [text for group in self.groups for text in group]
        tokens = self.tokenizer(texts, max_length=self.max_length)
        chunks = []
        with torch.no_grad():
            for start in range(0, len(tokens), self.batch_size):
                chunk = tokens[start : start + self.batch_size]
                ids, mask = pad_tokens(chunk, self.tokenizer.pad_token_id)
                chunks.append(encode_text(ids.to(device), mask.to(device)))
        embeds = self.joined(chunks)
        if not self.training:
            self._embeds, self._device = embeds, device
        return embeds

    def joined(self, chunks: list[Tensor]) -> Tensor:
        """Embeddings of all prompts from those of one pass each."""
        return torch.cat(chunks)


def prompt_groups(prompts: dict, mode: str) -> list[list[str]]:
    """Groups of prompts: one per class, or positive and negative per class.

    Raises:
        ValueError: naming the class whose prompts have the wrong form.
    """
    if not prompts:
        raise ValueError('prompts are empty')
    groups = []
    for name, value in prompts.items():
        if mode == 'multiclass':
            groups.append(_sentences(value, f'prompts[{name!r}]'))
            continue
        if not isinstance(value, dict) or set(value) != {'pos', 'neg'}:
            raise ValueError(
                f'prompts[{name!r}] must be dict(pos=[...], neg=[...]) in mode '
                f"'multilabel', not {value!r:.80}"
            )
        for polarity in ('pos', 'neg'):
            where = f'prompts[{name!r}][{polarity!r}]'
            groups.append(_sentences(value[polarity], where))
    return groups


def pad_tokens(tokens: list[list[int]], pad_token_id: int) -> tuple[Tensor, Tensor]:
    """Token lists to ``(input_ids, attention_mask)``, both (P, L) int64."""
    length = max(len(ids) for ids in tokens)
    input_ids = torch.full((len(tokens), length), pad_token_id)
    attention_mask = torch.zeros_like(input_ids)
    for row, ids in enumerate(tokens):
        input_ids[row, : len(ids)] = torch.as_tensor(ids)
        attention_mask[row, : len(ids)] = 1
    return input_ids, attention_mask


def _sentences(value, where: str) -> list[str]:
    """``value`` as a list of sentences; a bare string would be read by letters."""
    good = isinstance(value, (list, tuple)) and all(isinstance(v, str) for v in value)
    if not good or not value:
        raise ValueError(f'{where} must be a list of sentences, not {value!r:.80}')
    return list(value)


def one_of(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Refuse a value that is not among the choices, and name them."""
    if value not in choices:
        raise ValueError(f'{name} is {value!r}; it must be one of {choices}')
