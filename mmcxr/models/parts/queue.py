"""The queue of keys that momentum contrast takes its negatives from.

Shapes: n keys of this rank, D channels, K entries, R numbers beside each entry.
"""

import torch
from mmengine.dist import all_gather
from torch import Tensor, nn
from torch.nn import functional as F


class KeyQueue(nn.Module):
    """First in, first out: unit columns, at first random ones.

    Attributes, saved with the model:

    - ``columns`` (D, K) float32.
    - ``pointer``, a scalar: the column that is replaced next.
    - ``labels`` (R, K) int64, whole numbers below 2**24 (MedAug's patient, study and
      laterality); -1 where a column is a random one still. None if R is 0.

    Args:
        channels: D.
        length: K; published 24,576. It need not be a multiple of the batch.
        num_labels: R.

    Raises:
        ValueError: the queue would be empty.
    """

    def __init__(self, channels: int, length: int, num_labels: int = 0):
        super().__init__()
        if min(channels, length) < 1:
            raise ValueError(f'a queue of {channels} x {length} holds no key')
        columns = F.normalize(torch.randn(channels, length), dim=0)
        labels = torch.full((num_labels, length), -1) if num_labels else None
        self.register_buffer('columns', columns)
        self.register_buffer('labels', labels)
        self.register_buffer('pointer', torch.tensor(0))

    @torch.no_grad()
    def push(self, keys: Tensor, labels: Tensor | None = None) -> None:
        """Replace the oldest columns by the keys of all ranks, in order of rank.

        All ranks hold batches of one size. Of more than K keys the last K stay.

        Args:
            keys: (n, D), L2-normalised; kept as they are.
            labels: (n, R); none where the queue has none.

        Raises:
            ValueError: the queue has labels and the keys do not, or the reverse.
        """
        if (labels is None) != (self.labels is None):
            raise ValueError('keys have labels where their queue has, and only there')
        length = self.columns.shape[1]
        keys = torch.cat(all_gather(keys.contiguous()))
        # Places are computed on the device: the host need not wait for the pointer.
        places = torch.arange(len(keys), device=keys.device)[-length:]
        places = (self.pointer + places) % length
        self.columns.index_copy_(1, places, keys[-length:].T.to(self.columns))
        if labels is not None:
            labels = torch.cat(all_gather(labels.contiguous()))[-length:]
            self.labels.index_copy_(1, places, labels.T.to(self.labels))
        self.pointer.add_(len(keys)).remainder_(length)
