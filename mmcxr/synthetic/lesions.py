"""The findings, drawn into the lungs of a scene.

Each works in the lung's own coordinates (see :class:`~.scene.Lung`), so that one
drawing serves frontal and lateral films. Cardiomegaly and the raised diaphragm of
atelectasis belong to the anatomy, not here.
"""

import numpy as np

from .geometry import ellipse, smoothstep
from .plan import Finding
from .scene import Lung, Scene

#: Height of a pleural effusion at the wall, cm: (lowest, range) by level.
EFFUSION_HEIGHT = ((3.6, 1.0), (6.5, 2.5), (11.5, 4.0))
#: Share of the lung's radius lost to a pneumothorax, by level.
COLLAPSE = ((0.20, 0.06), (0.31, 0.08), (0.48, 0.12))
#: Radius of a consolidation, cm, by level.
CONSOLIDATION_RADIUS = ((2.4, 0.5), (3.2, 0.7), (4.3, 0.8))
#: Diameter of a nodule, cm, by level.
NODULE_DIAMETER = ((1.3, 0.3), (1.7, 0.4), (2.2, 0.4))
ZONES = {'upper': (0.20, 0.32), 'mid': (0.42, 0.54), 'lower': (0.64, 0.74)}


def diameter(finding: Finding) -> float:
    """Diameter (cm) of a nodule, as drawn and as reported."""
    lowest, span = NODULE_DIAMETER[finding.level]
    return lowest + span * finding.extent


def effusion(scene: Scene, finding: Finding) -> None:
    """Fluid from the costophrenic angle up to a meniscus, highest at the wall."""
    lowest, span = EFFUSION_HEIGHT[finding.level]
    height = lowest + span * finding.extent
    for index, side in enumerate(finding.sides):
        height *= 1 - 0.15 * index  # the two sides are seldom alike
        for lung in scene.lungs_of((side,)):
            fall = (1.7, 0.75, 0.5)[finding.level]
            depth = np.clip(1 - lung.u, 0, 1) ** 0.75
            level = 1 - height * (1 - fall * depth) / lung.height
            edge = (0.022 if scene.view == 'AP' else 0.014) * 1.2
            fluid = smoothstep(lung.v, level - edge, level + edge) * (lung.u > 0)
            # Not cut to the lung: its soft border would leave a dark rim of air.
            scene.cover(fluid * (0.97 if scene.frontal else 0.75))
            fluid = fluid * lung.mask
            scene.density += 0.06 * fluid  # the diaphragm below it is lost
            scene.record(finding.name, fluid)


def pneumothorax(scene: Scene, finding: Finding) -> None:
    """Air between wall and lung: a dark crescent, a thin line, no vessels."""
    lowest, span = COLLAPSE[finding.level]
    loss = lowest + span * finding.extent
    for lung in scene.lungs_of(finding.sides):
        # A small one stays at the apex, a large one surrounds the lung.
        end, kept = ((0.60, 1.0), (0.95, 0.85), (0.95, 0.35))[finding.level]
        v = lung.outline[:, 1] / lung.height
        share = 1 - kept * smoothstep(v, 0.25, end)
        arm = lung.outline - lung.hilum
        collapsed = lung.hilum + arm * (1 - loss * share)[:, None]
        inside = scene.frame.fill(collapsed)
        air = lung.mask * (1 - inside)
        if not scene.frontal:  # the sternum and spine hide its lower part
            air = air * smoothstep(lung.v, 0.62, 0.5)
        rim = scene.frame.stroke([collapsed], 0.16) * lung.mask
        scene.hidden = np.maximum(scene.hidden, air)
        scene.density += 0.16 * rim - 0.10 * air
        scene.cover(0.22 * loss * inside * lung.mask)
        scene.record(finding.name, air)


def consolidation(scene: Scene, finding: Finding) -> None:
    """Patchy opacity of confluent blobs with a soft border."""
    lowest, span = CONSOLIDATION_RADIUS[finding.level]
    radius = lowest + span * finding.extent
    for lung in scene.lungs_of(finding.sides):
        rng = np.random.default_rng(finding.texture)
        center = lesion_center(lung, finding, scene.frontal)
        num = 12
        angle, reach = rng.uniform(0, 2 * np.pi, num), rng.uniform(0.1, 0.75, num)
        offset = np.stack([0.85 * np.cos(angle), np.sin(angle)], 1) * reach[:, None]
        sizes = rng.uniform(0.25, 0.5, num) * radius
        blobs = [
            ellipse(center + radius * d, (s, 0.8 * s), 40 * a)
            for d, s, a in zip(offset, sizes, angle, strict=True)
        ]
        whole = scene.frame.blur(scene.frame.fill(*blobs), 0.14 * radius)
        core = scene.frame.blur(scene.frame.fill(*blobs[::3]), 0.08 * radius)
        patch = np.clip(1.05 * whole, 0, 1) * lung.mask
        scene.cover(patch * (0.62 + 0.25 * core) * (1.0 if scene.frontal else 0.85))
        scene.record(finding.name, patch)


def nodule(scene: Scene, finding: Finding) -> None:
    """A round opacity with a sharp border."""
    radius = diameter(finding) / 2
    for lung in scene.lungs_of(finding.sides):
        rng = np.random.default_rng(finding.texture)
        center = lesion_center(lung, finding, scene.frontal)
        stretch = rng.uniform(0.92, 1.08)
        disc = scene.frame.fill(
            ellipse(center, (radius * stretch, radius / stretch), rng.uniform(0, 180))
        )
        soft = scene.frame.blur(disc, 0.10)
        scene.cover(0.45 * soft)
        scene.density += 0.12 * soft
        scene.record(finding.name, disc)


def atelectasis(scene: Scene, finding: Finding) -> None:
    """Bands above the raised diaphragm; from moderate on a wedge at the base."""
    for lung in scene.lungs_of(finding.sides):
        rng = np.random.default_rng(finding.texture)
        bands = []
        for index in range(2 + finding.level // 2):
            v = 0.70 - 0.085 * index + rng.uniform(-0.015, 0.015)
            start = lung.place(rng.uniform(0.36, 0.46), v + rng.uniform(0.0, 0.05))
            end = lung.place(rng.uniform(0.78, 0.92), v - rng.uniform(0.0, 0.05))
            bands.append(np.stack([start, 0.5 * (start + end) + [0, 0.25], end]))
        lines = scene.frame.stroke(bands, 0.5 + 0.15 * finding.level)
        region = scene.frame.blur(lines, 0.2) * lung.mask
        scene.cover(0.70 * region)
        if finding.level:
            far = 0.55 + 0.15 * finding.level
            points = [(0.22, 0.52), (0.5 * far, 0.66), (far, 0.95), (0.18, 0.95)]
            wedge = scene.frame.fill(np.array([lung.place(u, v) for u, v in points]))
            wedge = scene.frame.blur(wedge, 0.35) * lung.mask
            scene.cover(0.60 * wedge)
            region = np.maximum(region, wedge)
        scene.record(finding.name, region)


def edema(scene: Scene, finding: Finding) -> None:
    """Haze around the hila and septal lines at the bases.

    The wide vessels that go with it are drawn with the other vessels.
    """
    strength = (0.30, 0.45, 0.62)[finding.level] + 0.10 * finding.extent
    for lung in scene.lungs:
        rng = np.random.default_rng(finding.texture)
        reach = 4.2 + 0.9 * finding.level
        wings = scene.frame.glow(lung.hilum + [0, 1], (reach, 1.33 * reach))
        mottle = scene.frame.blur(
            rng.standard_normal(scene.frame.shape, dtype=np.float32), 0.7
        )
        mottle *= 0.25 / max(float(mottle.std()), 1e-6)
        haze = wings * np.clip(1 + mottle, 0.4, 1.6) * strength
        septa = []
        for _ in range(6 + 3 * finding.level):
            v = rng.uniform(0.62, 0.90)
            septa.append([lung.place(0.97, v), lung.place(rng.uniform(0.8, 0.87), v)])
        lines = scene.frame.stroke([np.array(s) for s in septa], 0.14)
        scene.cover(np.clip(haze, 0, 0.9) * lung.mask)
        faint = 0.10 if scene.frontal else 0.05
        scene.density += faint * lines * lung.mask * (1 - scene.opaque)


def lesion_center(lung: Lung, finding: Finding, frontal: bool) -> np.ndarray:
    """Where a consolidation or nodule sits, (2,) cm."""
    low, high = ZONES[finding.zone]
    across, along = finding.place
    v = low + (high - low) * along
    if frontal:
        inner = 0.70 if finding.side == 'left' and finding.zone != 'upper' else 0.50
        return lung.place(inner + (0.80 - inner) * across, v)
    # Middle lobe and lingula lie in front, the lower lobes behind the heart.
    front = {'upper': 0.48, 'mid': 0.28, 'lower': 0.70}[finding.zone]
    return lung.place(front + 0.12 * across, v)


DRAW = {
    'Pleural Effusion': effusion,
    'Pneumothorax': pneumothorax,
    'Consolidation': consolidation,
    'Nodule': nodule,
    'Atelectasis': atelectasis,
    'Edema': edema,
}
