"""Models.

Configs name parts of mmpretrain (``mmpretrain.ResNet``), which are imported when
a config names them. Three things must have happened before, and every way to such
a part leads through this module:

- torchvision imports, also beside a CPU build of torch;
- mmpretrain's multimodal models stay out: where pycocotools is installed, their
  code fails to import with transformers 5 and takes all of mmpretrain along;
- a warning that mmcv's compiled operators are missing, which nothing here uses,
  is not shown.
"""

import warnings

from mmpretrain.utils import dependency

from mmcxr.torchvision_schema import ensure_torchvision

ensure_torchvision()
dependency.WITH_MULTIMODAL = False
warnings.filterwarnings('ignore', message='Fail to import ``MultiScaleDeformable')

# The rest is imported after these lines on purpose.
from . import algorithms, backbones, heads, losses, necks, preprocessor  # noqa: E402
