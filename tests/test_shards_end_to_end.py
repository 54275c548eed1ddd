"""Converted, packed into small tar files, trained from them, killed and resumed."""

import json
import os
import signal
import tarfile
from multiprocessing import active_children, get_context

import pandas as pd
import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from ranks import run_ranks

from mmcxr.datasets.packs.layout import PackSettings
from mmcxr.datasets.packs.pack import Pack
from mmcxr.datasets.packs.packing import pack_dataset
from mmcxr.datasets.packs.tokens import add_tokens
from mmcxr.engine.launch import set_shard_batches, train
from mmcxr.registry import HOOKS

DATA, PACK = 'data/synthetic', '96-jpeg-tar'
MRM = 'mrm/mrm_vit-mini_1xb16-20e_synthetic-192px.py'
PAIRS = 'cxr_clip/cxr-clip_r18-bert-mini_1xb32-10e_synthetic-96px.py'
SHARDED = """
_base_ = '{config}'
train_pipeline = _base_.train_pipeline
{load}.update(deferred=True, pack='{pack}')
train_dataloader = dict(
    batch_size=16, num_workers=2, drop_last=True,
    sampler=dict(_delete_=True, type='ShardSampler', pack='{pack}', window=12),
    dataset=dict(pipeline=train_pipeline{tokens}))
train_cfg = dict(by_epoch=True, max_epochs=2, val_interval=2)
default_hooks = dict(checkpoint=dict(interval=1))
"""


@HOOKS.register_module()
class NoteSamples(Hook):
    """Writes the films and the loss of each iteration; may kill the process."""

    def __init__(self, path: str, kill_after: int = -1):
        self.path = path
        self.kill_after = kill_after

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        images = [sample.image for sample in data_batch['data_samples']]
        with open(self.path, 'a') as file:
            file.write(json.dumps([runner.iter, images, outputs['loss'].item()]) + '\n')
        if runner.iter == self.kill_after:
            os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture
def packed(workplace):
    pack = pack_dataset(DATA, PackSettings(96, webdataset=True), shard_bytes=50_000)
    add_tokens(pack, dict(type='HFTokenizer', name=f'{DATA}/tokenizer'), 100)
    assert len(pack.facts['files']) > 8
    return workplace


def sharded(folder, repo_dir, config):
    """A config of the synthetic data, reading shards."""
    mrm = config is MRM
    load = 'train_pipeline[0]' if mrm else "train_pipeline[0]['transforms'][0]"
    tokens = f", tokenizer=dict(pack='{PACK}')" if mrm else ''
    text = SHARDED.format(
        config=repo_dir / 'configs' / config, load=load, pack=PACK, tokens=tokens
    )
    path = folder / 'sharded.py'
    path.write_text(text)
    return str(path)


def noted(config, work_dir, name, kill_after=-1, resume=None):
    """What each iteration of a run saw and lost."""
    hook = dict(type='NoteSamples', path=name, kill_after=kill_after)
    options = dict(custom_hooks=[hook])
    assert train(config, work_dir, resume=resume, cfg_options=options) == 0
    assert not active_children()  # the workers of both loaders
    return lines_of(name)


def lines_of(name):
    with open(name) as file:
        return list(map(json.loads, file))


def stopped(threads, *args):
    torch.set_num_threads(threads)  # sums depend on them
    noted(*args)


def killed(config, name, kill_after):
    # A fork of this process would lack the threads that torch counts on.
    args = torch.get_num_threads(), config, 'stopped', name, kill_after
    process = get_context('spawn').Process(target=stopped, args=args)
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


@pytest.mark.slow
def test_a_killed_run_goes_on_with_the_same_samples(packed, repo_dir):
    config = sharded(packed, repo_dir, MRM)
    whole = noted(config, 'whole', 'whole.jsonl')
    half = len(whole) // 2
    assert [number for number, _, _ in whole] == list(range(2 * half))
    killed(config, 'killed.jsonl', kill_after=half + 2)
    assert lines_of('killed.jsonl') == whole[: half + 3]
    resumed = noted(config, 'stopped', 'resumed.jsonl', resume='auto')
    assert resumed == whole[half:]
    # An epoch has each film once, but for the last batch, which is dropped.
    table = pd.read_csv(f'{DATA}/table.csv').merge(
        pd.read_csv(f'{DATA}/splits/official.csv')
    )
    training = set(table['image'][table['split'] == 'train'])
    for epoch in (whole[:half], whole[half:]):
        images = [image for _, names, _ in epoch for image in names]
        assert len(images) == len(set(images)) > len(training) - 16
        assert set(images) <= training
    assert whole[0][1] != whole[half][1]


def read_part(rank, world, config):
    """Studies that a rank sees in an epoch, by worker, and the files of their films."""
    cfg = Config.fromfile(config)
    set_shard_batches(cfg)
    init_default_scope('mmcxr')
    loader = Runner.build_dataloader(cfg.train_dataloader, seed=3)
    loader.sampler.set_epoch(1)
    parts = [[], []]
    for number, batch in enumerate(loader):
        parts[number % 2] += [
            (sample.patient_id, sample.study_id) for sample in batch['data_samples']
        ]
    return dict(parts=parts, all=len(loader.dataset))


def test_two_ranks_share_the_films_out(packed, repo_dir):
    config = sharded(packed, repo_dir, PAIRS)
    with open(config, 'a') as file:
        file.write("train_dataloader['drop_last'] = False\n")
    ranks = run_ranks(read_part, 2, packed, config)
    parts = [part for rank in ranks for part in rank['parts']]
    studies = [study for part in parts for study in part]
    number = ranks[0]['all']
    # All of them, and one twice where their number is odd.
    assert len(set(studies)) == number and len(studies) == number + number % 2
    table = pd.read_csv(f'{DATA}/table.csv', dtype=str)
    table = table.drop_duplicates(['patient_id', 'study_id'])
    places = Pack(f'{DATA}/packs/{PACK}').places(table['image'].tolist())
    file_of = dict(
        zip(
            zip(table['patient_id'], table['study_id'], strict=True),
            places[:, 0].tolist(),
            strict=True,
        )
    )
    files = [{file_of[study] for study in part} for part in parts]
    # Four workers in a row of files: neighbours share one at most.
    assert sum(map(len, files)) <= len(set().union(*files)) + 3 + number % 2


def test_the_sampler_is_told_its_loader_unless_the_config_says():
    loader = dict(batch_size=6, num_workers=3, sampler=dict(type='ShardSampler'))
    own = dict(loader, sampler=dict(type='mmcxr.ShardSampler', num_workers=8))
    other = dict(batch_size=6, sampler=dict(type='EpochSampler'))
    cfg = Config(
        dict(train_dataloader=loader, val_dataloader=own, test_dataloader=other)
    )
    set_shard_batches(cfg)
    assert cfg.train_dataloader.sampler.to_dict() == dict(
        type='ShardSampler', batch_size=6, num_workers=3
    )
    assert cfg.val_dataloader.sampler.num_workers == 8
    assert cfg.val_dataloader.sampler.batch_size == 6
    assert cfg.test_dataloader.sampler.to_dict() == dict(type='EpochSampler')


def test_others_read_the_tars_without_us(packed):
    """Members of a row follow each other under one key: json, jpg, mask."""
    table = pd.read_csv(f'{DATA}/table.csv', dtype=str, keep_default_na=False)
    rows = []
    for path in sorted((packed / DATA / 'packs' / PACK).glob('*.tar')):
        with tarfile.open(path) as tar:
            for member in tar:
                key, _, suffix = member.name.partition('.')
                if not rows or rows[-1][0] != key:
                    rows.append((key, {}))
                rows[-1][1][suffix] = tar.extractfile(member).read()
    images = [json.loads(row['json'])['image'] for _, row in rows]
    assert sorted(images) == sorted(table['image']) and images != list(table['image'])
    assert len({key for key, _ in rows}) == len(table)
    masks = table.set_index('image')['mask'][images]
    for (_, row), mask in zip(rows, masks, strict=True):
        assert row['jpg'][:2] == b'\xff\xd8' and ('mask.png' in row) == bool(mask)
