"""A film in the making: layers of air and density, and what was drawn where."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from .geometry import Frame


@dataclass
class Lung:
    """One pleural cavity on one film, with coordinates of its own.

    ``u`` runs across the lung (frontal: 0 at the midline, 1 at the lateral wall;
    lateral: 0 at the sternum, 1 at the posterior wall) and ``v`` along it (0 at the
    apex, 1 at the deepest costophrenic angle).

    Args:
        sides: the sides it stands for; a lateral film has one lung for both.
        outline: (N, 2) cm, closed.
        mask: (H, W) in [0, 1], the cavity as far as it is not covered by the heart.
        u: (H, W) coordinate across.
        v: (H, W) coordinate along.
        place: (u, v) to a point (2,) in cm.
        hilum: (2,) cm.
        height: apex to costophrenic angle, cm.
    """

    sides: tuple[str, ...]
    outline: np.ndarray
    mask: np.ndarray
    u: np.ndarray
    v: np.ndarray
    place: Callable[[float, float], np.ndarray]
    hilum: np.ndarray
    height: float


@dataclass
class Scene:
    """Layers that the lesions work on and the film is composed from.

    Args:
        frame: patient to pixels.
        view: 'PA', 'AP' or 'LATERAL'.
        lungs: one or two.
        opaque: (H, W) in [0, 1], share of the lung's air that is replaced.
        density: (H, W), attenuation added on top of everything.
        hidden: (H, W) in [0, 1], where vessels cannot be seen.
        regions: (H, W) in [0, 1] per finding and side, what was drawn where.
    """

    frame: Frame
    view: str
    lungs: tuple[Lung, ...]
    opaque: np.ndarray = field(init=False)
    density: np.ndarray = field(init=False)
    hidden: np.ndarray = field(init=False)
    regions: list[tuple[str, np.ndarray]] = field(default_factory=list)

    def __post_init__(self):
        """Start with clear lungs."""
        self.opaque, self.density, self.hidden = (
            np.zeros(self.frame.shape, np.float32) for _ in range(3)
        )

    @property
    def frontal(self) -> bool:
        """Whether the film is frontal, with a lung on either side."""
        return self.view != 'LATERAL'

    def lungs_of(self, sides: tuple[str, ...]) -> list[Lung]:
        """The lungs on which a finding of these sides is seen."""
        return [lung for lung in self.lungs if set(lung.sides) & set(sides)]

    def cover(self, layer: np.ndarray) -> None:
        """Replace the air of the lung by ``layer`` (H, W) in [0, 1]."""
        self.opaque = 1 - (1 - self.opaque) * (1 - layer)

    def record(self, name: str, region: np.ndarray) -> None:
        """Remember that finding ``name`` was drawn in ``region``."""
        self.regions.append((name, region))
