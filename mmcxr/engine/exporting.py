"""Write a checkpoint as a file of another library."""

import json
import re
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mmcxr.published import weights_in
from mmcxr.published.export.export import export

from .checkpoint import open_checkpoint
from .publishing import class_names


def export_checkpoint(
    checkpoint: str | Path, to: str, out: str | Path
) -> dict[str, str]:
    """Read a checkpoint, published or ours, and write its encoder for a library.

    Args:
        checkpoint: a file of ours, or a published one.
        to: one of :data:`mmcxr.published.export.export.TARGETS`.
        out: file to write; for ``'hf'`` a folder.

    Returns:
        What was left out: key to reason.

    Raises:
        FileNotFoundError, ValueError: the checkpoint cannot be read, or holds no
            encoder that can be exported.
    """
    content = open_checkpoint(checkpoint)
    exported, dropped = export(
        weights_in(content), to, class_names(content), _activation(content)
    )
    out = Path(out)
    if to != 'hf' and out.is_dir():
        raise IsADirectoryError(f'{out} is a folder; name a file to write')
    if to == 'hf':
        out.mkdir(parents=True, exist_ok=True)
        text = json.dumps(exported['config'], indent=2)
        (out / 'config.json').write_text(f'{text}\n', encoding='utf-8')
        _save_safetensors(exported['weights'], out / 'model.safetensors')
        return dropped
    out.parent.mkdir(parents=True, exist_ok=True)
    if to == 'safetensors':
        _save_safetensors(exported, out)
    else:
        torch.save(exported, out)
    return dropped


def _save_safetensors(weights: dict[str, Tensor], path: Path) -> None:
    from safetensors.torch import save_file

    # Copies, since tensors that share memory are refused.
    weights = {key: value.contiguous().clone() for key, value in weights.items()}
    save_file(weights, path, metadata=dict(format='pt'))


def _activation(content: Any) -> str:
    """Of a CLIP: as the config that trained it says, else OpenAI's."""
    meta = content.get('meta') if isinstance(content, dict) else None
    config = (meta or {}).get('cfg')
    found = re.search(r"activation='(\w+)'", config if isinstance(config, str) else '')
    return found[1] if found else 'quick_gelu'
