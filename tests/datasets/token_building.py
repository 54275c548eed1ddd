"""Token ids built by several processes at the same time."""

from fresh import FRESH

from mmcxr.datasets.packs.layout import find_keys
from mmcxr.datasets.packs.token_cache import CachedTokenizer


def built_at_once(number, tokenizer, texts, folder):
    """Ids of the texts, as each of so many processes has them."""
    barrier, results = FRESH.Barrier(number), FRESH.Queue()
    arguments = (tokenizer, texts, folder, barrier, results)
    ranks = [FRESH.Process(target=_build, args=arguments) for _ in range(number)]
    for rank in ranks:
        rank.start()
    found = [results.get(timeout=60) for _ in ranks]
    for rank in ranks:
        rank.join()
    return found


def _build(tokenizer, texts, folder, barrier, results):
    barrier.wait()
    store, _ = CachedTokenizer(tokenizer)(texts, folder)
    results.put([store[i].tolist() for i in find_keys(store.keys, texts)])
