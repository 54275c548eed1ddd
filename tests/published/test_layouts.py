"""Layouts of files: whole for what they describe, close for what is alike."""

import json

import pytest

from mmcxr.published.layouts import LAYOUTS, nearest_layout, pattern

FIXTURES = {
    'cxr_clip/r50_m': 'cxr_clip (ResNet)',
    'mrm/pretrain': 'mrm',
    'cxrlearn/chexzero': 'chexzero or whyxrayclip (CLIP)',
    'cxrlearn/gloria': 'gloria',
    'cxrlearn/convirt': 'torchvision ResNet',
    'cxrlearn/convirt_pretrain': 'convirt (pre-training)',
    'cxrlearn/moco_cxr': 'moco_cxr (ResNet)',
    'cxrlearn/medaug': 'medaug',
    'cxrlearn/s2mts2': 's2mts2',
    'cxrlearn/refers': 'refers',
    'cxrlearn/refers_pretrain': 'refers (pre-training)',
}


@pytest.mark.parametrize('fixture', FIXTURES)
def test_known_files_are_their_layouts(fixture, shared_dir):
    manifest = shared_dir / 'golden' / fixture / 'manifest.json'
    keys = json.loads(manifest.read_text())['state_dict']
    found = nearest_layout(key.removeprefix('module.') for key in keys)
    assert found['layout'] == FIXTURES[fixture]
    assert found['likeness'] == 1 and found['prefix'] == ''
    assert not found['missing'] and not found['foreign']


def test_patterns_are_written_out():
    for layout in LAYOUTS:
        assert layout.needed and not layout.needed & layout.more
        for name in layout.needed | layout.more:
            assert name == pattern(name) and not set(name) & set('{}, ')


def test_numbers_do_not_count():
    keys = ['conv1.weight', *(f'layer{n}.7.conv9.weight' for n in range(9))]
    found = nearest_layout(keys)
    assert found['layout'] == 'torchvision ResNet'
    assert found['likeness'] == pytest.approx(2 / 17)
    assert nearest_layout([]) is None
