"""Write predictions into data samples, one per film or study."""

from mmengine.structures import BaseDataElement
from torch import Tensor


def fill_samples(
    data_samples: list[BaseDataElement] | None,
    fields: dict[str, Tensor | None],
    **metainfo,
) -> list[BaseDataElement]:
    """Put row i of each field into sample i, on the CPU.

    Args:
        data_samples: N of them; None makes new ones.
        fields: tensors of N rows; what is None is left out.
        metainfo: facts that every sample is told.

    Returns:
        The data samples. Their tensors are copies: a view would carry the whole batch
        along between processes.
    """
    fields = {k: v.detach().cpu() for k, v in fields.items() if v is not None}
    size = len(next(iter(fields.values())))
    if data_samples is None:
        data_samples = [BaseDataElement() for _ in range(size)]
    for row, sample in zip(range(size), data_samples, strict=True):
        sample.set_data({name: value[row].clone() for name, value in fields.items()})
        sample.set_metainfo(metainfo)
    return data_samples
