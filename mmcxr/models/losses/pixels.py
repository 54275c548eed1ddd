"""Patches of pixels as targets (https://arxiv.org/abs/2111.06377).

Shapes: B films of 3 channels, N patches of side p, row by row, M of them chosen,
P = 3 p p values of a patch, which run over row, column and channel.
"""

import torch
from torch import Tensor


def patchify(images: Tensor, patch_size: int) -> Tensor:
    """(B, 3, H, W) to (B, N, P)."""
    return _cut(images, patch_size).flatten(3).flatten(1, 2)


def unpatchify(patches: Tensor, patch_size: int, grid: tuple[int, int]) -> Tensor:
    """(B, N, P) to (B, 3, H, W), the inverse of :func:`patchify`."""
    cells = patches.unflatten(2, (patch_size, patch_size, -1)).unflatten(1, grid)
    return cells.permute(0, 5, 1, 3, 2, 4).flatten(4).flatten(2, 3)


def patches_at(images: Tensor, numbers: Tensor, patch_size: int) -> Tensor:
    """The chosen patches alone.

    Args:
        images: (B, 3, H, W).
        numbers: (B, M) int64, which patches of each film.
        patch_size: p.

    Returns:
        (B, M, P).
    """
    cells = _cut(images, patch_size)
    columns = cells.shape[2]
    film = torch.arange(len(numbers), device=numbers.device).unsqueeze(1)
    return cells[film, numbers // columns, numbers % columns].flatten(2)


def normalise_patches(patches: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Each patch with its own mean and variance taken out.

    Args:
        patches: (..., P).

    Returns:
        The normalised patches, and the mean and standard deviation, (..., 1), that
        bring them back: ``normalised * std + mean``.
    """
    mean = patches.mean(dim=-1, keepdim=True)
    centred = patches - mean
    # The unbiased variance; Tensor.var is several times slower on a CPU.
    values = patches.shape[-1]
    variance = centred.square().mean(dim=-1, keepdim=True) * (values / (values - 1))
    std = (variance + 1e-6).sqrt()
    return centred / std, mean, std


def patch_errors(pixels: Tensor, targets: Tensor, norm_pix: bool) -> Tensor:
    """Mean squared error of each patch.

    Args:
        pixels: (B, M, P), predicted.
        targets: (B, M, P), of the film.
        norm_pix: pixels predict the normalised patches.

    Returns:
        (B, M) float32.
    """
    targets = targets.float()
    if norm_pix:
        targets = normalise_patches(targets)[0]
    return (pixels.float() - targets).square().mean(dim=-1)


def _cut(images: Tensor, patch_size: int) -> Tensor:
    """A view (B, rows, columns, p, p, 3)."""
    cells = images.unflatten(3, (-1, patch_size)).unflatten(2, (-1, patch_size))
    return cells.permute(0, 2, 4, 3, 5, 1)
