"""Curves and frames in which synthetic films are drawn."""

import numpy as np
import pytest

from mmcxr.synthetic.geometry import Frame, smooth_curve, smoothstep


def test_curve_passes_through_its_points():
    points = np.array([(0, 0), (1, 2), (3, 1), (4, 5)], float)
    curve = smooth_curve(points, per_segment=7)
    np.testing.assert_allclose(curve[::7], points)
    closed = smooth_curve(points, closed=True, per_segment=5)
    np.testing.assert_allclose(closed[::5], points)
    line = smooth_curve([(0, 0), (1, 2), (2, 4)], per_segment=9)
    np.testing.assert_allclose(line[:, 1], 2 * line[:, 0], atol=1e-12)


def test_frame_goes_both_ways():
    frame = Frame((31, 47), scale=3.7, rotation=11.0, origin=(20.5, 9.25))
    x, y = frame.grid
    back = frame.pixels(np.stack([x.ravel(), y.ravel()], axis=1))
    row, col = np.indices((31, 47))
    np.testing.assert_allclose(back[:, 0], col.ravel(), atol=1e-3)
    np.testing.assert_allclose(back[:, 1], row.ravel(), atol=1e-3)
    square = np.array([(-2, 1), (2, 1), (2, 4), (-2, 4)], float)
    # OpenCV fills every pixel that the outline touches: half a pixel more all round.
    area = (4 * 3.7 + 1) * (3 * 3.7 + 1)
    assert frame.fill(square).sum() == pytest.approx(area, rel=0.03)


def test_smoothstep_both_ways():
    value = np.linspace(-1, 2, 13, dtype=np.float32)
    up, down = smoothstep(value, 0, 1), smoothstep(value, 1, 0)
    np.testing.assert_allclose(up + down, 1, atol=1e-6)
    assert up[0] == 0 and up[-1] == 1 and (np.diff(up) >= 0).all()
