"""What fixtures of whole training steps have in common."""

import json
import os
from pathlib import Path

import numpy as np
import torch
from stand_in import golden_weights, tensors

SHARED = Path(os.environ.get('MMCXR_SHARED', Path(__file__).parents[3] / 'shared'))


def variants(name: str, system: str = 'cxrlearn') -> list[str]:
    """Fixtures of that name, whatever is added to it."""
    found = (SHARED / 'golden' / system).glob(f'{name}*')
    return sorted(folder.name for folder in found) or [name]


class StepFixture:
    """Settings and weights of a fixture, and the comparison with what it stores."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.manifest = json.loads((folder / 'manifest.json').read_text())
        self.config = self.manifest['config']
        self.weights = golden_weights(folder.parents[2])
        self.state_dict = tensors(self.weights, self.manifest)

    def slices(self, values) -> torch.Tensor:
        """What is stored of tensors: 16 entries of each, padded with 0."""
        rows = torch.zeros(len(values), 16)
        for row, value in zip(rows, values, strict=True):
            flat = value.detach().flatten()
            kept = flat[:: max(1, len(flat) // 16)][:16]
            row[: len(kept)] = kept
        return rows

    def shares(self, found: dict) -> dict[str, tuple[float, float]]:
        """Of each output: the share of entries within its tolerance, and that asked."""
        with np.load(self.folder / 'outputs.npz') as stored:
            expected = dict(stored)
        assert found.keys() == expected.keys()
        shares = {}
        for name, value in expected.items():
            own = self.manifest['tolerance'] | self.manifest['outputs'][name]
            got = found[name].detach().double().numpy().reshape(value.shape)
            close = np.isclose(got, value, rtol=own['rtol'], atol=own['atol'])
            shares[name] = close.mean(), own.get('fraction', 1)
        return shares

    def short(self, found: dict) -> dict[str, tuple[float, float]]:
        """Outputs of which fewer entries are within their tolerance than asked."""
        return {k: v for k, v in self.shares(found).items() if v[0] < v[1]}

    def compare(self, found: dict) -> None:
        """Every stored output, within its own tolerance, for its share of entries."""
        short = self.short(found)
        assert not short, short
