"""Models.

Configs name parts of mmpretrain (``mmpretrain.ResNet``), which are imported when
a config names them; every way to such a part leads through this module.
"""

import warnings

from mmcxr.sister_libraries import prepare_sister_libraries

prepare_sister_libraries()
# Nothing here uses mmcv's compiled operators.
warnings.filterwarnings('ignore', message='Fail to import ``MultiScaleDeformable')

# The rest is imported after these lines on purpose.
from . import algorithms, backbones, heads, losses, necks, preprocessor  # noqa: E402
