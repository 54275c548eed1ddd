"""Pool the output of an image backbone to one vector per film, or one per grid cell.

Backbones of mmpretrain return a tuple with one entry per output stage; the last is
used. Shapes: N films, C channels, h x w grid cells, L tokens.
"""

from torch import Tensor

POOLINGS = ('avg', 'token0')


def check_pooling(pooling: str) -> str:
    """``pooling`` itself where it is known.

    Raises:
        ValueError: it is not.
    """
    if pooling not in POOLINGS:
        raise ValueError(f'image pooling is {pooling!r}; it must be one of {POOLINGS}')
    return pooling


def pool_features(outputs: Tensor | tuple[Tensor, ...], pooling: str) -> Tensor:
    """One vector per film, (N, C).

    Args:
        outputs: a backbone's outputs: a grid (N, C, h, w), a sequence (N, L, C)
            or a vector (N, C), which is returned as it is.
        pooling: ``'avg'``, the mean over the grid; ``'token0'``, the first token
            of a sequence, or the top left cell of a grid. The latter is what the
            published CXR-CLIP Swin models were trained with: the code treats the
            first grid cell as if it were a class token.

    Raises:
        ValueError: ``'avg'`` of a sequence, where a class token may hide.
    """
    feature = last_stage(outputs)
    if feature.dim() == 2:
        return feature
    if feature.dim() == 4:
        if pooling == 'token0':
            return feature[:, :, 0, 0]
        return feature.mean(dim=(2, 3))
    if pooling == 'token0':
        return feature[:, 0]
    raise ValueError(
        'the image backbone returns a sequence, whose average would mix the class '
        "token in; set its out_type to 'featmap' or 'avg_featmap', or pooling='token0'"
    )


def feature_grid(outputs: Tensor | tuple[Tensor, ...]) -> Tensor:
    """The last stage as a grid, (N, C, h, w).

    Raises:
        ValueError: the backbone returns no grid.
    """
    feature = last_stage(outputs)
    if feature.dim() != 4:
        raise ValueError(
            'local features need a backbone that returns a grid (N, C, h, w), not '
            f'{tuple(feature.shape)}; for a vision transformer set out_type="featmap"'
        )
    return feature


def last_stage(outputs: Tensor | tuple[Tensor, ...]) -> Tensor:
    """The last of a backbone's outputs."""
    return outputs[-1] if isinstance(outputs, (tuple, list)) else outputs
