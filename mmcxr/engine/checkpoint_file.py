"""Reading a checkpoint file without running anything in it.

Every file goes through ``torch.load(weights_only=True)`` or safetensors, told
apart by content and not by suffix (CXR-CLIP's ``.tar`` files are zips). Foreign
classes that hold only data are read as stand-ins (``inert_classes``); any other
class is refused by name, and no option changes that.
"""

import hashlib
import io
import re
import struct
import warnings
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import torch

from .inert_classes import inert_globals, plain

MapLocation = str | torch.device | dict | Callable | None
# What a Hugging Face model folder calls its weights, best first.
FOLDER_WEIGHTS = ('model.safetensors', 'pytorch_model.bin')


class CheckpointError(ValueError):
    """A checkpoint that cannot be used; the message says why and what to do."""


class UnsafeCheckpoint(CheckpointError):
    """A checkpoint that names a class or function we do not read."""


def load_checkpoint_file(
    file: str | Path | BinaryIO, map_location: MapLocation = 'cpu'
) -> Any:
    """Read a torch or safetensors checkpoint; never runs code of the file.

    Args:
        file: path of a file, of a Hugging Face model folder, or an open binary
            file. The suffix does not matter.
        map_location: as in ``torch.load``; None is the device a tensor was saved
            from, or the CPU on a machine without one.

    Returns:
        What the file holds, usually a dict. Stand-ins of foreign classes stay in
        it as inert objects, omegaconf's containers become lists and dicts.

    Raises:
        FileNotFoundError: no such file.
        UnsafeCheckpoint: the file names a class or function that is not data.
        CheckpointError: it is no checkpoint, or a damaged one.
    """
    if not isinstance(file, (str, Path)):
        return _read(file, 'the checkpoint', map_location)
    path = _existing_file(Path(file).expanduser())
    with path.open('rb') as stream:
        return _read(stream, str(path), map_location)


def file_digest(path: str | Path) -> str:
    """SHA-256 of a file as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with Path(path).open('rb') as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _existing_file(path: Path) -> Path:
    """``path``, or the weights in it where it is a model folder."""
    if path.is_dir():
        weights = [path / name for name in FOLDER_WEIGHTS if (path / name).is_file()]
        if not weights:
            raise CheckpointError(
                f'{path} is a folder; give the checkpoint file in it '
                f'(or a folder that holds {" or ".join(FOLDER_WEIGHTS)})'
            )
        return weights[0]
    if not path.is_file():
        raise FileNotFoundError(f'no checkpoint at {path}')
    return path


def _read(stream: BinaryIO, name: str, map_location: MapLocation) -> Any:
    if map_location is None and not torch.cuda.is_available():
        map_location = 'cpu'
    start = stream.read(512)
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    _refuse_what_is_no_checkpoint(start, name)
    try:
        if _is_safetensors(start, size):
            return _read_safetensors(stream.read(), map_location)
        return _read_torch(stream, map_location)
    except (MemoryError, OSError):
        raise
    except Exception as error:
        if 'CUDA' in str(error):  # the device's fault, not the file's
            raise
        raise _explained(error, start, size, name) from error


def _refuse_what_is_no_checkpoint(start: bytes, name: str) -> None:
    """Name the things that downloads leave in place of a checkpoint."""
    text = start.lstrip().lower()
    if not start:
        raise CheckpointError(f'{name} is empty (0 bytes); fetch it again')
    if text.startswith((b'<!doctype', b'<html', b'<?xml')):
        raise CheckpointError(
            f'{name} is a web page, not a checkpoint: the download went wrong '
            '(a login or an error page was saved); fetch it again'
        )
    if text.startswith(b'version https://git-lfs'):
        raise CheckpointError(
            f'{name} is a git-LFS pointer, not the checkpoint itself; '
            'run `git lfs pull` in its repository'
        )


def _is_safetensors(start: bytes, size: int) -> bool:
    """A safetensors file: 8 bytes of header length, then a JSON header."""
    if len(start) < 10 or start[8:9] != b'{':
        return False
    return struct.unpack('<Q', start[:8])[0] <= size - 8


def _read_safetensors(data: bytes, map_location: MapLocation) -> dict:
    from safetensors.torch import load

    tensors = load(data)
    if isinstance(map_location, (str, torch.device)):
        tensors = {key: tensor.to(map_location) for key, tensor in tensors.items()}
    return tensors


def _read_torch(stream: BinaryIO, map_location: MapLocation) -> Any:
    with _only_inert_globals(), warnings.catch_warnings():
        # "Detected pickle protocol ..." says nothing that our own error does not.
        warnings.filterwarnings('ignore', message='Detected pickle protocol')
        loaded = torch.load(stream, map_location=map_location, weights_only=True)
    return plain(loaded)


@contextmanager
def _only_inert_globals():
    """Allow exactly our stand-ins, whatever else the process had allowed."""
    before = torch.serialization.get_safe_globals()
    torch.serialization.clear_safe_globals()
    ours = [(stand_in, name) for name, stand_in in inert_globals().items()]
    torch.serialization.add_safe_globals(ours)
    try:
        yield
    finally:
        torch.serialization.clear_safe_globals()
        torch.serialization.add_safe_globals(before)


def _explained(error: Exception, start: bytes, size: int, name: str) -> CheckpointError:
    """The one line a user needs about a file that could not be read."""
    text = str(error)
    if refused := re.search(r'GLOBAL ((?:\w+\.)*\w+)(?![\w.])', text):
        return UnsafeCheckpoint(
            f'{name} is refused: it holds {refused[1]}, and building that could run '
            'code from the file. Where you trust its author, load it once with the '
            "author's code in a throw-away environment and save the tensors alone: "
            "torch.save({'state_dict': model.state_dict()}, 'weights.pth')"
        )
    if 'reduce for unrecognized' in text or 'Can only' in text:
        return UnsafeCheckpoint(f'{name} is refused: {text.splitlines()[-1]}')
    if 'TorchScript' in text:
        return CheckpointError(
            f'{name} is a TorchScript program, not weights; ask for its state dict'
        )
    if 'Unsupported operand' in text and start.startswith((b'PK', b'\x80')):
        return CheckpointError(
            f'{name} is pickled in a protocol the safe reader does not know; save it '
            'again with torch.save(..., pickle_protocol=2)'
        )
    if start.startswith(b'PK'):
        return CheckpointError(
            f'{name} ({size:,} bytes) is a truncated or damaged checkpoint; '
            'fetch it again and compare its size with the source'
        )
    return CheckpointError(
        f'{name} ({size:,} bytes) is not a checkpoint of torch or safetensors, '
        f'or is damaged ({type(error).__name__})'
    )
