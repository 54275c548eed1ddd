import csv

import pytest

from mmcxr.datasets.public.chest_xray14 import ChestXray14Pairs
from mmcxr.datasets.public.chexpert import CheXpert5x200, CheXpertPairs
from mmcxr.datasets.public.mimic_cxr import MIMICCXR
from mmcxr.datasets.public.vindr_cxr import VINDR_LABELS, VinDrCXR
from mmcxr.datasets.tables.splits import overlap, read_split
from mmcxr.datasets.tables.table import TableError, label_columns, read_table
from mmcxr.engine.config_file import load_config
from mmcxr.preparing.command import main
from mmcxr.preparing.lists.cxr_clip_csv import convert_cxr_clip_csv
from mmcxr.preparing.lists.cxr_clip_forms import FORMS, parse_list
from mmcxr.registry import DATASETS


@pytest.fixture
def convert(tmp_path):
    """Write CSV files and empty films; convert; returns the tally."""

    def run(dataset, films=(), **files):
        for name, (header, *rows) in files.items():
            path = tmp_path / 'csv' / f'{name}.csv'
            path.parent.mkdir(exist_ok=True)
            with path.open('w', newline='') as file:
                csv.writer(file).writerows([header, *rows])
        for film in films:
            path = tmp_path / 'films' / film
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return convert_cxr_clip_csv(
            dataset, tmp_path / 'csv', tmp_path / 'films', tmp_path / 'out'
        )

    return run


MIMIC = ['image', 'view', 'AP', 'PA', 'Lateral', 'text', 'text_augment']
STUDY = 'files/p10/p10000032/s50414267/'
MIMIC_TRAIN = [
    MIMIC,
    [
        f"['{STUDY}a.jpg', '{STUDY}b.jpg']",
        "['PA', 'Lateral']",
        '[]',
        f"['{STUDY}a.jpg']",
    ]
    + [f"['{STUDY}b.jpg']", "['Heart is big.', 'Big heart.']", "['Large.', 'Great.']"],
    ["['files/p11/p11000011/s7/c.jpg']", "['AP']", "['files/p11/p11000011/s7/c.jpg']"]
    + ['[]', '[]', "['Clear lungs.']", "['Lungs clear.']"],
]
MIMIC_TEST = [['image', 'text'], ['files/p12/p12000012/s8/d.jpg', 'Nothing new.']]
MIMIC_FILMS = ['p10/p10000032/s50414267/a.jpg', 'p10/p10000032/s50414267/b.jpg']
MIMIC_FILMS += ['p11/p11000011/s7/c.jpg', 'p12/p12000012/s8/d.jpg']


def test_mimic(convert, tmp_path):
    tally = convert(
        'mimic-cxr', MIMIC_FILMS, mimic_train=MIMIC_TRAIN, mimic_cxr_test=MIMIC_TEST
    )
    assert tally.count('files not there') == 1  # no mimic_valid.csv
    table = read_table(tmp_path / 'out', check_files=-1)
    assert table['image'].tolist() == MIMIC_FILMS
    assert table['patient_id'].tolist()[1:] == ['p10000032', 'p11000011', 'p12000012']
    assert table['study_id'].tolist() == ['s50414267', 's50414267', 's7', 's8']
    assert table['view'].tolist() == ['PA', 'LATERAL', 'AP', '']
    train = MIMICCXR(tmp_path / 'out', 'official', 'train')
    first, second = (train.get_data_info(i) for i in range(2))
    assert len(first['views']) == 2
    assert first['sections'] == dict(findings='Heart is big.', impression='Big heart.')
    assert first['sections_augmented'] == dict(findings='Large.', impression='Great.')
    assert second['sections'] == dict(findings='Clear lungs.')
    test = MIMICCXR(tmp_path / 'out', 'official', 'test')
    assert test.get_data_info(0)['sections'] == dict(findings='Nothing new.')


def test_a_bare_text_is_refused(convert):
    rows = [MIMIC_TRAIN[0], MIMIC_TRAIN[1], [*MIMIC_TRAIN[2][:5], 'Clear lungs.', '[]']]
    with pytest.raises(
        TableError,
        match=r"row 2, column 'text': 'Clear lungs.' is no list; write it as \[",
    ):
        convert('mimic-cxr', MIMIC_FILMS, mimic_train=rows)


@pytest.mark.parametrize('cell', ['', 'PA', "'PA'", '{1}', '["x"', '__import__("os")'])
def test_cells_that_are_no_lists(cell):
    with pytest.raises(TableError, match="here: row 3, column 'view'"):
        parse_list({'view': cell}, 'view', 'here: row 3')


def test_an_image_of_no_view_is_kept(convert, tmp_path):
    row = ["['p1/a.jpg', 'p1/b.jpg']", "['PA']", '[]', "['p1/a.jpg']"]
    rows = [MIMIC, [*row, '[]', "['Clear lungs.']", '[]']]
    convert('mimic-cxr', ['p1/a.jpg', 'p1/b.jpg'], mimic_train=rows)
    table = read_table(tmp_path / 'out')
    assert table['image'].tolist() == ['p1/a.jpg', 'p1/b.jpg']
    assert table['view'].tolist() == ['PA', '']


@pytest.mark.parametrize(
    ('dataset', 'name', 'header', 'row', 'fault'),
    [
        ('siim', 'siim_train', 'image,lable', 'a.png,1', "no column 'label' .*'lable'"),
        ('openi', 'openi_test', 'image', 'a.png', "row 1: no column 'text'"),
        ('chexpert-5x200', 'chexpert5x200', 'Path', 'a.png', "no column 'Atelectasis'"),
        ('vindr-cxr', 'vindr_test', 'image', 'a.png', "row 1: no column 'label'"),
        (
            'vindr-cxr',
            'vindr_test',
            'image;label',
            f'a.png;{[0] * 19 + [None]}',
            'row 1: None in label is neither 0 nor 1',
        ),
        (
            'chestx-ray14',
            'chest14_train',
            'image;text_label',
            '[];[]',
            'the study has no',
        ),
        (
            'chestx-ray14',
            'chest14_train',
            'image;text_label',
            '[3];[]',
            "column 'image': 3 is no text or path",
        ),
        (
            'chestx-ray14',
            'chest14_train',
            'image;text_label',
            'a.png;[["Mass"], [], ["Mass"]]',
            "'Mass' is in two lists",
        ),
        (
            'chestx-ray14',
            'chest14_train',
            'image;text_label',
            'a.png;[[], [], [], ["Mass"]]',
            '4 lists in text_label, at most 3',
        ),
        ('siim', 'siim_train', 'image,label', 'a.png,yes', 'out/table.csv: row 1.*yes'),
    ],
)
def test_what_cannot_be_read_is_refused(convert, dataset, name, header, row, fault):
    separator = ';' if ';' in header else ','
    rows = [header.split(separator), row.split(separator)]
    with pytest.raises(TableError, match=fault):
        convert(dataset, ['a.png'], **{name: rows})


def test_chexpert(convert, tmp_path):
    header = ['image', 'view', 'AP', 'PA', 'Lateral', 'text_label']
    path = 'CheXpert-v1.0/train/patient00001/study2/view1_frontal.jpg'
    labels = "[['Edema', 'Support Devices'], ['Pneumonia'], ['Atelectasis']]"
    rows = [header, [f"['{path}']", "['AP']", f"['{path}']", '[]', '[]', labels]]
    convert('chexpert', [path], chexpert_train=rows)
    info = CheXpertPairs(tmp_path / 'out', texts='labels').get_data_info(0)
    assert info['labels'] == {
        'Edema': 1.0,
        'Support Devices': 1.0,
        'Pneumonia': 0.0,
        'Atelectasis': -1.0,
    }
    assert (info['patient_id'], info['study_id']) == ('patient00001', 'study2')
    rows[1][-1] = "[['Oedema'], [], []]"
    with pytest.raises(TableError, match="row 1: unknown class 'Oedema'"):
        convert('chexpert', chexpert_train=rows)


@pytest.mark.parametrize('cell', ["[['Effusion', 'Mass']]", "['Effusion', 'Mass']"])
def test_chest_xray14_absent_is_absent(convert, tmp_path, cell):
    rows = [['image', 'text_label'], ["['00000013_026.png']", cell]]
    convert('chestx-ray14', ['00000013_026.png'], chest14_valid=rows)
    dataset = ChestXray14Pairs(tmp_path / 'out', 'cxr_clip', 'val')
    info = dataset.get_data_info(0)
    assert {name for name, label in info['labels'].items() if label} == {
        'Effusion',
        'Mass',
    }
    assert len(info['labels']) == 15 and info['patient_id'] == '00000013'


def test_vindr(convert, tmp_path):
    labels = [int(name in ('Nodule/Mass', 'Tuberculosis')) for name in VINDR_LABELS]
    rows = [['image', 'label', 'class'], ['x/abc.png', str(labels), "['Nodule/Mass']"]]
    convert('vindr-cxr', ['abc.png'], vindr_test=rows)
    dataset = VinDrCXR(tmp_path / 'out')
    label = dataset.get_data_info(0)['gt_label']
    assert len(label) == 18
    assert [dataset.metainfo['classes'][i] for i in label.nonzero()[0]] == [
        'Nodule/Mass',
        'Tuberculosis',
    ]
    rows[1][1] = '[0, 1]'
    with pytest.raises(TableError, match='row 1: 2 labels, expected 20'):
        convert('vindr-cxr', vindr_test=rows)


def test_an_image_in_two_splits_is_kept_in_both(convert, tmp_path):
    header = ['image', 'label', 'class']
    train = [header, ['a.png', 1, 'Pneumothorax'], ['a.png', 1, 'Pneumothorax']]
    test = [header, ['a.png', 1, 'Pneumothorax'], ['b.png', 0, 'No Pneumothorax']]
    convert('siim', ['a.png', 'b.png'], siim_train=train, siim_test=test)
    table = read_table(tmp_path / 'out')
    assert table['Pneumothorax'].tolist() == [1, 0]
    scheme = read_split(tmp_path / 'out', 'cxr_clip', table)
    assert overlap(table, scheme)['test']['images'] == 1
    test[1][1] = 0
    with pytest.raises(
        TableError, match="'a.png' was listed before with another 'Pneum"
    ):
        convert('siim', siim_train=train, siim_test=test)


def test_chexpert_5x200(convert, tmp_path):
    classes = CheXpert5x200.METAINFO['classes']
    header = ['Path', 'Report Impression', *classes]
    path = 'CheXpert-v1.0/train/patient00005/study1/view1_frontal.jpg'
    row = [path, 'Fluid.', *(float(name == 'Edema') for name in classes)]
    convert('chexpert-5x200', [path], chexpert5x200=[header, row])
    info = CheXpert5x200(tmp_path / 'out').get_data_info(0)
    assert info['sections'] == dict(impression='Fluid.')
    assert info['gt_label'].tolist() == [0, 0, 0, 1, 0]


def test_two_films_of_a_study_of_5x200_are_two_queries(convert, tmp_path, repo_dir):
    """As the retrieval configs read them: one sample per row of the list."""
    classes = CheXpert5x200.METAINFO['classes']
    films = [f'train/patient00005/study1/view{i}_frontal.jpg' for i in (1, 2)]
    labels = [float(name == 'Edema') for name in classes]
    rows = [[film, text, *labels] for film, text in zip(films, 'ab', strict=True)]
    header = ['Path', 'Report Impression', *classes]
    convert('chexpert-5x200', films, chexpert5x200=[header, *rows])
    dataset = retrieval_dataset(repo_dir, 'chexpert-5x200', tmp_path / 'out')
    assert [info['image'] for info in dataset] == films


def test_openi_films_of_unknown_view_are_frontal(convert, tmp_path, repo_dir):
    """The list says no view, and holds frontal films only."""
    rows = [['image', 'text'], ['a.png', 'Clear.'], ['b.png', 'Big heart.']]
    convert('openi', ['a.png', 'b.png'], openi_test=rows)
    dataset = retrieval_dataset(repo_dir, 'openi', tmp_path / 'out')
    assert [info['views'][0]['image'] for info in dataset] == ['a.png', 'b.png']


def retrieval_dataset(repo_dir, name, data_root):
    """Test set of a retrieval config, without its pipeline."""
    config = load_config(repo_dir / f'configs/benchmarks/retrieval/{name}/cxr-clip.py')
    options = dict(config.test_dataloader.dataset, data_root=data_root, pipeline=[])
    return DATASETS.build(options)


def test_rsna(convert, tmp_path):
    rows = [['image', 'label', 'class'], ['a.png', 1, 'Pneumonia']]
    convert('rsna', ['a.png'], rsna_train=rows)
    table = read_table(tmp_path / 'out')
    assert label_columns(table) == ['Pneumonia'] and table['patient_id'][0] == 'a.png'


def test_missing_films_are_counted(convert, tmp_path):
    header = ['image', 'label', 'class']
    rows = [header, ['a.png', 1, 'x'], ['b.png', 0, 'x'], ['c.png', 0, 'x']]
    tally = convert('rsna', ['a.png'], rsna_train=rows)
    assert '2 left out, file missing: b.png, c.png' in tally.lines()
    assert len(read_table(tmp_path / 'out', check_files=-1)) == 1
    scheme = read_split(tmp_path / 'out', 'cxr_clip', read_table(tmp_path / 'out'))
    assert not scheme.unknown


def test_nothing_there(convert, tmp_path):
    (tmp_path / 'csv').mkdir()
    with pytest.raises(TableError, match='holds none of openi_test.csv'):
        convert('openi')
    with pytest.raises(TableError, match="holds no 'q/a.png', nor any ending"):
        convert('openi', openi_test=[['image', 'text'], ['q/a.png', 'x']])
    with pytest.raises(
        TableError, match="row 1: no column 'image' .did you mean 'imag'"
    ):
        convert('openi', openi_test=[['imag', 'text'], ['q/a.png', 'x']])


def test_the_command_knows_all_forms(capsys):
    with pytest.raises(SystemExit):
        main(['cxr-clip-csv', '--help'])
    assert f'{{{",".join(FORMS)}}}' in capsys.readouterr().out
