"""Fixed sine-cosine positions of image patches."""

import torch
from torch import Tensor

TABLES = ('mae', 'mrm')


def sincos_table(grid: tuple[int, int], channels: int, kind: str = 'mae') -> Tensor:
    """Positions of a class token and of the patches, row by row.

    The first half of the channels encodes the column, the second the row, each as
    ``[sin(p * omega_i), cos(p * omega_i)]``. The class token has zeros.

    Args:
        grid: rows and columns of patches.
        channels: C, a multiple of 4.
        kind: ``'mae'``, ``omega_i = 10000^(-4 i / C)`` (https://arxiv.org/abs/2111.06377);
            or ``'mrm'``, ``10000^(-i / C)``, which the released code of MRM computes
            where it means the other: its longest wave has 62 patches, not 60,000.

    Returns:
        (1, 1 + rows * columns, C).

    Raises:
        ValueError: unknown kind, or channels that cannot be split in four.
    """
    if kind not in TABLES:
        raise ValueError(f'position table is {kind!r}; it must be one of {TABLES}')
    if channels % 4:
        raise ValueError(f'{channels} channels of positions are no multiple of 4')
    exponent = torch.arange(channels // 4, dtype=torch.float64) / channels
    omega = 10000.0 ** -(exponent if kind == 'mrm' else 4 * exponent)
    rows, columns = (torch.arange(size, dtype=torch.float64) for size in grid)
    row, column = torch.meshgrid(rows, columns, indexing='ij')
    halves = []
    for place in (column, row):
        angle = place.reshape(-1, 1) * omega
        halves += [angle.sin(), angle.cos()]
    table = torch.cat(halves, dim=1)
    return torch.cat([torch.zeros(1, channels), table]).float().unsqueeze(0)
