"""What ``step.py`` measures: weights, batches, and who takes the step."""

from .clip import CLIPSteps
from .cxr_clip import CXRCLIPSteps, SwinSteps
from .features import FeatureSteps
from .mrm import MRMSteps
from .siim import SIIMSteps

CASES = {
    'cxr-clip_r50': CXRCLIPSteps,
    'cxr-clip_swin-t': SwinSteps,
    'mrm_vit-b16': MRMSteps,
    'clip_vit-l14': CLIPSteps,
    'siim': SIIMSteps,
    'features': FeatureSteps,
}
