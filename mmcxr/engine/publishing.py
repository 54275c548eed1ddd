"""Write a model to share: its weights, and nothing about the machine it came from."""

import io
import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mmcxr import __version__
from mmcxr.published import weights_in

from .checkpoint import CheckpointError, open_checkpoint

SUFFIXES = dict(pth='.pth', safetensors='.safetensors')


def publish_checkpoint(
    checkpoint: str | Path, out: str | Path, file_format: str | None = None
) -> Path:
    """Write the weights of a checkpoint under a name that ends in their digest.

    Kept are the weights (the averaged ones where the run averaged them), the names
    of the classes, and the version of this package. Optimizer, schedules, log
    history and config are left out, and with them all paths of the machine. The
    same weights give the same bytes.

    Args:
        checkpoint: a training checkpoint, or a published file to convert.
        out: path to write; ``-`` and 8 digits of the SHA-256 are put before the
            suffix, which follows the format.
        file_format: ``'pth'``, read by ``torch.load(weights_only=True)``, or
            ``'safetensors'``. The default follows the suffix of ``out``.

    Returns:
        Path of the file written.

    Raises:
        FileNotFoundError, CheckpointError: the checkpoint cannot be read or holds
            no weights.
        ValueError: unknown format.
    """
    out = Path(out)
    if file_format is None:
        file_format = 'safetensors' if out.suffix == '.safetensors' else 'pth'
    if file_format not in SUFFIXES:
        raise ValueError(f'format is {file_format!r}; known are {", ".join(SUFFIXES)}')
    content = open_checkpoint(checkpoint)
    weights = weights_in(content)
    if not weights:
        raise CheckpointError(f'{checkpoint} holds no state dict to publish')
    # Copies: a view would be saved with all of the tensor it looks into.
    weights = {key: _own(value) for key, value in weights.items()}
    meta = dict(mmcxr_version=__version__)
    classes = class_names(content)
    if classes:
        meta['classes'] = classes
    data = _packed(weights, meta, file_format)
    stem = out.name.removesuffix('.pth').removesuffix('.safetensors')
    digest = sha256(data).hexdigest()[:8]
    path = out.with_name(f'{stem}-{digest}{SUFFIXES[file_format]}')
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def _own(tensor: Tensor) -> Tensor:
    return tensor.detach().cpu().contiguous().clone()


def _packed(weights: dict[str, Tensor], meta: dict, file_format: str) -> bytes:
    if file_format == 'safetensors':
        from safetensors.torch import save

        texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in meta.items()}
        return save(weights, metadata=dict(format='pt', **texts))
    # Through memory: torch writes the name of the file into the file.
    buffer = io.BytesIO()
    torch.save(dict(state_dict=weights, meta=meta), buffer)
    return buffer.getvalue()


def class_names(content: Any) -> list[str]:
    """Class names among what a run knew of its dataset."""
    meta = content.get('meta') if isinstance(content, Mapping) else None
    meta = meta if isinstance(meta, Mapping) else {}
    dataset = meta.get('dataset_meta')
    dataset = dataset if isinstance(dataset, Mapping) else {}
    classes = dataset.get('classes', meta.get('classes'))
    if isinstance(classes, Sequence) and not isinstance(classes, str):
        return [str(name) for name in classes]
    return []
