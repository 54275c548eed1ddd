"""Process groups: NCCL where there are GPUs, gloo where there are none."""

import os
import subprocess
from datetime import timedelta

import torch
import torch.multiprocessing as mp
from mmengine.config import Config
from torch import distributed


def start_processes(cfg: Config, launcher: str) -> str:
    """Open the process group of a launcher on a machine without GPUs.

    mmengine's runner opens its own with NCCL and asks CUDA for a device on the way.
    On a CPU the group is opened here, the runner finds it, and its model wrapper is
    told that there is no device. With GPUs nothing is done.

    Args:
        cfg: merged config; gets a ``model_wrapper_cfg``, and loses ``sync_bn``, which
            has no CPU implementation.
        launcher: ``'none'``, ``'pytorch'`` (torchrun), ``'slurm'`` or ``'mpi'``.

    Returns:
        What the user should be warned of, or nothing.
    """
    if launcher == 'mpi':  # which sets none of torch's variables
        os.environ.update(_mpi_variables())
    if torch.cuda.is_available():
        return ''
    notice = without_sync_bn(cfg)
    if launcher == 'none':
        return notice
    if launcher == 'slurm':
        os.environ.update(_slurm_variables())
    if mp.get_start_method(allow_none=True) is None:
        mp.set_start_method('fork')
    seconds = (cfg.get('env_cfg') or {}).get('dist_cfg', {}).get('timeout', 1800)
    distributed.init_process_group('gloo', timeout=timedelta(seconds=seconds))
    wrapper = dict(cfg.get('model_wrapper_cfg') or {})
    if wrapper.get('type', 'MMDistributedDataParallel') == 'MMDistributedDataParallel':
        wrapper.setdefault('type', 'MMDistributedDataParallel')
        wrapper.setdefault('device_ids', None)
        # What the runner sets when it is given no model_wrapper_cfg.
        wrapper.setdefault('broadcast_buffers', False)
        wrapper.setdefault(
            'find_unused_parameters', cfg.get('find_unused_parameters', False)
        )
    cfg.model_wrapper_cfg = wrapper
    return notice


def end_processes() -> None:
    """Close the process group once all ranks have come so far."""
    if distributed.is_available() and distributed.is_initialized():
        distributed.barrier()
        distributed.destroy_process_group()


def without_sync_bn(cfg: Config) -> str:
    """Take synchronised batch norm out of a config; returns what to tell about it."""
    found = _replace_sync_bn(cfg._cfg_dict.get('model')) or bool(cfg.get('sync_bn'))
    if not found:
        return ''
    cfg.sync_bn = None
    return 'SyncBN needs a GPU; here each process keeps its own batch statistics'


def _replace_sync_bn(node) -> bool:
    """Turn ``dict(type='SyncBN')`` into ``BN`` in place; tell whether there was one."""
    found = False
    if isinstance(node, dict):
        if node.get('type') == 'SyncBN':
            node['type'], found = 'BN', True
        node = list(node.values())
    if isinstance(node, list | tuple):
        for child in node:
            found |= _replace_sync_bn(child)
    return found


def _mpi_variables() -> dict[str, str]:
    """What torchrun would set, from the variables of Open MPI."""
    names = ('RANK', 'LOCAL_RANK')
    found = {name: os.environ[f'OMPI_COMM_WORLD_{name}'] for name in names}
    size = os.environ['OMPI_COMM_WORLD_SIZE']
    return _with_master_address(dict(found, WORLD_SIZE=size), '127.0.0.1')


def _slurm_variables() -> dict[str, str]:
    """What torchrun would set, from the variables of slurm."""
    names = dict(RANK='PROCID', LOCAL_RANK='LOCALID', WORLD_SIZE='NTASKS')
    found = {name: os.environ[f'SLURM_{theirs}'] for name, theirs in names.items()}
    if 'MASTER_ADDR' in os.environ:
        return _with_master_address(found, '')
    hosts = ['scontrol', 'show', 'hostname', os.environ['SLURM_NODELIST']]
    listed = subprocess.run(hosts, capture_output=True, text=True, check=True).stdout
    return _with_master_address(found, listed.split()[0])


def _with_master_address(found: dict[str, str], address: str) -> dict[str, str]:
    return dict(
        found,
        MASTER_ADDR=os.environ.get('MASTER_ADDR', address),
        MASTER_PORT=os.environ.get('MASTER_PORT', '29500'),
    )
