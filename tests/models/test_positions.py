"""Tables of positions against their closed form."""

import math

import pytest
import torch

from mmcxr.models.positions import sincos_table


@pytest.mark.parametrize('kind', ['mae', 'mrm'])
def test_closed_form(kind):
    rows, columns, channels = 3, 5, 24
    table = sincos_table((rows, columns), channels, kind)
    assert table.shape == (1, 1 + rows * columns, channels)
    assert table.dtype == torch.float32
    assert not table[0, 0].any()
    half = channels // 2
    for row in range(rows):
        for column in range(columns):
            expected = []
            for place in (column, row):
                if kind == 'mae':
                    omegas = [10000 ** (-2 * i / half) for i in range(half // 2)]
                else:
                    omegas = [10000 ** (-i / (2 * half)) for i in range(half // 2)]
                expected += [math.sin(place * omega) for omega in omegas]
                expected += [math.cos(place * omega) for omega in omegas]
            found = table[0, 1 + row * columns + column]
            torch.testing.assert_close(found, torch.tensor(expected))


def test_range_of_frequencies():
    """At MRM's size the exponents end at 0.995, and at 0.249 in its own table."""
    for kind, last in (('mae', 191 / 192), ('mrm', 191 / 768)):
        table = sincos_table((2, 2), 768, kind)
        assert math.isclose(
            math.asin(table[0, 2, 191]), 10000**-last, rel_tol=1e-4
        )  # column 1


def test_transposed_in_mmpretrain():
    """mmpretrain encodes the row first; on a square grid its halves are swapped."""
    from mmpretrain.models.utils import build_2d_sincos_position_embedding

    ours = sincos_table((4, 4), 16)
    theirs = build_2d_sincos_position_embedding(4, 16, cls_token=True)
    swapped = torch.cat([theirs[..., 8:], theirs[..., :8]], dim=-1)
    torch.testing.assert_close(ours, swapped)
    assert not torch.allclose(ours, theirs)


def test_bad_options():
    with pytest.raises(ValueError, match='sine'):
        sincos_table((2, 2), 8, 'sine')
    with pytest.raises(ValueError, match='6 channels'):
        sincos_table((2, 2), 6)
