"""Write a checkpoint as a file of another library."""

from pathlib import Path

import torch

from mmcxr.converters import weights_in
from mmcxr.converters.export import export
from mmcxr.engine.checkpoint import open_checkpoint
from mmcxr.engine.publishing import class_names


def export_checkpoint(
    checkpoint: str | Path, to: str, out: str | Path
) -> dict[str, str]:
    """Read a checkpoint, published or ours, and write its encoder for a library.

    Args:
        checkpoint: a file of ours, or a published one.
        to: ``'timm'``, ``'mmpretrain'`` or ``'mmseg'``.
        out: file to write.

    Returns:
        What was left out: key to reason.

    Raises:
        FileNotFoundError, ValueError: the checkpoint cannot be read, or holds no
            encoder that can be exported.
    """
    content = open_checkpoint(checkpoint)
    exported, dropped = export(weights_in(content), to, class_names(content))
    out = Path(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    torch.save(exported, out)
    return dropped
