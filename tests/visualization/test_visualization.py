"""Pictures: overlay arithmetic, curves read back, a report that escapes."""

import base64
import json
import re

import numpy as np
import pytest

from mmcxr.visualization.curves import plot_curves, plot_roc, read_scalars
from mmcxr.visualization.html_report import HTMLReport, encode_picture
from mmcxr.visualization.similarity import overlay_similarity


def test_overlay_leaves_the_least_similar_place_alone():
    film = np.full((9, 7), 100, np.uint8)
    similarity = np.zeros((9, 7))
    similarity[8, 6] = 1.0
    picture = overlay_similarity(film, similarity, strength=0.5)
    assert picture.shape == (9, 7, 3)
    assert (picture[0, 0] == 100).all()
    assert (picture[8, 6] != 100).any()


def test_flat_map_is_the_film():
    film = np.arange(48, dtype=np.uint8).reshape(6, 8)
    picture = overlay_similarity(film, np.full((3, 2), 0.4))
    assert (picture == film[..., None]).all()


def test_overlay_refuses_other_films():
    with pytest.raises(ValueError, match='uint8'):
        overlay_similarity(np.zeros((4, 4)), np.zeros((2, 2)))


def test_scalars_come_back(tmp_path):
    path = tmp_path / 'scalars.json'
    lines = [
        {'loss': 2.0, 'step': 1},
        {'auroc': 0.5, 'step': 1},
        {'loss': 1, 'step': 2},
    ]
    path.write_text('\n'.join(map(json.dumps, lines)))
    curves = read_scalars(path, ['loss', 'auroc', 'absent'])
    assert set(curves) == {'loss', 'auroc'}
    np.testing.assert_array_equal(curves['loss'], [[1, 2], [2, 1]])
    assert len(plot_curves(curves, 'loss').axes[0].lines) == 2


def test_roc_names_a_class_with_one_label():
    labels = np.array([[1, 0], [0, 0], [1, np.nan], [-1, 0]])
    scores = np.array([[0.9, 0.1], [0.2, 0.3], [0.8, 0.2], [0.1, 0.9]])
    axes = plot_roc(labels, scores, ['edema', 'hernia']).axes[0]
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names == ['edema 1.00', 'hernia (one label only)']


def test_report_is_self_contained_and_escapes(tmp_path):
    report = HTMLReport('a < b')
    report.heading('<script>')
    report.table(['x', 'y'], [['<b>', 1.5]])
    film = np.random.default_rng(0).integers(0, 255, (5, 4), dtype=np.uint8)
    report.gallery([(film, 'cap <i>"q"</i>\nline')])
    page = report.save(tmp_path / 'deep' / 'r.html').read_text()
    assert '<script>' not in page and '<b>' not in page and '<i>' not in page
    assert not re.search(r'(src|href)="(?!data:)', page)
    from io import BytesIO

    from PIL import Image

    data = re.search(r'base64,([^"]+)"', page).group(1)
    decoded = np.array(Image.open(BytesIO(base64.b64decode(data))))
    np.testing.assert_array_equal(decoded, film)


def test_picture_must_be_uint8():
    with pytest.raises(TypeError, match='float'):
        encode_picture(np.zeros((2, 2)))
