"""What a notebook calls: films and texts in, embeddings and probabilities out.

``N`` films, ``T`` texts, ``C`` classes, ``D`` channels of the shared space.
A film is a path (JPEG, PNG, DICOM), a PIL image or an array; anything that takes
films takes one or a list of them.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from rich.progress import track

from mmcxr.evaluation.functional.classification import standardised
from mmcxr.models.heads.prompt_head import pad_tokens
from mmcxr.registry import MODELS

from .loaded_model import OUR_SCOPE, LoadedModel, as_list, check_loaded


def batches(items: Sequence, size: int, what: str) -> Iterator[Sequence]:
    """Batches, with a progress bar on a terminal where somebody waits."""
    starts = range(0, len(items), size)
    for start in track(starts, what, transient=True, disable=len(starts) < 5):
        yield items[start : start + size]


def fitting_batch(model: LoadedModel, batch_size: int) -> int:
    """``batch_size``, or 1 where the film pipeline keeps the films' shapes."""
    check_loaded(model)
    return 1 if model.keeps_shape else batch_size


@torch.no_grad()
def embed_films(model: LoadedModel, films, batch_size: int = 32) -> np.ndarray:
    """L2-normalised image embeddings.

    Args:
        model: from :func:`load_model` or :func:`load_published`.
        films: one film or a list (see the head of this module).
        batch_size: films per forward pass.

    Returns:
        (N, D) float32.

    Raises:
        UnreadableFilm: naming the film that cannot be read.
        ValueError: no films.
    """
    model.eval()
    films = as_list(films)
    if not films:
        raise ValueError('no film to embed')
    embeds = [
        model.encode_image(model.preprocess(batch)).float().cpu()
        for batch in batches(films, fitting_batch(model, batch_size), 'films')
    ]
    return torch.cat(embeds).numpy()


@torch.no_grad()
def embed_texts(model: LoadedModel, texts, batch_size: int = 64) -> np.ndarray:
    """L2-normalised text embeddings, (T, D) float32, of one text or a list."""
    model.eval()
    device = next(model.parameters()).device
    with OUR_SCOPE():
        tokenizer = model.tokenizer  # built at first use
    embeds = []
    for batch in batches(as_list(texts), batch_size, 'texts'):
        ids, mask = pad_tokens(tokenizer(list(batch)), tokenizer.pad_token_id)
        embeds.append(model.encode_text(ids.to(device), mask.to(device)).float().cpu())
    return torch.cat(embeds).numpy()


def prompts_from_names(names: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    """The published prompt pair of each finding: its name, and "No" before it."""
    return {name: dict(pos=[name], neg=[f'No {name}']) for name in names}


def classify(
    model: LoadedModel | Sequence[LoadedModel],
    films,
    prompts: str | Sequence[str] | dict,
    temperature: float | None = None,
    batch_size: int = 32,
    head: dict | None = None,
    standardise: bool = False,
) -> pd.DataFrame:
    """Zero-shot probabilities of findings described in words.

    Args:
        model: an image-text model, or several, whose probabilities are averaged
            (published for CheXzero with its ten files).
        films: one film or a list.
        prompts: names of findings (each gets the pair "X" / "No X"); or
            ``{class: {'pos': [...], 'neg': [...]}}``, each class on its own; or
            ``{class: [...]}``, exactly one class per film.
        temperature: divides the cosine similarities before the softmax. None takes
            the published rule for pairs (1, so probabilities stay near 0.5 and
            only rank films) and the trained one among exclusive classes.
        batch_size: films per forward pass.
        head: further arguments of the model's own head, a :class:`PromptHead`
            (``dict(ensemble='embeddings')``) or :class:`GLoRIAPromptHead`
            (``dict(word_counts='characters')``).
        standardise: among exclusive classes, similarities with mean 0 and deviation 1
            over these films in place of probabilities, as GLoRIA's code has it.

    Returns:
        (N, C) table, probabilities in 0..1, one row per film in the order given,
        indexed by path (position for films that are not paths).

    Raises:
        UnreadableFilm: naming the film that cannot be read.
        ValueError: no films, no models, or prompts that have no such head.
    """
    films = as_list(films)
    models = list(model) if isinstance(model, Sequence) else [model]
    if not films or not models:
        raise ValueError('no film to classify' if models else 'no model to ask')
    for one in models:
        check_loaded(one)
    if not isinstance(prompts, dict):
        prompts = prompts_from_names([prompts] if isinstance(prompts, str) else prompts)
    pairs = all(isinstance(entry, dict) for entry in prompts.values())
    if standardise and (pairs or temperature is not None):
        raise ValueError(
            'standardise is for exclusive classes, {class: [...]}, and takes the place '
            'of a temperature'
        )
    settings = dict(
        prompts=prompts, mode='multilabel' if pairs else 'multiclass', **(head or {})
    )
    scores = []
    for member in models:
        factor = None if pairs or standardise else float(1 / member.scale().detach())
        settings['temperature'] = factor if temperature is None else temperature
        scores.append(_prompt_scores(member, films, settings, batch_size))
    scores = np.mean(scores, axis=0)
    if standardise:
        scores = standardised(scores)
    index = [str(f) if isinstance(f, (str, Path)) else i for i, f in enumerate(films)]
    return pd.DataFrame(scores, index=index, columns=list(prompts))


@torch.no_grad()
def _prompt_scores(
    model: LoadedModel, films: Sequence, settings: dict, batch_size: int
) -> np.ndarray:
    """(N, C) scores by the model's own head."""
    model.eval()
    with OUR_SCOPE():
        settings = dict(model.zero_shot_head(), tokenizer=model.tokenizer, **settings)
        head = MODELS.build(settings).eval()
    scores = [
        model.score_prompts(model.preprocess(batch), head).float().cpu().numpy()
        for batch in batches(films, fitting_batch(model, batch_size), 'films')
    ]
    return np.concatenate(scores)


def retrieve(
    model: LoadedModel,
    queries,
    candidates,
    top_k: int = 5,
    query_type: str = 'film',
    candidate_type: str = 'text',
) -> pd.DataFrame:
    """Nearest candidates of each query by cosine similarity.

    Args:
        model: an image-text model.
        queries: films or texts, as ``query_type`` says.
        candidates: films or texts, as ``candidate_type`` says.
        top_k: how many to return per query.
        query_type: 'film' or 'text'.
        candidate_type: 'film' or 'text'.

    Returns:
        One row per query and rank: query (its position), rank (from 1), candidate
        (its position), similarity (-1..1).
    """
    embed = dict(film=embed_films, text=embed_texts)
    for kind in (query_type, candidate_type):
        if kind not in embed:
            raise ValueError(f"a query or candidate is 'film' or 'text', not {kind!r}")
    similarity = (
        embed[query_type](model, queries) @ embed[candidate_type](model, candidates).T
    )
    order = np.argsort(-similarity, axis=1, kind='stable')[:, :top_k]
    rows = [
        (query, rank, candidate, float(similarity[query, candidate]))
        for query, ranked in enumerate(order)
        for rank, candidate in enumerate(ranked, start=1)
    ]
    return pd.DataFrame(rows, columns=['query', 'rank', 'candidate', 'similarity'])


@torch.no_grad()
def similarity_maps(model: LoadedModel, film, texts) -> np.ndarray:
    """Cosine similarity of each place of a film with each text, (T, h, w) float32."""
    texts = torch.from_numpy(embed_texts(model, texts))
    check_loaded(model)
    images = model.preprocess(film)
    maps = model.patch_similarity(images, texts.to(images.device))
    return maps[0].float().cpu().numpy()
