"""Make every checkpoint that mmengine loads go through our safe reader.

mmengine reads ``load_from``, ``--resume``, ``init_cfg`` and ``load_checkpoint``
through the schemes of its ``CheckpointLoader`` (a path, ``https://``,
``torchvision://``, ...), which end in two functions of one module: one that falls
back to full unpickling when the safe read fails, one that unpickles downloads
fully from the start. Both are replaced, so whatever scheme is used, or added
later, reads safely and takes published files.
"""

import hashlib
import re
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlparse

import mmengine.runner.checkpoint as mmengine_checkpoint
import torch

from mmcxr.torchvision_schema import ensure_torchvision

from .checkpoint import CheckpointError, open_checkpoint
from .checkpoint_file import MapLocation

_READERS = ('_safe_torch_load', 'load_url')


def secure_checkpoint_loading() -> None:
    """Make all of mmengine's loading safe; calling it again changes nothing.

    Raises:
        RuntimeError: this mmengine loads in another way, so that safety cannot be
            promised.
    """
    lacking = [name for name in _READERS if not hasattr(mmengine_checkpoint, name)]
    if lacking:
        raise RuntimeError(
            f'mmengine.runner.checkpoint has no {lacking[0]}: this version reads '
            'checkpoints in another way; install onedl-mmengine>=0.10.12,<0.11'
        )
    mmengine_checkpoint._safe_torch_load = _read
    mmengine_checkpoint.load_url = download_checkpoint
    loader = mmengine_checkpoint.CheckpointLoader
    if not hasattr(loader, 'load_and_print'):
        loader.load_and_print = loader.load_checkpoint
        loader.load_checkpoint = _load_and_log
    register = loader.register_scheme
    register('', load_from_local, force=True)
    register(('modelzoo://', 'torchvision://'), load_from_torchvision, force=True)


def _load_and_log(
    filename: str, map_location: MapLocation = None, logger: Any = None
) -> Any:
    """Read a checkpoint; what mmengine would print goes to the log."""
    read = mmengine_checkpoint.CheckpointLoader.load_and_print
    return read(filename, map_location, 'current' if logger is None else logger)


def load_from_local(filename: str, map_location: MapLocation = None) -> Any:
    """Read a local file, or the weights of a model folder."""
    return open_checkpoint(filename, map_location)


def load_from_torchvision(filename: str, map_location: MapLocation = None) -> Any:
    """Read weights of torchvision's collection, ``torchvision://resnet50``.

    Raises:
        CheckpointError: there is no such model.
    """
    ensure_torchvision()
    urls = mmengine_checkpoint.get_torchvision_models()
    name = filename.partition('://')[2]
    if name not in urls:
        raise CheckpointError(f'torchvision has no weights {name!r}')
    return mmengine_checkpoint.load_from_http(urls[name], map_location=map_location)


def download_checkpoint(
    url: str,
    model_dir: str | None = None,
    map_location: MapLocation = None,
    progress: bool = True,
    check_hash: bool = False,
    file_name: str | None = None,
) -> Any:
    """Download a checkpoint unless it is there, and read it safely.

    Arguments as in ``torch.hub.load_state_dict_from_url``, in whose cache the file
    is kept. Names without a hash, which many repositories share
    (``pytorch_model.bin``), get a hash of their address as a prefix.

    Raises:
        CheckpointError: the download fails, or the file is no checkpoint.
    """
    folder = Path(model_dir or Path(torch.hub.get_dir(), 'checkpoints'))
    path = folder / (file_name or cached_name(url))
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        found = re.search(r'-([0-9a-f]{8,})\.', path.name) if check_hash else None
        try:
            torch.hub.download_url_to_file(
                url, str(path), found[1] if found else None, progress=progress
            )
        except (OSError, RuntimeError) as error:
            raise CheckpointError(f'{url} could not be fetched: {error}') from error
    return open_checkpoint(path, map_location)


def cached_name(url: str) -> str:
    """File name under which a download is kept."""
    name = Path(urlparse(url).path).name
    if re.search(r'-[0-9a-f]{8,}\.', name):
        return name
    return f'{hashlib.sha256(url.encode()).hexdigest()[:8]}_{name}'


def _read(
    file: str | Path | BinaryIO,
    map_location: MapLocation = None,
    weights_only: bool | None = None,
) -> Any:
    """In the place of mmengine's reader; ``weights_only`` is always true here."""
    return open_checkpoint(file, map_location)
