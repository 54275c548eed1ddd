"""The lateral film: the patient faces the left of the image, arms raised."""

import numpy as np

from .drawn_film import DrawnFilm, film_frame, finish
from .exposure import collimate, expose, mark
from .geometry import Frame, ellipse, smooth_curve, smoothstep
from .lesions import DRAW
from .plan import Finding, Patient
from .profile import Profile, lateral_profile, wall
from .scene import Lung, Scene
from .skeleton import rib_layer
from .vessels import vessel_layer


def lateral_film(
    patient: Patient, findings: dict[str, Finding], size: int, rng
) -> DrawnFilm:
    """Draw a lateral film.

    Args:
        patient: who is filmed.
        findings: what the film shows, by name; those of either side.
        size: shorter side in pixels.
        rng: generator of the film.
    """
    profile = lateral_profile(patient, findings, rng)
    height = max(profile.heights.values())
    extent = (profile.depth + 8.5, height + 5.5)
    frame = film_frame(size, extent, (0.0, 0.5 * height - 0.2), False, rng)
    heart = frame.fill(profile.heart)
    scene = Scene(frame, 'LATERAL', (_lung(frame, profile, heart),))
    for name, finding in findings.items():
        if name in DRAW:
            DRAW[name](scene, finding)
    if 'Cardiomegaly' in findings:
        scene.record('Cardiomegaly', heart)
    attenuation = _tissue(scene, profile, heart, patient, rng)
    airy = scene.lungs[0].mask * (1 - scene.opaque)
    attenuation += _bones(frame, profile, rng) * (0.45 + 0.55 * airy)
    edema = findings.get('Edema')
    engorged = 0.35 + 0.3 * edema.level if edema else 0.0
    attenuation += _markings(scene, engorged, rng) + scene.density
    film = expose(attenuation, frame, False, rng)
    if rng.random() < 0.7:
        letter = 'L' if rng.random() < 0.8 else 'R'  # the side at the detector
        film = mark(film, frame, letter, (0.10, rng.uniform(0.08, 0.16)), rng)
    film = collimate(film, rng)
    lungs = frame.fill(*profile.lungs.values())
    return finish(film, scene, lungs * (1 - heart), heart)


def _lung(frame: Frame, profile: Profile, heart: np.ndarray) -> Lung:
    """Both lungs, one upon the other, as one."""
    x, y = frame.grid
    height = max(profile.heights.values())
    v = y / np.float32(height)
    front, back = wall(profile, v)

    def place(u, v):
        front, back = wall(profile, v)
        return np.array([front + u * (back - front), v * height], dtype=np.float64)

    deepest = max(profile.lungs.values(), key=lambda outline: outline[:, 1].max())
    cavity = 0.5 * sum(frame.fill(outline) for outline in profile.lungs.values())
    return Lung(
        sides=('right', 'left'),
        outline=deepest,
        mask=frame.blur(cavity, 0.10) * (1 - 0.8 * frame.blur(heart, 0.35)),
        u=np.clip((x - front) / (back - front), 0, 1.2).astype(np.float32),
        v=v,
        place=place,
        hilum=place(0.54, 0.42),
        height=height,
    )


def _tissue(scene: Scene, profile: Profile, heart, patient: Patient, rng):
    """Soft tissue and air, (H, W)."""
    frame, (x, y) = scene.frame, scene.frame.grid
    lung, height = scene.lungs[0], max(profile.heights.values())
    skin = frame.blur(frame.fill(profile.body), 0.35)
    reach = 0.5 * profile.depth + 4
    thick = np.sqrt(np.clip(1 - (x / reach) ** 2, 0, 1))
    tissue = skin * (0.52 + 0.012 * patient.fat + 0.36 * thick)
    tissue += 0.16 * skin * smoothstep(y, 6.5, -1.0)  # shoulders
    tissue += 0.08 * smoothstep(y, 0.75 * height, height) * skin
    thin = 0.72 + 0.28 * smoothstep(np.minimum(lung.u, 1 - lung.u), -0.02, 0.15)
    thin *= 0.66 + 0.34 * smoothstep(lung.v, 0.05, 0.32)
    tissue -= 0.62 * thin * lung.mask * (1 - scene.opaque)
    tissue += 0.05 * frame.blur(heart, 0.9)
    # The middle of the chest holds vessels and airways between the lungs.
    tissue += 0.16 * frame.glow(lung.hilum, (2.3, 2.8))
    arch = smooth_curve(
        [lung.place(u, v) for u, v in [(0.40, 0.42), (0.46, 0.30), (0.60, 0.27)]]
        + [lung.place(u, v) for u, v in [(0.72, 0.36), (0.78, 0.6), (0.78, 0.8)]]
    )
    tissue += 0.07 * frame.blur(frame.stroke([arch], 2.3), 0.25)
    trachea = np.array([lung.place(0.47, -0.15), lung.place(0.53, 0.36)])
    tissue -= 0.16 * frame.blur(frame.stroke([trachea], 1.6), 0.12)
    if rng.random() < 0.5:  # gas in the stomach
        spot = lung.place(rng.uniform(0.35, 0.55), 0.88) + [0, rng.uniform(0, 1.5)]
        radii = (rng.uniform(1.5, 3.0), rng.uniform(0.8, 1.6))
        gas = frame.fill(ellipse(spot, radii, rng.uniform(-20, 20)))
        low = smoothstep(y, 0.80 * height, 0.84 * height)
        tissue -= rng.uniform(0.06, 0.22) * frame.blur(gas, 0.2) * low
    return tissue


def _bones(frame: Frame, profile: Profile, rng) -> np.ndarray:
    """Spine, sternum and the oblique ribs of both sides, (H, W)."""
    y = frame.grid[1]
    strength = rng.uniform(0.9, 1.15)
    bodies = frame.blur(frame.fill(*profile.vertebrae), 0.10)
    bones = bodies * (0.15 - 0.05 * smoothstep(y, 4, 20))
    column = frame.stroke([profile.spine], 4.6)
    bones += 0.10 * frame.blur(column, 0.5) * (1 - 0.4 * smoothstep(y, 4, 20))
    bones += 0.20 * rib_layer(frame, [profile.sternum], 1.1)
    bones += 0.055 * rib_layer(frame, profile.ribs, 0.85)
    return bones * np.float32(strength)


def _markings(scene: Scene, engorged: float, rng) -> np.ndarray:
    """Vessels and the fine grain of the lung, (H, W)."""
    frame, lung = scene.frame, scene.lungs[0]
    grain = frame.blur(rng.standard_normal(frame.shape, dtype=np.float32), 0.22)
    grain *= 0.011 / max(float(grain.std()), 1e-6)
    vessels = vessel_layer(frame, lung, engorged, rng)
    markings = (0.09 * vessels + grain) * lung.mask
    return markings * (1 - 0.8 * scene.hidden) * (1 - 0.7 * scene.opaque)
