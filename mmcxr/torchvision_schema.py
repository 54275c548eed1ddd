"""Make torchvision importable beside a CPU build of torch.

pip may pair a CPU build of torch (``2.x+cpu``) with the registry's torchvision,
whose Linux wheels are CUDA builds. Its operator library then does not load, and
importing torchvision, or anything built on it (timm, mmpretrain.models,
mmseg.models), dies with ``operator torchvision::nms does not exist``: torchvision
declares shape functions for operators that nobody defined. Declaring the two
schemas is enough. Transforms and models then work; only ``torchvision.ops.nms``
and its like stay without a kernel, and nothing here calls them.
"""

import sys

_SCHEMA = '(Tensor dets, Tensor boxes, float iou_threshold) -> Tensor'
_OPERATORS = ('nms', 'qnms')
_library = None  # torch forgets the operators when this reference goes


def ensure_torchvision() -> None:
    """Import torchvision, declaring its missing operators where they are missing.

    Call it before the first import of torchvision, timm, mmpretrain.models or
    mmseg.models. Where torchvision imports by itself nothing is changed.

    Raises:
        ImportError: torchvision is not installed.
        RuntimeError: torchvision fails to import for another reason.
    """
    if 'torchvision' in sys.modules:
        return
    try:
        import torchvision  # noqa: F401
    except RuntimeError as error:
        if 'torchvision::' not in str(error):
            raise
        _declare_operators()
        import torchvision  # noqa: F401


def _declare_operators() -> None:
    """Drop the half-imported package and declare its operators' schemas."""
    import torch

    global _library
    for name in [n for n in sys.modules if n.split('.')[0] == 'torchvision']:
        del sys.modules[name]
    _library = torch.library.Library('torchvision', 'FRAGMENT')
    for operator in _OPERATORS:
        _library.define(operator + _SCHEMA)
