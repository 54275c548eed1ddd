"""What ``step.py`` measures: weights, batches, and who takes the step."""

from benchmarks.cases.clip import CLIPSteps
from benchmarks.cases.cxr_clip import CXRCLIPSteps, SwinSteps
from benchmarks.cases.features import FeatureSteps
from benchmarks.cases.mrm import MRMSteps
from benchmarks.cases.siim import SIIMSteps

CASES = {
    'cxr-clip_r50': CXRCLIPSteps,
    'cxr-clip_swin-t': SwinSteps,
    'mrm_vit-b16': MRMSteps,
    'clip_vit-l14': CLIPSteps,
    'siim': SIIMSteps,
    'features': FeatureSteps,
}
