"""Tables of one and of several results."""

import pytest
from test_results_files import PROTOCOL, report

from mmcxr.evaluation.functional.comparison import (
    UnequalSpecsError,
    compare,
    differences,
    name_rows,
)
from mmcxr.evaluation.functional.results import build_results
from mmcxr.evaluation.functional.tables import (
    aligned,
    as_csv,
    as_markdown,
    explanations,
    format_number,
    results_table,
)

OVERLAP = dict(scheme='mrm', images=1494, patients=90, against='train')


def result(name='r50', digest='ab' * 32, overlap=None, value=0.8, extra=(), **protocol):
    reports = dict(classification=report(value), **dict.fromkeys(extra, report(0.3)))
    model = dict(name=name, checkpoint_sha256=digest)
    return build_results(PROTOCOL | protocol, model, {}, reports, overlap)


def table(*results, **kwargs):
    loaded = [(f'{i}.json', r) for i, r in enumerate(results)]
    return compare(name_rows(loaded), **kwargs)


def test_equal_specs_share_a_column():
    rows = table(result(), result('swin', 'cd' * 32, value=0.9))
    assert rows == [
        ['model', 'rsna classification/auroc'],
        ['r50', '0.800 [0.700, 0.900]'],
        ['swin', '0.900 [0.700, 0.900]'],
        ['trivial baseline', '0.500'],
    ]


def test_unequal_specs_are_refused_and_the_difference_named():
    other = result('swin', split='clean', preprocessing=[dict(scale=512)])
    with pytest.raises(UnequalSpecsError) as error:
        table(result(), other)
    text = str(error.value)
    assert 'classification/auroc on rsna was measured differently' in text
    assert '0.json | 1.json' in text
    assert "split: 'test' | 'clean'" in text
    assert 'preprocessing[0].scale: 224 | 512' in text


def test_separate_columns_on_request():
    rows = table(result(), result('swin', split='clean'), separate=True)
    assert len(rows[0]) == 3
    assert rows[1][2] == rows[2][1] == ''


def test_another_metric_of_the_file_does_not_matter():
    rows = table(result(), result('swin', extra=['retrieval']))
    assert rows[0][1:] == ['rsna classification/auroc', 'rsna retrieval/auroc']
    assert rows[1][2] == ''


def test_one_model_on_two_data_sets_is_one_row():
    rows = table(result(), result(dataset='siim'))
    assert [row[0] for row in rows] == ['model', 'r50', 'trivial baseline']
    assert all(rows[1])


def test_rows_that_share_a_name_are_told_apart():
    names = [row[0] for row in table(result(), result(digest='cd' * 32))]
    assert names == ['model', 'r50 (abababab)', 'r50 (cdcdcdcd)', 'trivial baseline']
    again = [row[0] for row in table(result(), result())]
    assert again == ['model', 'r50', 'r50 [1.json]', 'trivial baseline']


def test_chosen_metrics():
    rows = table(result(), metrics=['classification/auroc_Edema'])
    assert rows[1] == ['r50', '-']
    with pytest.raises(
        ValueError, match='no result has a/b; they have classification/'
    ):
        table(result(), metrics=['a/b'])
    with pytest.raises(ValueError, match='1 results but 2 names'):
        name_rows([('a', result())], ['x', 'y'])


def test_overlap_stands_beside_the_number():
    rows = table(result(overlap=OVERLAP))
    assert rows[1][1].endswith('(overlap: 1,494 images, 90 patients in train)')
    lines = results_table(result(overlap=OVERLAP)).splitlines()
    assert lines[0].split()[-1] == 'overlap'
    for line in lines[2:]:
        assert line.endswith('1,494 images, 90 patients in train')
    none = results_table(result(overlap=OVERLAP | dict(images=0, patients=0)))
    assert 'overlap' not in none


def test_table_of_one_result_shows_classes_with_counts():
    one = result()
    counts = dict(positive=12, negative=340)
    one['counts']['classification']['evaluated'] = dict(Edema=counts)
    lines = results_table(one).splitlines()
    assert lines[2].split() == [
        'classification/auroc', '0.800', '[0.700,', '0.900]', '0.500',
    ]  # fmt: skip
    assert lines[3].split() == ['classification/auroc_Edema', '-', '-', '12/340']


def test_explanations_give_definitions_remarks_and_warnings():
    assert explanations(result()) == [
        'classification/auroc: mean AUROC',
        'classification: by the way',
        'caution: classification: careful',
    ]


def test_differences_name_missing_keys_and_unequal_lists():
    found = list(differences(dict(a=1, b=[1, 2]), dict(b=[1, 3], c=dict(d=2))))
    assert [path for path, *_ in found] == ['a', 'b[1]', 'c']
    assert list(differences(dict(a=[1]), dict(a=[1, 2]))) == [('a', [1], [1, 2])]
    assert not list(differences(PROTOCOL, dict(PROTOCOL)))


def test_formats():
    rows = [['model', 'x'], ['a,b', '1']]
    assert aligned(rows) == 'model  x\n-----  -\na,b    1'
    assert as_csv(rows) == 'model,x\n"a,b",1'
    assert as_markdown(rows) == '| model | x |\n|---|---|\n| a,b | 1 |'
    assert [format_number(x) for x in (None, 0.12345, 123.456)] == [
        '-', '0.123', '123.5',
    ]  # fmt: skip
