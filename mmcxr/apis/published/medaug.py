"""MedAug: MoCo-CXR with other pairs of films."""

from mmcxr.published import medaug

from .moco_cxr import model_config
from .system import PublishedSystem

SYSTEM = PublishedSystem(medaug, model_config)
