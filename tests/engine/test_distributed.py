"""What is set up before several processes meet."""

import pytest
import torch
from mmengine.config import Config

from mmcxr.engine import distributed


@pytest.fixture
def groups(monkeypatch):
    """Arguments of the process groups that would have been opened."""
    opened = []
    monkeypatch.setattr(
        distributed.distributed,
        'init_process_group',
        lambda backend, timeout: opened.append((backend, timeout.total_seconds())),
    )
    for name in ('RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'MASTER_ADDR', 'MASTER_PORT'):
        monkeypatch.setenv(name, '')  # put back afterwards
        monkeypatch.delenv(name)
    return opened


def config(**more) -> Config:
    conv = dict(type='ConvModule', norm_cfg=dict(type='SyncBN', eps=1e-3))
    return Config(dict(model=dict(type='X', parts=[conv]), **more))


def test_cpu_group_and_wrapper(groups):
    cfg = config(sync_bn='torch', find_unused_parameters=True)
    notice = distributed.start_processes(cfg, 'pytorch')
    assert groups == [('gloo', 1800)]
    assert cfg.model_wrapper_cfg.to_dict() == dict(
        type='MMDistributedDataParallel',
        device_ids=None,
        broadcast_buffers=False,
        find_unused_parameters=True,
    )
    assert 'SyncBN' in notice and cfg.sync_bn is None
    assert cfg.model.parts[0].norm_cfg.to_dict() == dict(type='BN', eps=1e-3)


def test_wrapper_of_the_config_is_kept(groups):
    cfg = config(
        model_wrapper_cfg=dict(
            type='MMDistributedDataParallel', static_graph=True, broadcast_buffers=True
        ),
        env_cfg=dict(dist_cfg=dict(backend='nccl', timeout=60)),
    )
    distributed.start_processes(cfg, 'pytorch')
    assert groups == [('gloo', 60)]
    wrapper = cfg.model_wrapper_cfg
    assert wrapper.static_graph and wrapper.broadcast_buffers
    assert wrapper.device_ids is None


def test_gpus_are_left_to_mmengine(groups, monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    cfg = config(sync_bn='torch')
    assert distributed.start_processes(cfg, 'pytorch') == ''
    assert groups == [] and cfg.sync_bn == 'torch'
    assert cfg.model.parts[0].norm_cfg.type == 'SyncBN'


@pytest.mark.parametrize('launcher', ['slurm', 'mpi'])
def test_variables_of_other_launchers(groups, monkeypatch, launcher):
    names = dict(
        slurm=dict(PROCID='5', LOCALID='1', NTASKS='8', NODELIST='node[1-2]'),
        mpi=dict(RANK='5', LOCAL_RANK='1', SIZE='8'),
    )[launcher]
    prefix = 'SLURM_' if launcher == 'slurm' else 'OMPI_COMM_WORLD_'
    for name, value in names.items():
        monkeypatch.setenv(prefix + name, value)
    hosts = type('Done', (), dict(stdout='node1\nnode2\n'))
    monkeypatch.setattr(distributed.subprocess, 'run', lambda *a, **k: hosts)
    distributed.start_processes(config(), launcher)
    found = {k: distributed.os.environ[k] for k in ('RANK', 'LOCAL_RANK', 'WORLD_SIZE')}
    assert found == dict(RANK='5', LOCAL_RANK='1', WORLD_SIZE='8')
    address = 'node1' if launcher == 'slurm' else '127.0.0.1'
    assert distributed.os.environ['MASTER_ADDR'] == address
    assert len(groups) == 1
