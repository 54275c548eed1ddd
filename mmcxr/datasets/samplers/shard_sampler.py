"""A sampler that reads the files of a pack from front to back."""

import torch

from mmcxr.registry import DATA_SAMPLERS

from ..seeding import hash_numbers
from .epoch_sampler import EpochSampler


@DATA_SAMPLERS.register_module()
class ShardSampler(EpochSampler):
    """Every sample once in an epoch, in the order in which a pack holds its films.

    For file systems on which few large reads are cheap and many small ones are not.
    The tar files of a pack are put into an order drawn from (seed, epoch). This row of
    films is cut into one piece for each worker of each rank, equally long to within a
    batch, so that a file at a cut is shared by two of them. A worker reads its piece
    from front to back, out of order by fewer than ``window`` samples. Ranks take turns
    and numbers carry the epoch as in
    :class:`~mmcxr.datasets.samplers.epoch_sampler.EpochSampler`, and the i-th batch of
    a rank comes from the piece of worker i modulo their number, for that is whom the
    DataLoader asks for it.

    The order follows from ``batch_size``, ``num_workers`` and the number of ranks,
    too. A run that resumes with the same three sees the samples that it would have
    seen. With others an epoch still has each sample once, in another order; to keep
    the order with another number of workers, at the price of reading here and there,
    give the sampler the old one.

    A study counts as lying where its first film lies. The others are found as in any
    pack: next to it if the pack's order is ``studies`` or ``table``, else in another
    file if need be. Rows of other splits are passed over.

    Args:
        dataset: has ``film_places``, as data sets over tables do.
        pack: from which its pipeline reads films; name or path as of ``LoadFilm``.
        batch_size: of the loader; ``tools/train.py`` fills it in.
        num_workers: likewise.
        window: how far a sample may stray, which varies the company it has in a
            batch. A pack in the order of its table, which is by patients, needs a
            large one, or a batch has many films of one patient; a large one is read
            from as many places. At 50 kB a film, 2,048 of them take 100 MB.
        seed: see there.
        round_up: see there.
        infinite: see there.

    Raises:
        TypeError: the dataset cannot tell where its films lie.
        PackError: as of ``LoadFilm``.
    """

    def __init__(
        self,
        dataset,
        pack: str,
        batch_size: int = 1,
        num_workers: int = 1,
        window: int = 2048,
        seed: int | None = None,
        round_up: bool = True,
        infinite: bool = False,
    ):
        super().__init__(dataset, True, seed, round_up, infinite)
        if not hasattr(dataset, 'film_places'):
            raise TypeError(
                f'{type(dataset).__name__} does not tell where films lie in a pack; '
                'use EpochSampler with it, or a dataset over a table'
            )
        if batch_size < 1 or num_workers < 0 or window < 1:
            raise ValueError(
                f'batch_size {batch_size}, num_workers {num_workers}, window {window}: '
                'all are at least 1, and workers at least 0'
            )
        self.batch_size = batch_size
        self.num_workers = max(num_workers, 1)
        self.window = window
        self.shards = shards_of(torch.from_numpy(dataset.film_places(pack)))

    def order(self, epoch: int) -> torch.Tensor:
        """(epoch_size,) indices in the order of one epoch."""
        generator = torch.Generator().manual_seed(hash_numbers(self.seed, epoch))
        drawn = torch.randperm(len(self.shards), generator=generator).tolist()
        row = torch.cat([self.shards[number] for number in drawn])
        piece, turns = self._pieces(epoch).sort(stable=True)
        stray = self.window * torch.rand(len(row), generator=generator).double()
        place = torch.arange(len(row)) + stray
        row = row[(piece * (len(row) + self.window) + place).argsort()]
        return torch.empty_like(row).scatter_(0, turns, row)

    def _pieces(self, epoch: int) -> torch.Tensor:
        """(epoch_size,) the piece that each place in the order is filled from."""
        start = epoch * self.epoch_size if self.infinite else 0
        place = torch.arange(start, start + self.epoch_size)
        batch = place // self.world_size // self.batch_size  # of its rank
        rank = place % self.world_size
        return rank * self.num_workers + batch % self.num_workers


def shards_of(places: torch.Tensor) -> list[torch.Tensor]:
    """Indices of the samples of each file, in the order of the file.

    Args:
        places: (N, 2) int64, file and byte of each sample.
    """
    order = places[:, 1].argsort(stable=True)
    order = order[places[order, 0].argsort(stable=True)]
    _, sizes = places[:, 0].unique(return_counts=True)
    return list(order.split(sizes.tolist()))
