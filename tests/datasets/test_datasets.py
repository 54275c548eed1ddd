import numpy as np
import pytest
from PIL import Image

from mmcxr.datasets import segmentation, table_dataset
from mmcxr.datasets.classification import ClassificationDataset
from mmcxr.datasets.films.grey import UnreadableFilm
from mmcxr.datasets.image_text import ImageTextDataset
from mmcxr.datasets.segmentation import SegmentationDataset
from mmcxr.datasets.tables.table import MissingTable, TableError
from mmcxr.registry import DATASETS, TRANSFORMS
from mmcxr.torchvision_schema import ensure_torchvision

READ = [dict(type='LoadFilm'), dict(type='PackFilm')]


def items(dataset):
    return [dataset.get_data_info(index) for index in range(len(dataset))]


def test_studies(make_dataset):
    root = make_dataset()
    dataset = ImageTextDataset(root)
    first, second, third = items(dataset)
    assert first == dict(
        views=[
            dict(img_path=f'{root}/images/p0/a.png', image='p0/a.png', view='PA'),
            dict(img_path=f'{root}/images/p0/b.png', image='p0/b.png', view='LATERAL'),
        ],
        sections=dict(findings='Edema is seen.', impression='Edema.'),
        # An impression without back-translation stands for itself.
        sections_augmented=dict(findings='Edema visible.', impression='Edema.'),
        labels={'Edema': 1.0, 'Mass': -1.0},
        gt_label=first['gt_label'],
        patient_id='007',
        study_id='s1',
        dataset='tiny',
        sample_idx=0,
    )
    assert first['gt_label'].tolist() == [1, -1]
    assert second['sections'] == {'impression': 'No mass.'}
    assert second['sections_augmented'] == {} and second['labels'] == {'Mass': 0.0}
    np.testing.assert_array_equal(second['gt_label'], np.float32([np.nan, 0]))
    # Two patients may both have a study s1; blank findings are none.
    assert third['patient_id'] == '008' and third['sections'] == {}
    assert [view['image'] for view in third['views']] == ['p1/d.png', 'p1/f.png']
    assert third['labels'] == {'Edema': -1.0, 'Mass': 1.0}
    assert dataset.metainfo['left_out'] == {'no text': 1}


@pytest.mark.parametrize(
    ('texts', 'studies', 'left_out'),
    [
        ('auto', ['s1', 's2', 's1'], {'no text': 1}),
        ('report', ['s1', 's2'], {'no report': 3}),
        ('labels', ['s1', 's2', 's1'], {'no label': 1}),
    ],
)
def test_texts(make_dataset, texts, studies, left_out):
    dataset = ImageTextDataset(make_dataset(), texts=texts)
    assert [item['study_id'] for item in items(dataset)] == studies
    assert dataset.metainfo['left_out'] == left_out
    if texts == 'labels':
        assert all(item['sections'] == {} for item in items(dataset))


def test_reports_need_no_label_columns(make_dataset):
    dataset = DATASETS.build(dict(type='MIMICCXR', data_root=str(make_dataset())))
    assert dataset.metainfo['classes'] == ('Edema',)
    dataset = DATASETS.build(dict(type='OpenI', data_root=str(make_dataset())))
    assert 'gt_label' not in dataset.get_data_info(0)
    with pytest.raises(TableError, match="no column 'No Finding'.*labels are Edema, M"):
        DATASETS.build(
            dict(type='CheXpertPairs', data_root=str(make_dataset()), texts='labels')
        )


def test_two_reports_in_one_study_are_refused(make_dataset):
    columns = ('image', 'patient_id', 'study_id', 'findings')
    texts = dict(a='x', b='', c='y')
    rows = [(f'{name}.png', 'p', 's', text) for name, text in texts.items()]
    with pytest.raises(
        TableError, match="study 's' of patient 'p' .*different find.*'c.png'"
    ):
        ImageTextDataset(make_dataset(rows, columns))


def test_images(make_dataset):
    root = make_dataset()
    dataset = ClassificationDataset(root, classes=['Mass', 'Edema'])
    found = items(dataset)
    assert [item['image'][3] for item in found] == list('abcdf')
    np.testing.assert_array_equal(
        [item['gt_label'] for item in found],
        np.float32([[0, 1], [-1, 0], [0, np.nan], [np.nan, -1], [1, np.nan]]),
    )
    assert found[0]['gt_label'].dtype == np.float32
    assert found[1] == dict(
        image='p0/b.png',
        img_path=f'{root}/images/p0/b.png',
        view='LATERAL',
        patient_id='007',
        study_id='s1',
        dataset='tiny',
        gt_label=found[1]['gt_label'],
        sections=dict(findings='Edema is seen.', impression='Edema.'),
        sections_augmented=dict(findings='Edema visible.', impression='Edema.'),
        sample_idx=1,
    )
    assert dataset.metainfo['classes'] == ('Mass', 'Edema')
    assert dataset.metainfo['left_out'] == {'no label': 1}


def test_studies_with_labels(make_dataset):
    dataset = ClassificationDataset(make_dataset(), level='study')
    assert [item['gt_label'].tolist()[1] for item in items(dataset)] == [-1, 0, 1]
    assert [len(item['views']) for item in items(dataset)] == [2, 1, 2]


def test_exclusive_classes(make_dataset):
    columns = ('image', 'patient_id', 'study_id', 'Edema', 'Mass')
    rows = [('a.png', 'p', 's', 1, ''), ('b.png', 'p', 's', 0, 1)]
    facts = dict(exclusive=True)
    assert len(ClassificationDataset(make_dataset(rows, columns), metainfo=facts)) == 2
    rows += [('c.png', 'p', 's', 1, 1)]
    with pytest.raises(
        TableError, match="row 3 .image 'c.png'.*exactly one of Edema, Mass"
    ):
        ClassificationDataset(make_dataset(rows, columns), metainfo=facts)


def test_unknown_class_names_the_nearest(make_dataset):
    with pytest.raises(TableError, match="no column 'Oedema' .did you mean 'Edema'"):
        ClassificationDataset(make_dataset(), classes=['Oedema'])


@pytest.mark.parametrize(
    ('rule', 'images'),
    [(None, 'af'), ('Mass', 'acf'), ('background', 'abcdef')],
)
def test_masks(make_dataset, rule, images):
    root = make_dataset()
    dataset = SegmentationDataset(root, metainfo=dict(empty_mask=rule))
    found = items(dataset)
    assert [item['image'][3] for item in found] == list(images)
    paths = {'a': f'{root}/masks/a.png', 'f': f'{root}/masks/f.png'}
    for item in found:
        assert item['seg_map_path'] == paths.get(item['image'][3], '')
        assert item['label_map'] is None and item['reduce_zero_label'] is False
        assert item['seg_fields'] == [] and 'gt_label' not in item
    assert dataset.metainfo['left_out'] == (
        {'no mask': 6 - len(images)} if rule != 'background' else {}
    )
    assert dataset.metainfo['classes'] == ('background', 'finding')


@pytest.fixture
def opened(monkeypatch):
    """Names of the masks that are opened to see whether they are empty."""
    names = []
    read = segmentation.read_mask
    monkeypatch.setattr(
        segmentation, 'read_mask', lambda path: (names.append(path[-5:]), read(path))[1]
    )
    return names


@pytest.mark.parametrize(
    ('rule', 'positives', 'asked'),
    [
        # Labels: a 1; b 0, without mask; c 0; d -1, an empty mask; e, f none.
        ('Edema', 'aef', 'def'),
        ('background', 'acef', 'acdef'),
        (None, 'acef', 'acdef'),
    ],
)
def test_positives(make_dataset, opened, rule, positives, asked):
    labels = ('1', '0', '0', '-1', '', '')
    rows = [
        (f'{name}.png', 'p', 's', '' if name == 'b' else f'{name}.png', label)
        for name, label in zip('abcdef', labels, strict=True)
    ]
    columns = ('image', 'patient_id', 'study_id', 'mask', 'Edema')
    root = make_dataset(rows, columns)
    Image.new('L', (24, 20)).save(root / 'masks/d.png')
    dataset = SegmentationDataset(root, metainfo=dict(empty_mask=rule))
    images = [item['image'][0] for item in items(dataset)]
    found = dataset.find_positives()
    assert found.dtype == bool
    assert [n for n, p in zip(images, found, strict=True) if p] == list(positives)
    assert sorted(opened) == [f'{name}.png' for name in asked]


def test_boxes_are_positives(make_dataset, opened):
    rows = [('a.png', 'p', 's', '[[2, 2, 4, 4, "Mass"]]'), ('b.png', 'p', 's', '[]')]
    root = make_dataset(rows, ('image', 'patient_id', 'study_id', 'boxes'))
    facts = dict(box_labels='all', empty_mask='background')
    dataset = SegmentationDataset(root, metainfo=facts)
    assert dataset.find_positives().tolist() == [True, False] and not opened


def test_masks_go_through_mmseg(make_dataset):
    ensure_torchvision()
    pipeline = [
        dict(type='LoadFilm'),
        dict(type='LoadFilmMask'),
        dict(type='mmcv.RandomFlip', prob=0.5),
        dict(type='mmseg.PackSegInputs'),
    ]
    config = dict(type='SIIMPneumothoraxSeg', metainfo=dict(empty_mask='background'))
    config.update(data_root=str(make_dataset()), pipeline=pipeline)
    dataset = DATASETS.build(config)
    assert len(dataset) == 6
    for sample in dataset:
        assert sample['inputs'].shape == (1, 20, 24)
        assert sample['data_samples'].gt_sem_seg.data.shape == (1, 20, 24)
    assert dataset[1]['data_samples'].gt_sem_seg.data.sum() == 0
    with pytest.raises(TableError, match="no column 'Pneumothorax'"):
        DATASETS.build({**config, 'metainfo': {}})
    with pytest.raises(TableError, match="no column 'mask_lungs'"):
        DATASETS.build({**config, 'type': 'COVID19LungSeg', 'metainfo': {}})


def test_views(make_dataset):
    root = make_dataset()
    dataset = ClassificationDataset(root, views=['PA', 'AP'])
    assert [item['image'][3] for item in items(dataset)] == list('acd')
    assert dataset.metainfo['left_out'] == {'view': 2, 'no label': 1}
    assert len(ClassificationDataset(root, views=[''])) == 1
    with pytest.raises(ValueError, match="unknown view 'pa' .did you mean 'PA'"):
        ClassificationDataset(root, views=['pa'])
    with pytest.raises(TableError, match="no sample is left .{'view': 6}"):
        make = make_dataset(name='other')
        (make / 'table.csv').write_text(
            (make / 'table.csv').read_text().replace('LATERAL', '')
        )
        ClassificationDataset(make, views=['LATERAL'])


def test_splits_and_facts(make_dataset):
    root = make_dataset(
        splits=[('p0/a.png', 'train'), ('p1/d.png', 'train')]
        + [('p0/c.png', 'test'), ('p1/d.png', 'test')]
    )
    dataset = ClassificationDataset(
        root, 'official', 'test', metainfo=dict(licence='none')
    )
    assert [item['image'][3] for item in items(dataset)] == list('cd')
    facts = dataset.metainfo
    assert facts['overlap'] == dict(
        scheme='official', against='train', images=1, patients=2
    )
    assert (facts['dataset'], facts['licence']) == ('tiny', 'none')
    assert (facts['split_scheme'], facts['split']) == ('official', 'test')
    assert (facts['fraction'], facts['fraction_source']) == (1, None)
    train = ClassificationDataset(root, 'official', 'train').metainfo
    assert train['overlap'] is None
    assert ClassificationDataset(root).metainfo['overlap'] is None
    with pytest.raises(TableError, match="no image in 'tset' .did you mean 'test'"):
        ClassificationDataset(root, 'official', 'tset')
    with pytest.raises(ValueError, match='both split_scheme and split'):
        ClassificationDataset(root, split='test')


def test_fractions(many_films):
    train = ClassificationDataset(many_films, 'official', 'train')
    tenth = ClassificationDataset(many_films, 'official', 'train', fraction=0.1)
    half = ClassificationDataset(many_films, 'official', 'train', fraction=0.5)
    assert (len(train), len(half), len(tenth)) == (18, 9, 3)
    images = [{item['image'] for item in items(d)} for d in (tenth, half, train)]
    assert images[0] < images[1] < images[2]
    assert half.metainfo['fraction_source'] == 'drawn with seed 0'
    with (many_films / 'splits/official.csv').open('a') as file:
        file.write('0.png,train_50\n23.png,train_50\n')
    listed = ClassificationDataset(many_films, 'official', 'train', fraction=0.5)
    assert [item['image'] for item in items(listed)] == ['0.png', '23.png']
    assert listed.metainfo['fraction_source'] == 'official: train_50'
    # Nested with what is listed: a twentieth of 18 films, from these two.
    inside = ClassificationDataset(many_films, 'official', 'train', fraction=0.05)
    assert [item['image'] for item in items(inside)] in (['0.png'], ['23.png'])
    source = inside.metainfo['fraction_source']
    assert source == 'drawn with seed 0 inside official: train_50'


def test_missing_folder_tells_the_command(tmp_path):
    with pytest.raises(
        MissingTable, match='no such folder; make it with: python tools/'
    ):
        DATASETS.build(dict(type='MIMICCXR', data_root=str(tmp_path / 'no')))
    with pytest.raises(
        FileNotFoundError, match='holds none of table.csv.*prepare_dataset'
    ):
        DATASETS.build(dict(type='CheXpert', data_root=str(tmp_path)))


def test_facts_are_not_taken_for_files(make_dataset, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'ours').write_text('a line\n')
    facts = dict(dataset='ours')
    assert (
        ClassificationDataset(make_dataset(), metainfo=facts).metainfo['dataset']
        == 'ours'
    )


@pytest.mark.parametrize(
    ('kind', 'argument'),
    [(ImageTextDataset, dict(texts='labls')), (ClassificationDataset, dict(level='x'))],
)
def test_unknown_choices(kind, argument, tmp_path):
    with pytest.raises(ValueError, match=f'{list(argument)[0]}.* is none of'):
        kind(tmp_path, **argument)


def test_lazy(many_films, tmp_path):
    dataset = ClassificationDataset(tmp_path / 'not yet', lazy_init=True)
    assert dataset.metainfo == {}
    assert len(ClassificationDataset(many_films, lazy_init=True)) == 24


def test_samples_end(many_films):
    dataset = ClassificationDataset(many_films, pipeline=READ)
    assert len(list(dataset)) == 24


def break_films(root, names):
    for name in names:
        (root / 'images' / name).write_bytes(b'not a film')


def images_of(dataset, numbers):
    return [dataset[number]['data_samples'].get('image') for number in numbers]


def test_an_unreadable_film_is_replaced(many_films, monkeypatch):
    said = []
    monkeypatch.setattr(
        table_dataset, 'print_log', lambda text, *args: said.append(text)
    )
    break_films(many_films, ['5.png'])
    dataset = ClassificationDataset(many_films, pipeline=READ)
    seen = images_of(dataset, [5, 5 + 24, 5 + 48, 5 + 72, 6])
    assert len(said) == 1  # once, not each time
    assert said[0].startswith(f'{many_films}/images/5.png: ')
    assert said[0].endswith(
        'another sample takes its place [sample 5, study s5: 5.png]'
    )
    assert seen == images_of(dataset, [5, 5 + 24, 5 + 48, 5 + 72, 6])
    assert '5.png' not in seen and seen[-1] == '6.png' and len(set(seen)) > 2
    again = ClassificationDataset(many_films, pipeline=READ)
    assert images_of(again, [5]) == seen[:1]


def test_too_many_unreadable_films(many_films, monkeypatch):
    break_films(many_films, ['5.png', '7.png', '9.png'])
    dataset = ClassificationDataset(many_films, pipeline=READ, max_unreadable=0.1)
    images_of(dataset, [5, 7, 5])
    with pytest.raises(
        UnreadableFilm, match=r"3 of 24 samples of 'many'.*max_unreadable=0.1.*5.png.*9"
    ):
        images_of(dataset, range(8, 10))
    strict = ClassificationDataset(many_films, pipeline=READ, max_unreadable=0)
    said = []
    monkeypatch.setattr(
        table_dataset, 'print_log', lambda text, *args: said.append(text)
    )
    with pytest.raises(UnreadableFilm, match='1 of 24'):
        strict[5]
    assert not said  # no word of another sample: there is none
    lenient = ClassificationDataset(many_films, pipeline=READ, max_unreadable=0.001)
    lenient[5]  # one is allowed


def test_one_film_that_is_unreadable(make_dataset):
    root = make_dataset(
        [('a.png', 'p', 's', 1)], ('image', 'patient_id', 'study_id', 'Edema')
    )
    break_films(root, ['a.png'])
    dataset = ClassificationDataset(root, pipeline=READ, max_unreadable=1.0)
    with pytest.raises(UnreadableFilm, match='1 of 1'):
        dataset[0]


def test_evaluation_replaces_nothing(many_films):
    (many_films / 'images/5.png').unlink()
    dataset = ClassificationDataset(many_films, pipeline=READ, test_mode=True)
    with pytest.raises(UnreadableFilm, match='5.png: no such file.*sample 5, study s5'):
        dataset[5]


def test_a_study_with_one_bad_film_is_replaced(make_dataset):
    root = make_dataset()
    break_films(root, ['p0/a.png'])
    steps = [
        dict(type='MultiView', transforms=[dict(type='LoadFilm')]),
        dict(type='PackStudy'),
    ]
    dataset = ImageTextDataset(root, pipeline=steps)
    seen = {dataset[3 * epoch]['data_samples'].study_id for epoch in range(9)}
    assert seen <= {'s1', 's2'} and len(dataset._unreadable) == 3
    assert dataset._unreadable.tolist() == [1, 0, 0]


def test_a_pipeline_that_loses_samples(many_films):
    dataset = ClassificationDataset(many_films, pipeline=[lambda results: None])
    with pytest.raises(RuntimeError, match='lost sample 3, study s3: 3.png'):
        dataset[3]


def test_foreign_transforms_are_reproducible(many_films):
    ensure_torchvision()
    pipeline = [
        dict(type='LoadFilm'),
        dict(type='mmpretrain.RandomResizedCrop', scale=16),
        dict(type='mmcv.RandomFlip', prob=0.5),
        TRANSFORMS.build(dict(type='PackFilm')),
    ]
    dataset = ClassificationDataset(many_films, pipeline=pipeline)
    first = [dataset[n]['inputs']['image'] for n in (3, 27, 4)]
    np.random.rand(5)
    again = [dataset[n]['inputs']['image'] for n in (3, 27, 4)]
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert (first[0] != first[1]).any()
    dataset.seed = 1
    assert (dataset[3]['inputs']['image'] != first[0]).any()
