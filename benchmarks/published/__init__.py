"""Training steps as the published code takes them, written anew from its description.

Parameters carry the published names, so that a converter of mmcxr brings the same
weights into our model and the two losses can be compared before they are timed.
"""

from mmcxr.torchvision_schema import ensure_torchvision

ensure_torchvision()  # before resnet50 is imported
