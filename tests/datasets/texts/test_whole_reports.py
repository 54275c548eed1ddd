"""Image-text samples of whole reports, and one sample per image."""

import pytest

from mmcxr.datasets.classification import ClassificationDataset
from mmcxr.datasets.image_text import ImageTextDataset
from mmcxr.datasets.tables.table import TableError, label_columns, read_table


def items(dataset):
    return [dataset.get_data_info(index) for index in range(len(dataset))]


def test_the_column_is_optional_text_and_no_label(make_dataset):
    assert set(read_table(make_dataset())['report']) == {''}
    root = make_dataset(reports=['Nan', '1', '', ' x', 'nan', '0'])
    table = read_table(root)
    assert table['report'].tolist() == ['Nan', '1', '', ' x', '', '0']
    assert label_columns(table) == ['Edema', 'Mass']


def test_the_report_or_findings_and_impression(make_dataset):
    root = make_dataset(reports=['', 'WHOLE: edema. ', '', '', 'Other.', ''])
    dataset = ImageTextDataset(root, texts='whole')
    assert [(item['study_id'], item['texts']) for item in items(dataset)] == [
        ('s1', ['WHOLE: edema.']),
        ('s2', ['No mass.']),
        ('s3', ['Other.']),
    ]
    assert all(item['sections'] == {} for item in items(dataset))
    assert dataset.metainfo['left_out'] == {'no report': 2}  # both of patient 008, s1
    dataset = ImageTextDataset(make_dataset(), texts='whole')
    texts = [item['texts'] for item in items(dataset)]
    assert texts == [['Edema is seen. Edema.'], ['No mass.']]


def test_nothing_else_reads_the_column(make_dataset):
    reports = ['', 'WHOLE.', '', '', 'Other.', '']
    for texts in ('auto', 'report'):
        with_it = ImageTextDataset(make_dataset(reports=reports), texts=texts)
        found, left_out = items(with_it), with_it.metainfo['left_out']
        plain = ImageTextDataset(make_dataset(), texts=texts)
        assert repr(items(plain)) == repr(found)
        assert plain.metainfo['left_out'] == left_out


def test_images_with_the_report_of_their_study(make_dataset):
    root = make_dataset(reports=['', 'WHOLE.', '', '', '', ''])
    dataset = ImageTextDataset(root, texts='whole', level='image')
    first, second, third = items(dataset)
    assert first == dict(
        image='p0/a.png',
        img_path=f'{root}/images/p0/a.png',
        view='PA',
        patient_id='007',
        study_id='s1',
        dataset='tiny',
        gt_label=first['gt_label'],
        labels={'Edema': 1.0, 'Mass': 0.0},
        sections={},
        sections_augmented={},
        texts=['WHOLE.'],
        sample_idx=0,
    )
    assert second['texts'] == ['WHOLE.'] and second['image'] == 'p0/b.png'
    assert second['labels'] == {'Edema': 0.0, 'Mass': -1.0}  # its own
    assert third['texts'] == ['No mass.']
    assert dataset.metainfo['left_out'] == {'no report': 3}


def test_images_with_the_sections_of_their_study(make_dataset):
    rows = [('a.png', 'p', 's', '', 'x'), ('b.png', 'p', 's', 'y', '')]
    columns = ('image', 'patient_id', 'study_id', 'findings', 'impression')
    found = items(ImageTextDataset(make_dataset(rows, columns, []), level='image'))
    both = dict(findings='y', impression='x')
    assert [item['sections'] for item in found] == [both, both]
    assert 'gt_label' not in found[0] and 'labels' not in found[0]
    films = items(ClassificationDataset(make_dataset(), classes=['Edema']))
    known = {film['image']: film['gt_label'].tolist() for film in films}
    pairs = ImageTextDataset(
        make_dataset(), level='image', texts='labels', classes=['Edema']
    )
    assert {i['image']: i['gt_label'].tolist() for i in items(pairs)} == known


def test_two_reports_in_one_study_are_refused(make_dataset):
    root = make_dataset(reports=['x', 'y', '', '', '', ''])
    with pytest.raises(
        TableError, match="study 's1' of patient '007'.*different report"
    ):
        ImageTextDataset(root, texts='whole')
    with pytest.raises(ValueError, match="level 'film' is none of study, image"):
        ImageTextDataset(root, level='film')
