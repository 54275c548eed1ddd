"""Every way into mmengine reads safely, and our own runs still resume exactly."""

import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import mmengine.runner.checkpoint as mmengine_checkpoint
import pytest
import torch
from mmengine.model.weight_init import PretrainedInit as MMEnginePretrained
from mmengine.registry import DefaultScope
from mmengine.runner import CheckpointLoader, load_checkpoint
from published.published_files import resnet_weights
from tiny_run import TinyModel, tiny_run

from mmcxr.engine import secure_checkpoint_loading
from mmcxr.engine.checkpoint import CheckpointError, UnsafeCheckpoint
from mmcxr.engine.pretrained_init import PretrainedInit
from mmcxr.engine.safe_loading import cached_name, download_checkpoint
from mmcxr.registry import MODELS

ADDRESS = 'https://example.org/r50_m.tar'


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Downloads are kept in a folder of the test; scopes do not leak."""
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path / 'hub'))
    monkeypatch.setenv('MMENGINE_HOME', str(tmp_path / 'mmengine'))
    before = dict(DefaultScope._instance_dict)
    yield
    DefaultScope._instance_dict.clear()
    DefaultScope._instance_dict.update(before)


@pytest.fixture
def serve(monkeypatch):
    """Answer every download with one file."""

    def use(path):
        def fetch(url, target, *_, **__):
            shutil.copy(path, target)

        monkeypatch.setattr(torch.hub, 'download_url_to_file', fetch)

    return use


class Evil:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.system, (f'touch {self.marker}',)


@pytest.fixture(params=['zip', 'legacy'])
def evil(tmp_path, request):
    """A training checkpoint that touches ``marker`` beside it when unpickled."""
    path = tmp_path / 'evil.pth'
    content = dict(
        state_dict=TinyModel().state_dict(),
        meta=dict(epoch=1, iter=2, seed=Evil(tmp_path / 'marker')),
        message_hub=dict(log_scalars={}, runtime_info={}, resumed_keys={}),
    )
    zipped = request.param == 'zip'
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    return path


def by_address(path):
    return mmengine_checkpoint._load_checkpoint(ADDRESS)


def by_collection(path):
    home = Path(os.environ['MMENGINE_HOME'])
    home.mkdir(exist_ok=True)
    (home / 'open_mmlab.json').write_text(f'{{"mine": "{path}"}}')
    return mmengine_checkpoint._load_checkpoint('open-mmlab://mine')


def by_torchvision(path):
    mmengine_checkpoint.get_torchvision_models = lambda: dict(mine=ADDRESS)
    return mmengine_checkpoint._load_checkpoint('torchvision://mine')


def by_folder(path):
    shutil.move(path, path.parent / 'pytorch_model.bin')
    return mmengine_checkpoint._load_checkpoint(str(path.parent))


READERS = dict(
    path=lambda p: mmengine_checkpoint._load_checkpoint(str(p)),
    folder=by_folder,
    loader=lambda p: CheckpointLoader.load_checkpoint(str(p), map_location='cpu'),
    function=lambda p: load_checkpoint(TinyModel(), str(p)),
    local=lambda p: mmengine_checkpoint.load_from_local(str(p), 'cpu'),
    reader=lambda p: mmengine_checkpoint._safe_torch_load(str(p), weights_only=False),
    stream=lambda p: mmengine_checkpoint._safe_torch_load(io.BytesIO(p.read_bytes())),
    prefix=lambda p: mmengine_checkpoint._load_checkpoint_with_prefix('a', str(p)),
    address=by_address,
    collection=by_collection,
    torchvision=by_torchvision,
    mmengine_init=lambda p: MMEnginePretrained(str(p))(TinyModel()),
    mmengine_init_part=lambda p: MMEnginePretrained(str(p), 'body.')(TinyModel()),
    our_init=lambda p: PretrainedInit(str(p))(TinyModel()),
)


@pytest.mark.parametrize('reader', READERS)
def test_nothing_runs_through(reader, evil, serve, monkeypatch):
    serve(evil)
    monkeypatch.setattr(
        mmengine_checkpoint,
        'get_torchvision_models',
        mmengine_checkpoint.get_torchvision_models,
    )
    marker = evil.parent / 'marker'
    with pytest.raises(UnsafeCheckpoint, match='system'):
        READERS[reader](evil)
    assert not marker.exists()


@pytest.mark.parametrize('how', ['load', 'resume', 'load_from', 'resume_from'])
def test_nothing_runs_through_the_runner(how, evil, tmp_path):
    options = {}
    if how in ('load_from', 'resume_from'):
        options = dict(load_from=str(evil), resume=how == 'resume_from')
    runner = tiny_run(tmp_path / 'run', 1, f'evil_{tmp_path.name}', **options)
    with pytest.raises(UnsafeCheckpoint):
        if how == 'load':
            runner.load_checkpoint(str(evil))
        elif how == 'resume':
            runner.resume(str(evil))
        else:
            runner.train()
    assert not (evil.parent / 'marker').exists()


def test_every_scheme_ends_in_our_reader(evil, serve, monkeypatch):
    """Whatever the schemes are, none reaches torch.load without weights_only."""
    used = []
    whole = torch.load

    def load(*args, **kwargs):
        used.append(kwargs.get('weights_only'))
        return whole(*args, **kwargs)

    monkeypatch.setattr(torch, 'load', load)
    serve(evil)
    for address in (ADDRESS, str(evil), 'http://example.org/x.pth'):
        with pytest.raises(UnsafeCheckpoint):
            CheckpointLoader.load_checkpoint(address)
    assert used == [True] * 3


def test_importing_the_engine_closes_the_doors():
    code = (
        'import mmcxr.engine, mmengine.runner.checkpoint as c; '
        'print(c._safe_torch_load.__module__, c.load_url.__module__)'
    )
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', code], capture_output=True, text=True
    )
    assert done.stdout.split() == ['mmcxr.engine.safe_loading'] * 2, done.stderr


def test_closing_twice_changes_nothing():
    before = dict(CheckpointLoader._schemes), mmengine_checkpoint._safe_torch_load
    secure_checkpoint_loading()
    after = dict(CheckpointLoader._schemes), mmengine_checkpoint._safe_torch_load
    assert before == after


def test_another_mmengine_is_refused(monkeypatch):
    monkeypatch.delattr(mmengine_checkpoint, '_safe_torch_load')
    with pytest.raises(RuntimeError, match='no _safe_torch_load.*onedl-mmengine'):
        secure_checkpoint_loading()


def test_downloads_of_one_name_are_kept_apart(tmp_path, serve):
    torch.save(dict(a=torch.ones(1)), tmp_path / 'one.pth')
    torch.save(dict(a=torch.zeros(1)), tmp_path / 'two.pth')
    for host in ('one', 'two'):
        serve(tmp_path / f'{host}.pth')
        found = download_checkpoint(f'https://{host}.org/pytorch_model.bin')
        assert found['state_dict']['a'] == (host == 'one')
    assert len(list((tmp_path / 'hub/checkpoints').iterdir())) == 2
    assert cached_name('https://x.org/resnet50-0676ba61.pth?a=1') == (
        'resnet50-0676ba61.pth'
    )


def test_failed_download_is_one_line(monkeypatch):
    def fail(*_, **__):
        raise OSError('no route to host')

    monkeypatch.setattr(torch.hub, 'download_url_to_file', fail)
    with pytest.raises(CheckpointError, match=f'{ADDRESS} could not be fetched: no'):
        mmengine_checkpoint._load_checkpoint(ADDRESS)


def test_unknown_torchvision_weights(monkeypatch):
    monkeypatch.setattr(mmengine_checkpoint, 'get_torchvision_models', dict)
    with pytest.raises(CheckpointError, match="torchvision has no weights 'resnet5'"):
        mmengine_checkpoint._load_checkpoint('torchvision://resnet5')


@pytest.mark.parametrize('how', ['load', 'load_from', 'resume'])
def test_published_file_comes_with_our_names(tmp_path, how):
    """Here an encoder; the runner takes it by load_from, and cannot resume it."""
    path = tmp_path / 'resnet50.pth'
    torch.save(resnet_weights(classifier=True), path)
    model = MODELS.build(dict(type='mmpretrain.ResNet', depth=50))
    if how == 'load':
        load_checkpoint(model, str(path), strict=True)
        assert torch.equal(model.conv1.weight, resnet_weights()['conv1.weight'])
        return
    runner = tiny_run(tmp_path, 1, f'{how}_{tmp_path.name}')
    runner._hooks, runner.model = [], model
    if how == 'resume':
        with pytest.raises(CheckpointError, match='weights alone'):
            runner.resume(str(path))
    else:
        runner.load_checkpoint(str(path), strict=True)


@pytest.mark.parametrize('schedule', ['cosine', 'one_cycle'])
def test_our_runs_resume_exactly(tmp_path, schedule):
    """Weights, averaged weights, optimizer, schedules and log, as if never killed."""
    name = f'{schedule}_{tmp_path.name}'
    whole = tiny_run(tmp_path / 'whole', 4, f'{name}_whole', schedule)
    whole.train()
    start = dict(load_from=str(tmp_path / 'whole/epoch_2.pth'), resume=True)
    resumed = tiny_run(tmp_path / 'resumed', 4, f'{name}_resumed', schedule, **start)
    resumed.train()
    files = [
        torch.load(tmp_path / run / 'epoch_4.pth', weights_only=False)
        for run in ('whole', 'resumed')
    ]
    for part in ('state_dict', 'ema_state_dict', 'optimizer', 'param_schedulers'):
        assert str(files[0][part]) == str(files[1][part])
    logs = [file['message_hub']['log_scalars'] for file in files]
    assert logs[0].keys() == logs[1].keys() and 'train/loss' in logs[0]
    for key in ('train/loss', 'train/lr'):
        values = [log[key].data[0].tolist() for log in logs]
        assert values[0] == values[1] and len(values[0]) == 8
    states = [whole.model.state_dict(), resumed.model.state_dict()]
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])


def test_strict_loading_hook(tmp_path):
    """load_from with a key missing stops the run unless it is allowed."""
    weights = TinyModel().state_dict()
    weights.pop('head.bias')
    torch.save(dict(state_dict=weights, meta={}), tmp_path / 'x.pth')

    def start(name, **allow):
        hook = dict(type='StrictLoadingHook', **allow)
        return tiny_run(
            tmp_path, 1, f'{name}_{tmp_path.name}', load_from=str(tmp_path / 'x.pth'),
            default_hooks=dict(logger=None, strict_loading=hook),
        )  # fmt: skip

    with pytest.raises(CheckpointError, match=r'1 of 9 .* unset: head\.bias'):
        start('refused').train()
    runner = start('allowed', allow_missing=['head.*'])
    runner._hooks = [h for h in runner.hooks if type(h).__name__ != 'EMAHook']
    runner.train()
