"""Find films that are there twice among prints."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from .alignment import similarity
from .codes import Candidates, equalised, find_candidates
from .prints import FilmPrints

#: Similarity from which two films are one. Of 34,000 pairs of films of different
#: patients the most alike had 0.36, of serial films of a patient in bed 0.80;
#: copies that were re-encoded, resized, windowed or cut a little lie above
#: (benchmarks/results/near_duplicates-cpu.json).
THRESHOLD = 0.82
_BATCH = 256


@dataclass(frozen=True)
class DuplicatePairs:
    """P pairs of films.

    Args:
        first: (P,) numbers of films.
        second: (P,) numbers, larger.
        exact: (P,) bool: the pixels are equal.
        similarity: (P,) 1 for equal pixels.
        mirrored: (P,) bool.
        negative: (P,) bool.
    """

    first: np.ndarray
    second: np.ndarray
    exact: np.ndarray
    similarity: np.ndarray
    mirrored: np.ndarray
    negative: np.ndarray

    def __len__(self) -> int:
        return len(self.first)

    def groups(self, number: int) -> np.ndarray:
        """(N,) group of each of ``number`` films; pairs are in one, and what they join.

        Groups are numbered by their first film.
        """
        links = coo_matrix(
            (np.ones(len(self)), (self.first, self.second)), (number, number)
        )
        _, labels = connected_components(links, directed=False)
        _, first, groups = np.unique(labels, return_index=True, return_inverse=True)
        return first[groups]


def find_duplicates(
    prints: FilmPrints,
    threshold: float = THRESHOLD,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> DuplicatePairs:
    """Pairs of films with equal pixels, and pairs of which one is a copy of the other.

    Of films with equal pixels only the first is compared with the rest: each of them
    forms a pair with the first.

    Args:
        prints: of N films.
        threshold: similarity from which a pair counts.
        workers: threads.
        progress: called with the numbers of pairs verified and to verify.
    """
    _, first, same = np.unique(
        prints.digests, axis=0, return_index=True, return_inverse=True
    )
    original = first[same.ravel()]
    copies = np.flatnonzero(original != np.arange(len(prints)))
    found = pd.DataFrame(
        dict(first=original[copies], second=copies, exact=True, similarity=1.0)
    ).assign(mirrored=False, negative=False)
    distinct = np.unique(first)
    near = _near(prints.of(distinct), threshold, workers, progress)
    near['first'], near['second'] = distinct[near['first']], distinct[near['second']]
    found = pd.concat([found, near], ignore_index=True) if len(near) else found
    found = found.sort_values(['first', 'second'], ignore_index=True)
    return DuplicatePairs(**{name: found[name].to_numpy() for name in found})


def _near(
    prints: FilmPrints,
    threshold: float,
    workers: int,
    progress: Callable[[int, int], None] | None,
) -> pd.DataFrame:
    """Verified candidates, the best of each pair of films."""
    candidates = find_candidates(prints)
    scores = _verify(prints, candidates, workers, progress)
    one, other = prints.film[candidates.first], prints.film[candidates.second]
    pairs = pd.DataFrame(
        dict(
            first=np.minimum(one, other),
            second=np.maximum(one, other),
            exact=False,
            similarity=scores,
            mirrored=candidates.mirrored,
            negative=candidates.negative,
        )
    )
    pairs = pairs[pairs['similarity'] >= threshold]
    pairs = pairs.sort_values('similarity', ascending=False, kind='stable')
    return pairs.drop_duplicates(['first', 'second'])


def _verify(
    prints: FilmPrints,
    candidates: Candidates,
    workers: int,
    progress: Callable[[int, int], None] | None,
) -> np.ndarray:
    """(P,) similarity of each candidate."""
    number = len(candidates.first)
    batches = [range(s, min(s + _BATCH, number)) for s in range(0, number, _BATCH)]

    def verify(batch: range) -> list[float]:
        rows = slice(batch.start, batch.stop)
        one = equalised(prints.thumbs[candidates.first[rows]])
        other = equalised(prints.thumbs[candidates.second[rows]])
        one[candidates.mirrored[rows]] = one[candidates.mirrored[rows], :, ::-1]
        one[candidates.negative[rows]] *= -1
        return [
            similarity(*pair)
            for pair in zip(one, other, candidates.views[rows], strict=True)
        ]

    scores: list[float] = []
    with ThreadPoolExecutor(max(workers, 1)) as pool:
        for part in pool.map(verify, batches):
            scores += part
            if progress is not None:
                progress(len(scores), number)
    return np.array(scores)
