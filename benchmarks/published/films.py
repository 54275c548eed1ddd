"""How the published code reads films: PIL to RGB, then torchvision.

CXR-CLIP (https://github.com/kakaobrain/cxr-clip) and MRM
(https://github.com/RL4M/MRM-pytorch), written from descriptions of them.
"""

import random
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image
from torch.utils.data import Dataset

from mmcxr.torchvision_schema import ensure_torchvision

ensure_torchvision()
from torchvision import transforms as T  # noqa: E402

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


class PublishedFilms(Dataset):
    """Films as the published data sets read them: opened as RGB, then transforms."""

    def __init__(self, root: Path, transforms: list):
        self.paths = sorted((root / 'images').iterdir())
        self.transform = T.Compose(transforms)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> torch.Tensor:
        return self.transform(Image.open(self.paths[index]).convert('RGB'))


def released_clahe(image: Image.Image) -> Image.Image:
    """Albumentations 1.3.1: half of the films, L of LAB."""
    if random.random() >= 0.5:
        return image
    lab = cv2.cvtColor(np.asarray(image), cv2.COLOR_RGB2LAB)
    clahe = cv2.createCLAHE(random.uniform(1, 4), (8, 8))
    lab[:, :, 0] = clahe.apply(np.ascontiguousarray(lab[:, :, 0]))
    return Image.fromarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB))


def published_transforms() -> dict[str, list]:
    """Transforms after the film was opened, for each kind of sample."""
    tensor = [T.ToTensor(), T.Normalize(*IMAGENET)]
    bicubic = T.InterpolationMode.BICUBIC
    return {
        'CXR-CLIP test': [T.Resize(224), T.CenterCrop(224), *tensor],
        'CXR-CLIP train': [
            T.RandomResizedCrop(224, (0.8, 1.1)),
            released_clahe,
            T.ColorJitter(0.1, 0.2, 0.2, 0.1),
            T.CenterCrop(224),
            *tensor,
        ],
        'MRM train': [
            T.RandomResizedCrop(448, (0.2, 1.0), interpolation=bicubic),
            T.RandomHorizontalFlip(),
            T.Grayscale(3),
            T.ToTensor(),
            T.Normalize((0.4978,) * 3, (0.2449,) * 3),
        ],
    }
