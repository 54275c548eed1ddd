"""Token ids in a pack: those that the dataset would have made itself."""

import json
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmcxr.datasets.image_text import ImageTextDataset
from mmcxr.datasets.packs.layout import PackError, PackSettings
from mmcxr.datasets.packs.pack import Pack, open_pack
from mmcxr.datasets.packs.packing import pack_dataset
from mmcxr.datasets.packs.tokens import add_tokens
from mmcxr.datasets.tables.table import TableError
from mmcxr.datasets.texts.tokenizers import HFTokenizer
from mmcxr.datasets.texts.wordpiece import train_wordpiece

ROWS = (
    # One study of two films, its text in the second row; a report from two sections.
    ('a.png', 'p0', 's0', '', '', 'train'),
    ('b.png', 'p0', 's0', 'Opacity on the left. No effusion.', 'Skipped.', 'train'),
    ('c.png', 'p1', 's1', '', 'Clear lungs.', 'train'),
    ('d.png', 'p2', 's2', 'Large heart, right arm raised.', '', 'val'),
    ('e.png', 'p3', 's3', '', '', 'val'),
)
SETTINGS = PackSettings(16)
LENGTH = 9


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / 'films'
    (folder / 'images').mkdir(parents=True)
    (folder / 'splits').mkdir()
    rows, splits = ['image,patient_id,study_id,report,impression'], ['image,split']
    for number, (image, patient, study, report, impression, split) in enumerate(ROWS):
        pixels = np.random.default_rng(number).integers(0, 255, (20, 24), np.uint8)
        Image.fromarray(pixels).save(folder / 'images' / image)
        rows.append(f'{image},{patient},{study},"{report}",{impression}')
        splits.append(f'{image},{split}')
    (folder / 'table.csv').write_text('\n'.join(rows) + '\n')
    (folder / 'splits/official.csv').write_text('\n'.join(splits) + '\n')
    words = [' '.join(row[3:5]) for row in ROWS]
    train_wordpiece(words, 120, folder / 'tokenizer', min_frequency=1)
    return folder


@pytest.fixture
def tokenizer(root):
    return dict(type='HFTokenizer', name=str(root / 'tokenizer'))


@pytest.fixture
def pack(root, tokenizer):
    open_pack.cache_clear()  # packs of one path follow each other in a test
    return add_tokens(pack_dataset(root, SETTINGS), tokenizer, LENGTH)


def dataset_of(root, tokenizer, split='train', **cache):
    open_pack.cache_clear()
    cache = dict(
        type='CachedTokenizer', tokenizer=tokenizer, **{'max_length': LENGTH, **cache}
    )
    return ImageTextDataset(
        root, 'official', split, texts='whole', level='image', tokenizer=cache
    )


def ids_of(dataset):
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    keys = ('input_ids', 'mirrored_ids')
    return [[info[key][0].tolist() for key in keys if key in info] for info in infos]


@pytest.mark.parametrize('split', ['train', 'val'])
@pytest.mark.parametrize('mirrored', [False, True])
def test_the_same_ids_and_none_made(
    root, tokenizer, pack, split, mirrored, monkeypatch
):
    own = dataset_of(root, tokenizer, split, mirrored=mirrored)
    expected = ids_of(own)
    assert len(expected) == (3 if split == 'train' else 1)
    (root / 'tokens').rename(root / 'gone')
    monkeypatch.setattr(HFTokenizer, '__call__', None)
    packed = dataset_of(root, tokenizer, split, mirrored=mirrored, pack='16-jpeg')
    assert ids_of(packed) == expected
    assert not (root / 'tokens').exists()
    assert packed._store.path.parent == pack.folder


def test_adding_them_again_does_nothing(root, tokenizer, pack):
    before = {path: path.stat().st_mtime_ns for path in pack.folder.iterdir()}
    add_tokens(Pack(pack.folder, root), tokenizer, LENGTH)
    after = {path: path.stat().st_mtime_ns for path in pack.folder.iterdir()}
    assert before == after
    other = add_tokens(pack, tokenizer, LENGTH + 1)
    assert len(other.facts['tokens']) == 2
    assert len(list(pack.folder.glob('tokens-*.npy'))) == 2
    texts = {facts['texts'] for facts in other.facts['tokens'].values()}
    assert texts == {5}  # three reports, and two that name a side mirrored


@pytest.mark.parametrize('what', ['length', 'case', 'vocabulary', 'none'])
def test_ids_of_another_tokenizer_are_refused(root, tokenizer, pack, what):
    cache = dict(pack='16-jpeg')
    if what == 'length':
        cache['max_length'] = 20
    elif what == 'case':
        tokenizer = dict(tokenizer, lowercase=False)
    elif what == 'vocabulary':
        path = root / 'tokenizer/tokenizer.json'
        content = json.loads(path.read_text())
        vocab = content['model']['vocab']
        vocab['a'], vocab['c'] = vocab['c'], vocab['a']
        path.write_text(json.dumps(content))
    else:
        facts = json.loads((pack.folder / 'pack.json').read_text())
        facts.pop('tokens')
        (pack.folder / 'pack.json').write_text(json.dumps(facts))
    message = r'no token ids of this tokenizer .*pack_dataset\.py .*--tokenizer .*token'
    with pytest.raises(PackError, match=message):
        ids_of(dataset_of(root, tokenizer, **cache))


@pytest.mark.parametrize('damage', ['flip', 'cut', 'gone'])
def test_damaged_ids_are_refused(root, tokenizer, pack, damage):
    (path,) = pack.folder.glob('tokens-*.npy')
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.unlink()
    if damage != 'gone':
        path.write_bytes(content if damage == 'flip' else content[:-1])
    with pytest.raises(PackError, match=rf'{path.name}: missing or not as it was'):
        ids_of(dataset_of(root, tokenizer, pack='16-jpeg'))
    with pytest.raises(PackError, match=rf'{path.name}: missing or not as it was'):
        add_tokens(pack, tokenizer, LENGTH)


@pytest.mark.parametrize('films', ['the same', 'one fewer'])
def test_a_changed_report_makes_them_stale_and_packing_again_up_to_date(
    root, tokenizer, pack, films
):
    table = root / 'table.csv'
    text = table.read_text().replace('Clear lungs', 'Heart large')
    if films == 'one fewer':
        text = '\n'.join(text.splitlines()[:-1]) + '\n'
        (root / 'splits/official.csv').write_text(
            '\n'.join((root / 'splits/official.csv').read_text().splitlines()[:-1])
        )
    table.write_text(text)
    with pytest.raises(PackError, match='the pack is stale'):
        ids_of(dataset_of(root, tokenizer, pack='16-jpeg'))
    pack_dataset(root, SETTINGS)
    packed = dataset_of(root, tokenizer, pack='16-jpeg')
    assert ids_of(packed) == ids_of(dataset_of(root, tokenizer))
    assert len(list(pack.folder.glob('tokens-*.npy'))) == 1


def test_a_table_that_is_the_same_keeps_them(root, tokenizer, pack, monkeypatch):
    monkeypatch.setattr(HFTokenizer, '__call__', None)
    table = root / 'table.csv'
    table.write_text(table.read_text())
    assert pack_dataset(root, SETTINGS).facts['tokens'] == pack.facts['tokens']


def test_texts_that_are_no_reports_of_the_table(root, tokenizer, pack):
    dataset = dataset_of(root, tokenizer, pack='16-jpeg')
    dataset.full_init()
    from mmcxr.registry import TOKENIZERS

    cached = TOKENIZERS.build(dataset.tokenizer)
    with pytest.raises(PackError, match=r"no ids of 1 of 2 texts, as 'Another\.'"):
        cached(['Clear lungs.', 'Another.'], root)


def test_a_folder_and_a_pack_exclude_each_other(root, tokenizer):
    with pytest.raises(ValueError, match='give one of the two'):
        ids_of(dataset_of(root, tokenizer, pack='16-jpeg', folder='x'))


def test_a_table_without_reports(root, tokenizer):
    lines = (root / 'table.csv').read_text().splitlines()
    (root / 'table.csv').write_text('\n'.join([lines[0], lines[-1]]) + '\n')
    with pytest.raises(TableError, match=r'table\.csv: no row has a report'):
        add_tokens(pack_dataset(root, SETTINGS), tokenizer, LENGTH)


def test_command_line(root, tokenizer, tmp_path, capsys):
    path = Path(__file__).parents[3] / 'tools/misc/pack_dataset.py'
    spec = spec_from_file_location('pack_dataset_tool', path)
    tool = module_from_spec(spec)
    spec.loader.exec_module(tool)
    arguments = [str(root), '--size', '16', '--tokenizer']
    tool.main([*arguments, tokenizer['name'], '--max-length', str(LENGTH)])
    assert 'ids of 5 texts' in capsys.readouterr().out
    config = tmp_path / 'config.py'
    cache = dict(type='CachedTokenizer', tokenizer=tokenizer, max_length=7)
    dataset = dict(type='ImageTextDataset', tokenizer=cache)
    config.write_text(f'train_dataloader = dict(dataset={dataset!r})\n')
    tool.main([*arguments, str(config)])
    assert capsys.readouterr().out.count('ids of 5 texts') == 2
    assert len(ids_of(dataset_of(root, tokenizer, pack='16-jpeg', max_length=7))) == 3
    tool.main([*arguments[:3], '--verify'])
    config.write_text("train_dataloader = dict(dataset=dict(type='MIMICCXR'))\n")
    with pytest.raises(ValueError, match='has no tokenizer'):
        tool.main([*arguments, str(config)])
    (file, *_) = (root / 'packs/16-jpeg').glob('tokens-*.npy')
    file.write_bytes(b'')
    with pytest.raises(PackError, match='tokens-.*npy: missing or not'):
        tool.main([*arguments[:3], '--verify'])
