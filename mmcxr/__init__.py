"""mmcxr: pre-training and evaluation of chest X-ray models."""

__version__ = '0.1.0'
