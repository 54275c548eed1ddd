"""Reading checkpoint files: what is data is read, everything else refused."""

import argparse
import collections
import io
import os
import pathlib
import pickle
import subprocess
import zipfile

import numpy as np
import pytest
import torch
from golden.stand_in import foreign_class
from mmengine.config import ConfigDict
from mmengine.logging import HistoryBuffer

from mmcxr.engine.checkpoint_file import (
    CheckpointError,
    UnsafeCheckpoint,
    file_digest,
    load_checkpoint_file,
)

WEIGHTS = {'a.weight': torch.arange(6.0).reshape(2, 3), 'a.count': torch.tensor(4)}


class Call:
    """Pickles as a call of ``function``."""

    def __init__(self, function, *args):
        self.call = (function, args)

    def __reduce__(self):
        return self.call

    def __call__(self):
        """Only what is callable may stand for a function in a pickle."""


def payloads(marker):
    """Objects that make a file at ``marker`` when unpickled by pickle itself."""
    touch = f'touch {marker}'
    array = np.empty(1, dtype=object)
    array[0] = Call(os.system, touch)
    return dict(
        system=Call(os.system, touch),
        evaluate=Call(eval, f'open({str(marker)!r}, "w")'),
        process=Call(subprocess.check_call, touch.split()),
        attribute=Call(Call(getattr, pathlib.Path(marker), 'touch')),
        partial=Call(Call(__import__('functools').partial, os.system, touch)),
        in_weights={**WEIGHTS, 'b': Call(os.system, touch)},
        in_settings=argparse.Namespace(lr=Call(os.system, touch)),
        in_array=array,
        as_key={Call(os.system, touch): 1},
    )


NAMES = sorted(payloads('x'))


def write(content, path, how):
    """Write ``content`` the ways torch and pickle know."""
    if how == 'zip':
        torch.save(content, path)
    elif how == 'zip protocol 4':
        torch.save(content, path, pickle_protocol=4)
    elif how == 'legacy':
        torch.save(content, path, _use_new_zipfile_serialization=False)
    else:
        path.write_bytes(pickle.dumps(content, protocol=int(how[-1])))


WAYS = ['zip', 'zip protocol 4', 'legacy', *(f'pickle {n}' for n in range(6))]


@pytest.mark.parametrize('how', WAYS)
@pytest.mark.parametrize('name', NAMES)
def test_nothing_runs(tmp_path, name, how):
    marker = tmp_path / 'marker'
    path = tmp_path / 'evil.pth'
    write(payloads(marker)[name], path, how)
    with pytest.raises(CheckpointError):
        load_checkpoint_file(path)
    assert not marker.exists()


@pytest.mark.parametrize('name', ['system', 'evaluate', 'process', 'in_weights'])
@pytest.mark.parametrize('how', ['zip', 'legacy'])
def test_payload_runs_when_unpickled_fully(tmp_path, name, how):
    """So that the test above tests something."""
    marker, path = tmp_path / 'marker', tmp_path / 'evil.pth'
    write(payloads(marker)[name], path, how)
    torch.load(path, weights_only=False)
    assert marker.exists()


def test_refusal_names_the_class_and_what_to_do(tmp_path):
    path = tmp_path / 'model.pth'
    with foreign_class('authors.models.Net') as net:
        torch.save(dict(model=net(width=3)), path)
    with pytest.raises(UnsafeCheckpoint, match=r'authors\.models\.Net.*state_dict'):
        load_checkpoint_file(path)


def test_attributes_are_not_handed_out(tmp_path):
    """mmengine's files need getattr; only for functions known to be harmless."""
    for owner in (HistoryBuffer, str):
        write(Call(getattr, owner, '__init__'), tmp_path / 'x.pth', 'zip')
        with pytest.raises(UnsafeCheckpoint, match='getattr'):
            load_checkpoint_file(tmp_path / 'x.pth')


def test_numpy_types_are_not_changed(tmp_path):
    swapped = np.dtype('f8').newbyteorder('>')
    write([swapped, np.arange(2, dtype=swapped)], tmp_path / 'x.pth', 'zip')
    dtype, array = load_checkpoint_file(tmp_path / 'x.pth')
    assert dtype == swapped and array.tolist() == [0.0, 1.0]
    assert np.dtype('f8').isnative


def plain_content():
    return dict(
        model=collections.OrderedDict(WEIGHTS),
        args=argparse.Namespace(lr=0.1, out=pathlib.Path('runs/1')),
        best=np.float64(0.5),
        count=np.int64(3),
        array=np.arange(6.0).reshape(2, 3),
        words=np.array(['a', 'bc']),
        dtype=np.dtype('float32'),
        nested=collections.defaultdict(list, {'a': [1]}),
        config=ConfigDict(a=dict(b=(1, 2))),
        version=torch.__version__,
        some={1, 2},
        frozen=frozenset({1}),
        part=slice(1, 2),
    )


@pytest.mark.parametrize('how', ['zip', 'legacy'])
def test_data_is_read(tmp_path, how):
    content, path = plain_content(), tmp_path / 'file.tar'
    write(content, path, how)
    found = load_checkpoint_file(path)
    assert found['args'].lr == 0.1 and str(found['args'].out) == 'runs/1'
    assert (
        isinstance(found['best'], np.float64) and found['version'] == torch.__version__
    )
    assert found['nested'] == {'a': [1]} and found['config'].a.b == (1, 2)
    for name in ('best', 'count', 'dtype', 'some', 'frozen', 'part'):
        assert found[name] == content[name]
    for name in ('array', 'words'):
        np.testing.assert_array_equal(found[name], content[name])
    assert all(torch.equal(found['model'][key], WEIGHTS[key]) for key in WEIGHTS)


def test_numpy_1_names_are_known(tmp_path):
    write(np.float32(2.5), tmp_path / 'x.pth', 'zip')
    renamed = tmp_path / 'y.pth'
    with (
        zipfile.ZipFile(tmp_path / 'x.pth') as old,
        zipfile.ZipFile(renamed, 'w') as new,
    ):
        for item in old.infolist():
            data = old.read(item).replace(b'numpy._core.', b'numpy.core.')
            new.writestr(item.filename, data)
    assert load_checkpoint_file(renamed) == np.float32(2.5)


def test_log_history_is_restored_without_its_functions(tmp_path):
    buffer = HistoryBuffer([1.0, 2.0], [1, 3], max_length=7)
    write(buffer, tmp_path / 'x.pth', 'zip')
    found = load_checkpoint_file(tmp_path / 'x.pth')
    assert type(found) is HistoryBuffer and found.max_length == 7
    assert found.mean() == buffer.mean()
    found.update(4.0)
    assert found.statistics('max') == 4.0
    write(found, tmp_path / 'y.pth', 'zip')
    assert load_checkpoint_file(tmp_path / 'y.pth').current() == 4.0


def test_log_history_takes_no_functions_of_a_file(tmp_path):
    state = dict(vars(HistoryBuffer([1.0], [1])), statistics_methods=dict(mean=slice))

    class Log:
        def __reduce__(self):
            return HistoryBuffer, (), state

    write(Log(), tmp_path / 'x.pth', 'zip')
    assert load_checkpoint_file(tmp_path / 'x.pth').statistics('mean') == 1.0
    assert HistoryBuffer._statistics_methods['mean'] is HistoryBuffer.mean


def test_omegaconf_becomes_plain(tmp_path):
    path = tmp_path / 'x.pth'
    with (
        foreign_class('omegaconf.nodes.AnyNode') as node,
        foreign_class('omegaconf.dictconfig.DictConfig') as dictionary,
    ):
        leaf = node(_val=3, _parent=None)
        torch.save(
            dict(
                config=dictionary(_content=dict(a=leaf, b='${a}')),
                args=argparse.Namespace(inner=dictionary(_content=dict(c=leaf))),
            ),
            path,
        )
    found = load_checkpoint_file(path)
    assert found['config'] == dict(a=3, b='${a}') and found['args'].inner == dict(c=3)


def test_lightning_settings_become_a_dict(tmp_path):
    path = tmp_path / 'x.ckpt'
    with (
        foreign_class(
            'pytorch_lightning.utilities.parsing.AttributeDict', (dict,)
        ) as d,
        foreign_class('pytorch_lightning.callbacks.early_stopping.EarlyStopping') as c,
    ):
        settings = d()
        settings['lr'] = 0.1
        torch.save(dict(hyper_parameters=settings, callbacks={c: dict(wait=2)}), path)
    found = load_checkpoint_file(path)
    assert found['hyper_parameters'] == dict(lr=0.1)
    (key,) = found['callbacks']
    assert 'EarlyStopping' in key.__name__


def test_allowances_of_the_process_change_nothing(tmp_path):
    """Whatever other code allowed torch to read, we do not; and it stays allowed."""
    path = tmp_path / 'x.pth'
    write(Call(os.getcwd), path, 'zip')
    torch.serialization.add_safe_globals([(os.getcwd, 'os.getcwd'), complex])
    before = set(torch.serialization.get_safe_globals())
    try:
        with pytest.raises(UnsafeCheckpoint):
            load_checkpoint_file(path)
        assert set(torch.serialization.get_safe_globals()) == before
    finally:
        torch.serialization.clear_safe_globals()


@pytest.mark.parametrize('name', ['model.safetensors', 'renamed.pth'])
def test_safetensors_is_told_by_content(tmp_path, name):
    from safetensors.torch import save_file

    save_file(WEIGHTS, tmp_path / name)
    found = load_checkpoint_file(str(tmp_path / name))
    assert all(torch.equal(found[key], WEIGHTS[key]) for key in WEIGHTS)
    with (tmp_path / name).open('rb') as stream:
        assert load_checkpoint_file(stream).keys() == WEIGHTS.keys()


def test_model_folder(tmp_path):
    with pytest.raises(CheckpointError, match='is a folder; give the checkpoint file'):
        load_checkpoint_file(tmp_path)
    torch.save(WEIGHTS, tmp_path / 'pytorch_model.bin')
    assert load_checkpoint_file(tmp_path).keys() == WEIGHTS.keys()


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match='no checkpoint at .*none.pth'):
        load_checkpoint_file(tmp_path / 'none.pth')


def saved(content, **options) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer, **options)
    return buffer.getvalue()


def test_files_that_are_no_checkpoints(tmp_path):
    script = io.BytesIO()
    torch.jit.save(torch.jit.trace(torch.nn.Linear(1, 1), torch.ones(1, 1)), script)
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, 'w') as archive:
        archive.writestr('folder/readme.txt', 'weights are elsewhere')
    whole, legacy = saved(WEIGHTS), saved(WEIGHTS, _use_new_zipfile_serialization=False)
    header = (2**40).to_bytes(8, 'little')
    cases = {
        b'': 'is empty',
        b'  <!DOCTYPE html><html>404</html>': 'is a web page',
        b'version https://git-lfs.github.com/spec/v1\noid sha256:0\n': 'git lfs pull',
        whole[: len(whole) // 2]: 'truncated or damaged',
        whole[:-30]: 'truncated or damaged',
        zipped.getvalue(): 'truncated or damaged',
        b'just some text, nothing else': 'is not a checkpoint',
        legacy[:300]: 'is not a checkpoint',
        header + b'{"a":{}}': 'is not a checkpoint',
        b'\x02\x00\x00\x00\x00\x00\x00\x00{}garbage': 'checkpoint',
        script.getvalue(): 'TorchScript program',
        saved(WEIGHTS, pickle_protocol=4): 'pickle_protocol=2',
    }
    path = tmp_path / 'x.pth'
    for data, message in cases.items():
        path.write_bytes(data)
        with pytest.raises(CheckpointError, match=message) as caught:
            load_checkpoint_file(path)
        assert str(path) in str(caught.value) and '\n' not in str(caught.value)


def test_weights_of_a_gpu_are_read_on_the_cpu(tmp_path):
    torch.save(WEIGHTS, tmp_path / 'x.pth')
    for location in ('cpu', None, torch.device('cpu')):
        found = load_checkpoint_file(tmp_path / 'x.pth', location)
        assert found['a.weight'].device.type == 'cpu'


def test_digest(tmp_path):
    (tmp_path / 'x').write_bytes(b'abc')
    assert file_digest(tmp_path / 'x').startswith('ba7816bf')
