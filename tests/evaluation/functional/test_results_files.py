"""Result files: hashes, paths, atomic writing, reading back."""

import csv
import gzip
import json

import numpy as np
import pytest

from mmcxr.evaluation.functional.report import make_report
from mmcxr.evaluation.functional.results import (
    build_results,
    plain,
    portable,
    read_results,
    spec_hash,
    write_results,
    write_scores,
)

PROTOCOL = dict(dataset='rsna', split='test', preprocessing=[dict(scale=224)])
MODEL = dict(name='r50', checkpoint_sha256='ab' * 32)


def report(value=0.8, **settings):
    return make_report(
        {
            'auroc': dict(value=value, ci95=[0.7, 0.9]),
            ('auroc', 'Edema'): dict(value=None, ci95=None),
        },
        dict(auroc='mean AUROC'),
        dict(auroc=dict(value=0.5, definition='constant')),
        dict(type='ClassificationMetric', **settings),
        dict(images=3),
        dict(num_resamples=10),
        ['by the way'],
        ['careful'],
        dict(auroc='AUROC of the class'),
    )


def results(protocol=PROTOCOL, model=MODEL, versions=None, **kwargs):
    reports = dict(classification=report(**kwargs))
    return build_results(protocol, model, versions or dict(torch='2'), reports)


def test_contents():
    found = results()
    assert found['metrics']['classification/auroc'] == dict(
        value=0.8, ci95=[0.7, 0.9], definition='mean AUROC'
    )
    edema = found['metrics']['classification/auroc_Edema']
    assert edema['class'] == 'Edema' and edema['definition'] == 'AUROC of the class'
    assert found['baselines']['classification/auroc']['value'] == 0.5
    assert found['warnings'] == ['classification: careful']
    assert found['remarks'] == ['classification: by the way']
    assert found['counts'] == dict(classification=dict(images=3))
    metrics = found['spec']['protocol']['metrics']['classification']
    assert metrics['definitions'] == dict(auroc='mean AUROC')
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_protocol_hash_ignores_model_versions_and_values():
    one = results()
    other = results(model=dict(name='swin', checkpoint_sha256=None), value=0.1)
    newer = results(versions=dict(torch='3'))
    assert one['protocol_hash'] == other['protocol_hash'] == newer['protocol_hash']
    assert len({r['spec_hash'] for r in (one, other, newer)}) == 3


@pytest.mark.parametrize(
    'change',
    [
        dict(protocol=dict(PROTOCOL, split='val')),
        dict(protocol=dict(PROTOCOL, preprocessing=[dict(scale=512)])),
        dict(protocol=dict(PROTOCOL, prompts={'Edema': ['edema']})),
        dict(uncertain='ones'),
    ],
)
def test_protocol_hash_follows_what_was_asked(change):
    assert results(**change)['protocol_hash'] != results()['protocol_hash']


def test_hash_is_stable_under_order_and_number_types():
    one = dict(a=1, b=[1.5, None], c='Ö')
    other = dict(c='Ö', b=(np.float64(1.5), float('nan')), a=1.0)
    assert spec_hash(one) == spec_hash(other) == '8f76603a7d9cd55e'


def test_plain_refuses_what_json_cannot_hold():
    assert plain({'x': np.array([1.0, np.inf])}) == {'x': [1.0, None]}
    with pytest.raises(TypeError, match='object'):
        plain([object()])


@pytest.mark.parametrize(
    'path, last',
    [
        ('/data/vocab.txt', 'vocab.txt'),
        ('/data/mimic/', 'mimic'),
        ('~/films', 'films'),
        ('C:\\films\\a.png', 'a.png'),
        ('file:///data/x.pth', 'x.pth'),
        ('Nodule/Mass', 'Nodule/Mass'),
        ('no evidence of edema.', 'no evidence of edema.'),
        ('images/a.png', 'images/a.png'),
    ],
)
def test_no_absolute_path_stays(path, last):
    assert portable(dict(a=[path])) == dict(a=[last])


def test_two_machines_one_hash():
    paths = ('/home/a/vocab.txt', '/mnt/b/vocab.txt')
    hashes = {results(protocol=dict(PROTOCOL, vocab=p))['protocol_hash'] for p in paths}
    assert len(hashes) == 1


def test_written_and_read_back(tmp_path):
    path = tmp_path / 'new' / 'results.json'
    write_results(path, results())
    assert read_results(path) == results()
    assert [p.name for p in path.parent.iterdir()] == ['results.json']


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / 'results.json'
    write_results(path, results())

    def broken(*_):
        raise OSError('disk full')

    monkeypatch.setattr('os.fsync', broken)
    with pytest.raises(OSError, match='disk full'):
        write_results(path, results(value=0.1))
    assert read_results(path) == results()
    assert [p.name for p in tmp_path.iterdir()] == ['results.json']


def test_an_edited_spec_is_refused(tmp_path):
    path = tmp_path / 'results.json'
    changed = results()
    changed['spec']['protocol']['split'] = 'train'
    write_results(path, changed)
    with pytest.raises(ValueError, match='edited'):
        read_results(path)


@pytest.mark.parametrize('text', ['', '{}', '[1]', '{"spec": 1}'])
def test_other_files_are_refused(tmp_path, text):
    path = tmp_path / 'other.json'
    path.write_text(text)
    with pytest.raises(ValueError, match='is not a results.json'):
        read_results(path)


def test_scores_leave_undefined_cells_empty_and_repeat_byte_by_byte(tmp_path):
    columns = dict(
        image=['a.png', 'b,c.png'],
        patient_id=[None, 'p'],
        label=np.array([np.nan, 1.0]),
        score=np.array([0.25, 0.5], np.float32),
    )
    paths = [tmp_path / 'scores.csv.gz', tmp_path / 'again.csv.gz']
    for path in paths:
        write_scores(path, columns)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    rows = list(csv.reader(gzip.open(paths[0], 'rt')))
    assert rows == [
        ['image', 'patient_id', 'label', 'score'],
        ['a.png', '', '', '0.25'],
        ['b,c.png', 'p', '1.0', '0.5'],
    ]


def test_thin_intervals_are_named():
    found = make_report(
        dict(auroc=dict(value=0.8, ci95=None, undefined_resamples=7)),
        dict(auroc=''),
        {},
        {},
        {},
        dict(num_resamples=10),
        [],
        [],
    )
    assert 'up to 7 of 10' in found['warnings'][0]
