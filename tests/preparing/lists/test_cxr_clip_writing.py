"""Our table -> CXR-CLIP's files -> our table: nothing changes on the way."""

import ast

import numpy as np
import pandas as pd
import pytest

from mmcxr.datasets.public.chest_xray14 import CHEST_XRAY14_CLASSES
from mmcxr.datasets.public.chexpert import CHEXPERT_CLASSES, CheXpert5x200
from mmcxr.datasets.public.vindr_cxr import VINDR_LABELS
from mmcxr.datasets.tables.splits import read_split
from mmcxr.datasets.tables.table import TableError, read_table
from mmcxr.preparing.command import main
from mmcxr.preparing.lists.cxr_clip_csv import convert_cxr_clip_csv
from mmcxr.preparing.lists.cxr_clip_forms import FORMS
from mmcxr.preparing.lists.cxr_clip_writing import write_cxr_clip_csv

LABELS = {
    'chestx-ray14': (*CHEST_XRAY14_CLASSES, 'No Finding'),
    'vindr-cxr': VINDR_LABELS,
    'rsna': ('Pneumonia',),
    'siim': ('Pneumothorax',),
}
STUDIES = {
    'mimic-cxr': 'files/p10/p1000000{0}/s5000000{0}/{1}.jpg',
    'chexpert': 'train/patient0000{0}/study1/view{1}.jpg',
}


def make_dataset(root, rows):
    table = pd.DataFrame([dict(patient_id='', study_id='') | row for row in rows])
    for image in table['image']:
        path = root / 'images' / image
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    splits = table.pop('split')
    table.to_csv(root / 'table.csv', index=False)
    (root / 'splits').mkdir()
    listed = table[['image']].assign(split=splits)
    listed.to_csv(root / 'splits/official.csv', index=False)
    return root


def there_and_back(dataset, root, tmp_path, scheme='official'):
    tally = write_cxr_clip_csv(dataset, root, tmp_path / 'csv', scheme)
    convert_cxr_clip_csv(dataset, tmp_path / 'csv', root / 'images', tmp_path / 'back')
    back = read_table(tmp_path / 'back')
    splits = read_split(tmp_path / 'back', FORMS[dataset].scheme, back)
    return tally, back, splits


@pytest.mark.parametrize('dataset', LABELS)
def test_films(tmp_path, dataset):
    rng = np.random.default_rng(0)
    names = LABELS[dataset]
    rows = [
        dict(image=f'{i:08d}_000.png', split=('train', 'val')[i % 2])
        | {name: int(rng.random() < 0.4) for name in names}
        for i in range(12)
    ]
    rows[3][names[-1]] = -1
    root = make_dataset(tmp_path / 'data', rows)
    tally, back, splits = there_and_back(dataset, root, tmp_path)
    kind = 'left out, labels uncertain or unknown'
    assert tally.names(kind) == ['00000003_000.png']
    table = read_table(root).drop(3).set_index('image')
    back = back.set_index('image').loc[table.index]
    assert (back[list(names)] == table[list(names)]).all(axis=None)
    assert len(splits.of('train')) == 6 and len(splits.of('val')) == 5


def test_reports(tmp_path):
    texts = [('The lungs are clear.', 'Normal.'), ('', 'Edema.'), ('', '')]
    rows = [
        dict(
            image=STUDIES['mimic-cxr'].format(i, view),
            split=split,
            patient_id=f'p1000000{i}',
            study_id=f's5000000{i}',
            view=view,
            findings=texts[i % 3][0],
            impression=texts[i % 3][1],
        )
        for split, studies in dict(train=(0, 1, 2), test=(3, 4)).items()
        for i in studies
        for view in ('PA', 'LATERAL', 'AP')
    ]
    rows[1]['view'] = ''
    root = make_dataset(tmp_path / 'data', rows)
    tally, back, splits = there_and_back('mimic-cxr', root, tmp_path)
    assert tally.count('studies without a text; left out') == 1
    assert tally.count('films of no view') == 1
    assert tally.names('files not written, for they would be empty') == [
        'mimic_valid.csv'
    ]
    table = read_table(root).set_index('image')
    back = back.set_index('image')
    assert len(back) == 12 and len(splits.of('train')) == len(splits.of('test')) == 6
    trained = back.index[splits.of('train')]
    for column in ('patient_id', 'study_id', 'view'):
        assert (back.loc[trained, column] == table.loc[trained, column]).all()
    first = back.loc[rows[0]['image']]
    assert (first['findings'], first['impression']) == texts[0]
    # The test set's text is the longer section.
    assert back.loc[rows[9]['image'], 'findings'] == 'The lungs are clear.'
    written = pd.read_csv(tmp_path / 'csv/mimic_train.csv')
    assert list(written) == ['image', 'view', 'AP', 'PA', 'Lateral'] + [
        'text',
        'text_augment',
    ]
    assert ast.literal_eval(written['view'][1]) == ['AP', 'PA', 'Lateral']
    assert ast.literal_eval(written['text'][1]) == ['Edema.']


def test_chexpert(tmp_path):
    rng = np.random.default_rng(1)
    rows = []
    for i in range(6):
        labels = dict(
            zip(CHEXPERT_CLASSES, rng.choice([1, 0, -1, np.nan], 14), strict=True)
        )
        for view in ('AP', 'LATERAL'):
            image = STUDIES['chexpert'].format(i, view)
            ids = dict(patient_id=f'patient0000{i}', study_id='study1', view=view)
            split = 'val' if i == 5 else 'train'
            rows.append(dict(image=image, split=split, **ids, **labels))
    rows[1]['Edema'] = 1 if rows[0]['Edema'] != 1 else 0
    root = make_dataset(tmp_path / 'data', rows)
    tally, back, _ = there_and_back('chexpert', root, tmp_path)
    assert tally.count('studies whose films have unequal labels; left out') == 1
    table = read_table(root).set_index('image').iloc[2:]
    back = back.set_index('image').loc[table.index]
    classes = list(CHEXPERT_CLASSES)
    assert (back[classes].fillna(9) == table[classes].fillna(9)).all(axis=None)
    assert (back[['patient_id', 'view']] == table[['patient_id', 'view']]).all(
        axis=None
    )


def test_lists_of_a_test_set(tmp_path):
    classes = CheXpert5x200.METAINFO['classes']
    rows = [
        dict(image=f'train/patient0000{i}/study1/view1_frontal.jpg', split='test')
        | dict(patient_id=f'patient0000{i}', study_id='study1', view='AP')
        | dict(findings='', impression=f'Text {i}.')
        | {name: int(i == number) for number, name in enumerate(classes)}
        for i in range(5)
    ]
    root = make_dataset(tmp_path / 'data', rows)
    _, back, _ = there_and_back('chexpert-5x200', root, tmp_path, None)
    table = read_table(root)
    assert (back[list(classes)] == table[list(classes)]).all(axis=None)
    assert back['impression'].tolist() == table['impression'].tolist()
    _, back, splits = there_and_back('openi', root, tmp_path / 'openi')
    assert back['findings'].tolist() == table['impression'].tolist()
    assert len(splits.of('test')) == 5


def test_what_cannot_be_written(tmp_path):
    rows = [dict(image=f'{i}.png', split='train', Pneumonia=i) for i in range(2)]
    root = make_dataset(tmp_path / 'data', rows)
    with pytest.raises(TableError, match="no label column 'Pneumothorax'"):
        write_cxr_clip_csv('siim', root, tmp_path / 'csv', 'official')
    with pytest.raises(TableError, match='name a split scheme; rsna has several'):
        write_cxr_clip_csv('rsna', root, tmp_path / 'csv')
    with pytest.raises(TableError, match='nothing to write; .*splits that CXR-CLIP'):
        write_cxr_clip_csv('openi', root, tmp_path / 'csv', 'official')
    assert not (tmp_path / 'csv').exists()
    write_cxr_clip_csv('rsna', root, tmp_path / 'csv', 'official')
    with pytest.raises(FileExistsError, match='rsna_train.csv: is there'):
        write_cxr_clip_csv('rsna', root, tmp_path / 'csv', 'official')


def test_command(tmp_path, capsys):
    rows = [dict(image=f'{i}.png', split='train', Pneumonia=i) for i in range(2)]
    root = str(make_dataset(tmp_path / 'data', rows))
    csv = str(tmp_path / 'csv')
    write = ['--write', csv, '--split-scheme', 'official']
    assert main(['cxr-clip-csv', 'rsna', root, *write]) == 0
    out = str(tmp_path / 'out')
    main(['cxr-clip-csv', 'rsna', csv, f'{root}/images', '--out', out])
    assert read_table(out)['Pneumonia'].tolist() == [0, 1]
    for argv in (['rsna', csv, '--out', out], ['rsna', root, root, '--write', csv]):
        with pytest.raises(SystemExit):
            main(['cxr-clip-csv', *argv])
    assert 'takes none' in capsys.readouterr().err
