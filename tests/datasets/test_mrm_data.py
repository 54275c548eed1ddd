"""The data parts of MRM's configs give the batch that the model is agreed to take."""

import copy
import shutil

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.runner import Runner

from mmcxr.datasets.samplers import epoch_sampler
from mmcxr.datasets.texts.laterality import swap_sides
from mmcxr.datasets.texts.tokenizers import HFTokenizer
from mmcxr.datasets.texts.wordpiece import split_texts, train_wordpiece
from mmcxr.torchvision_schema import ensure_torchvision

MASK = 4  # of our own vocabularies

SYNTHETIC = 'mrm/mrm_vit-mini_1xb16-20e_synthetic-192px'
RECIPES = dict(
    released='_base_/datasets/mrm_mimic-cxr_448',
    mirrored='mrm/mrm_vit-b16_4xb32-200e_mimic-cxr-448px',
    unflipped='mrm/mrm_vit-b16_1xb256-200e_mimic-cxr-448px',
)


@pytest.fixture(scope='module')
def films(synthetic_dir, tmp_path_factory):
    """The synthetic dataset with a tokenizer in it, apart from the shared one."""
    root = tmp_path_factory.mktemp('mrm') / 'synthetic'
    root.mkdir()
    for name in ('images', 'splits', 'table.csv'):
        (root / name).symlink_to(synthetic_dir / name)
    train_wordpiece(split_texts(root, 'official'), 400, root / 'tokenizer')
    return root


def part(repo_dir, name, root, tokenizer=None):
    """A config whose data and tokenizer lie elsewhere."""
    config = Config.fromfile(repo_dir / f'configs/{name}.py')
    config = copy.deepcopy(config._cfg_dict)
    tokenizer = str(tokenizer or root / 'tokenizer')

    def walk(node):
        for value in node.values() if isinstance(node, dict) else node:
            if isinstance(value, dict):
                if value.get('type') == 'HFTokenizer':
                    value['name'] = tokenizer
                if 'data_root' in value:
                    value['data_root'] = str(root)
            if isinstance(value, dict | list | tuple):
                walk(value)

    walk(config)
    return config


def loader_of(config, phase='train', **changes):
    ensure_torchvision()
    loader = copy.deepcopy(config[f'{phase}_dataloader'])
    loader.update(num_workers=0, persistent_workers=False, prefetch_factor=None)
    loader.update(changes)
    with DefaultScope.overwrite_default_scope('mmcxr'):
        return Runner.build_dataloader(loader, seed=5)


def batches(loader, epochs):
    """Batches of these epochs, as mmengine's loop would see them."""
    for epoch in epochs:
        loader.sampler.set_epoch(epoch)
        yield from loader


def samples(loader, epochs):
    """{(epoch, image): tensors}, texts without their padding."""
    seen = {}
    for epoch in epochs:
        for batch in batches(loader, [epoch]):
            inputs = batch['inputs']
            for row, sample in enumerate(batch['data_samples']):
                length = int(inputs['attention_mask'][row].sum())
                tensors = {k: v[row] for k, v in inputs.items() if k != 'token_counts'}
                for key in ('input_ids', 'target_ids', 'attention_mask'):
                    tensors[key] = tensors[key][:, :length]
                seen[epoch, sample.image] = tensors
    return seen


def assert_same(first, second):
    assert first.keys() == second.keys() and first
    for key, tensors in first.items():
        for name, value in tensors.items():
            assert value.equal(second[key][name]), (key, name)


@pytest.mark.parametrize('phase', ['train', 'val'])
def test_contract(repo_dir, films, phase):
    loader = loader_of(part(repo_dir, SYNTHETIC, films), phase, batch_size=7)
    tokenizer = HFTokenizer(str(films / 'tokenizer'))
    pieces = tokenizer.is_piece()
    words = masked_words = count = 0
    for batch in batches(loader, [0]):
        inputs, size = batch['inputs'], len(batch['data_samples'])
        length = inputs['target_ids'].shape[-1]
        assert inputs['image'].shape == (size, 1, 192, 192)
        assert inputs['image'].dtype == torch.uint8
        for key in ('input_ids', 'target_ids', 'attention_mask'):
            assert inputs[key].shape == (size, 1, length)
            assert inputs[key].dtype == torch.int64
        assert inputs['patch_noise'].shape == (size, 36)
        assert inputs['patch_noise'].dtype == torch.float32
        assert 0 <= inputs['patch_noise'].min() <= inputs['patch_noise'].max() < 1
        ids, targets = inputs['input_ids'], inputs['target_ids']
        assert inputs['attention_mask'].sum(-1).max() == length <= 100
        assert ((targets != 0) == inputs['attention_mask'].bool()).all()
        hidden = ids == MASK
        assert targets[~hidden].equal(ids[~hidden]) and not (targets == MASK).any()
        assert not hidden[(targets == 2) | (targets == 3) | (targets == 0)].any()
        is_piece = torch.from_numpy(pieces)[targets]
        assert hidden[..., 1:][is_piece[..., 1:]].equal(
            hidden[..., :-1][is_piece[..., 1:]]
        )
        first = ~is_piece & (targets > 3)
        words += int(first.sum())
        masked_words += int(hidden[first].sum())
        count += size
    films_seen = len(loader.dataset)
    assert count == (films_seen - films_seen % 7 if phase == 'train' else films_seen)
    deviation = (0.75 * 0.25 / words) ** 0.5  # three words of four
    assert abs(masked_words / words - 0.75) < 4 * deviation


def test_a_report_once_per_image_and_mirrored_with_it(repo_dir, films):
    loader = loader_of(part(repo_dir, SYNTHETIC, films), batch_size=9)
    encode = HFTokenizer(str(films / 'tokenizer'))
    rows = loader.dataset.load_rows()
    text = dict(
        zip(rows['image'], rows['findings'] + ' ' + rows['impression'], strict=True)
    )
    assert len(loader.dataset) == len(rows) > len(set(rows['study_id']))
    kinds = {'as it is': 0, 'mirrored': 0, 'either': 0}
    for (_, image), tensors in samples(loader, range(3)).items():
        report = text[image].strip()
        plain, mirrored = encode([report, swap_sides(report)], max_length=100)
        found = tensors['target_ids'][0].tolist()
        assert found in (plain, mirrored)
        kind = 'as it is' if found == plain else 'mirrored'
        kinds['either' if plain == mirrored else kind] += 1
    assert all(count > 5 for count in kinds.values())


@pytest.mark.parametrize(('workers', 'batch'), [(2, 6), (0, 5)])
def test_masks_and_noise_follow_from_the_sample(repo_dir, films, workers, batch):
    """Whatever the number of workers, the batch, and where a run is resumed."""
    config = part(repo_dir, SYNTHETIC, films)
    whole = samples(loader_of(config, batch_size=6, drop_last=False), [0, 1])
    persistent = workers > 0
    other = loader_of(
        config, batch_size=batch, drop_last=False, num_workers=workers,
        persistent_workers=persistent,
    )  # fmt: skip
    assert_same(samples(other, [0, 1]), whole)
    resumed = loader_of(config, batch_size=batch, drop_last=False, num_workers=workers)
    later = {key: value for key, value in whole.items() if key[0] == 1}
    assert_same(samples(resumed, [1]), later)
    for (_, image), tensors in later.items():
        assert (tensors['patch_noise'] != whole[0, image]['patch_noise']).all()


def test_two_ranks_draw_what_one_draws(repo_dir, films, monkeypatch):
    config = part(repo_dir, SYNTHETIC, films)

    def of_rank(rank, world):
        monkeypatch.setattr(epoch_sampler, 'get_dist_info', lambda: (rank, world))
        return samples(loader_of(config, batch_size=4, drop_last=False), [2])

    assert_same({**of_rank(0, 2), **of_rank(1, 2)}, of_rank(0, 1))


def test_validation_is_the_same_each_time(repo_dir, films):
    loader = loader_of(part(repo_dir, SYNTHETIC, films), 'val')
    assert_same(samples(loader, [0]), samples(loader, [0]))


@pytest.mark.parametrize('recipe', RECIPES)
def test_published_recipe_and_those_that_keep_the_sides(
    repo_dir, films, shared_dir, tmp_path, recipe
):
    """On synthetic films, all of them in the scheme mrm, with MRM's tokenizer."""
    (tmp_path / 'splits').mkdir()
    rows = (films / 'table.csv').read_text().splitlines()
    shutil.copy(films / 'table.csv', tmp_path / 'table.csv')
    (tmp_path / 'images').symlink_to(films / 'images')
    names = [row.split(',')[0] for row in rows[1:]]
    split = ['image,split', *(f'{name},train' for name in names)]
    (tmp_path / 'splits/mrm.csv').write_text('\n'.join(split) + '\n')
    tokenizer = shared_dir / 'data/mrm/mimic_wordpiece.json'
    config = part(repo_dir, RECIPES[recipe], tmp_path, tokenizer)
    loader = loader_of(config, batch_size=8)
    assert len(loader.dataset) == len(names)
    batch = next(batches(loader, [0]))
    inputs = batch['inputs']
    assert inputs['image'].shape == (8, 1, 448, 448)
    assert inputs['patch_noise'].shape == (8, 196)
    for key in ('input_ids', 'target_ids', 'attention_mask'):
        assert inputs[key].shape == (8, 1, 100)
    assert (inputs['target_ids'][..., 0] == 2).all()
    assert (inputs['input_ids'] == 3).any()
    table = loader.dataset.load_rows().set_index('image')
    encode = HFTokenizer(str(tokenizer))
    followed = []
    for number in range(16):
        packed = loader.dataset[number]
        row = table.loc[packed['data_samples'].image]
        text = f'{row["findings"].strip()} {row["impression"].strip()}'.strip()
        ids = packed['inputs']['target_ids'][0].tolist()
        plain, mirrored = encode([text, swap_sides(text)], max_length=100)
        assert ids == plain or (recipe == 'mirrored' and ids == mirrored)
        followed.append(ids != plain)
    assert any(followed) == (recipe == 'mirrored')
    flips = [t['type'] for t in config['train_dataloader']['dataset']['pipeline']]
    assert ('FilmFlip' in flips) == (recipe != 'unflipped')


def test_sampled_masks_differ_between_films_of_a_study(repo_dir, films):
    loader = loader_of(part(repo_dir, SYNTHETIC, films), drop_last=False)
    seen = samples(loader, [0])
    rows = loader.dataset.load_rows()
    studies = rows.groupby('study_id')['image'].apply(list)
    pair = next(images for images in studies if len(images) > 1)[:2]
    first, second = (seen[0, image] for image in pair)
    assert (first['patch_noise'] != second['patch_noise']).all()
    assert not np.array_equal(first['input_ids'], second['input_ids'])
