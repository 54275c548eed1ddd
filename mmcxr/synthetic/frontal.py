"""The frontal film, PA or AP: anatomy, findings and bones added up."""

import numpy as np

from . import skeleton
from .anatomy import Thorax, frontal_thorax, lateral_wall, sign
from .drawn_film import DrawnFilm, film_frame, finish
from .exposure import collimate, expose, mark
from .geometry import Frame, ellipse, smooth_curve, smoothstep
from .lesions import DRAW
from .plan import Finding, Patient
from .scene import Lung, Scene
from .vessels import vessel_layer


def frontal_film(
    patient: Patient, view: str, findings: dict[str, Finding], size: int, rng
) -> DrawnFilm:
    """Draw a PA or AP film.

    Args:
        patient: who is filmed.
        view: 'PA' or 'AP'.
        findings: what the film shows, by name.
        size: shorter side in pixels.
        rng: generator of the film.
    """
    portable = view == 'AP'
    thorax = frontal_thorax(patient, view, findings, rng)
    depth = max(curve[:, 1].max() for curve in thorax.lungs.values())
    extent = (2 * thorax.half_width + 5.5, depth + 5.5)
    frame = film_frame(size, extent, (0.0, 0.5 * depth - 0.2), portable, rng)
    heart = frame.fill(thorax.heart)
    center = np.maximum(heart, frame.fill(thorax.mediastinum))
    uncovered = 1 - frame.blur(center, 0.16)
    scene = Scene(frame, view, _lungs(frame, thorax, uncovered))
    for name, finding in findings.items():
        if name in DRAW:
            DRAW[name](scene, finding)
    if 'Cardiomegaly' in findings:
        scene.record('Cardiomegaly', heart)
    attenuation = _tissue(scene, thorax, patient, heart, rng)
    # Scatter drowns the ribs where no air lies before them.
    airy = uncovered * (1 - scene.opaque)
    attenuation += _bones(frame, thorax, portable, rng) * (0.5 + 0.5 * airy)
    edema = findings.get('Edema')
    engorged = 0.35 + 0.3 * edema.level if edema else 0.0
    attenuation += _markings(scene, engorged, rng) + scene.density
    film = expose(attenuation, frame, portable, rng)
    letter, across = ('L', 0.91) if rng.random() < 0.5 else ('R', 0.09)
    if rng.random() < 0.7:
        film = mark(film, frame, letter, (across, rng.uniform(0.08, 0.16)), rng)
    film = collimate(film, rng)
    lungs = sum(frame.fill(outline) for outline in thorax.lungs.values())
    return finish(film, scene, lungs * (1 - center), heart)


def _lungs(frame: Frame, thorax: Thorax, uncovered: np.ndarray) -> tuple[Lung, ...]:
    """The two lungs with their coordinates on the film."""
    x, y = frame.grid
    lungs = []
    for side, outline in thorax.lungs.items():
        flip, height = sign(side), thorax.heights[side]
        wall = lateral_wall(thorax, side, y).astype(np.float32)

        def place(u, v, side=side, flip=flip, height=height):
            return np.array(
                [flip * u * float(lateral_wall(thorax, side, v * height)), v * height]
            )

        lungs.append(
            Lung(
                sides=(side,),
                outline=outline,
                mask=frame.blur(frame.fill(outline), 0.08) * uncovered,
                u=np.clip(flip * x / wall, 0, 1.2),
                v=y / np.float32(height),
                place=place,
                hilum=thorax.hila[side],
                height=height,
            )
        )
    return tuple(lungs)


def _tissue(scene: Scene, thorax: Thorax, patient: Patient, heart, rng) -> np.ndarray:
    """Soft tissue and air, (H, W)."""
    frame, (x, y) = scene.frame, scene.frame.grid
    skin = frame.blur(frame.fill(thorax.body), 0.5)
    reach = thorax.half_width + 2.5
    trunk = np.sqrt(np.clip(1 - (x / reach) ** 2, 0, 1)) * smoothstep(y, -7, 5)
    tissue = (0.50 + 0.014 * patient.fat) * skin + 0.40 * trunk
    belly = min(curve[:, 1].max() for curve in thorax.lungs.values())
    tissue += 0.07 * smoothstep(y, 0.8 * belly, 1.15 * belly)
    for lung in scene.lungs:
        thin = 0.70 + 0.30 * smoothstep(1.0 - lung.u, -0.02, 0.22)
        thin *= 0.88 + 0.12 * smoothstep(lung.v, 0.02, 0.2)
        tissue -= 0.60 * thin * lung.mask * (1 - scene.opaque)
    tissue += 0.025 * frame.blur(heart, 1.2)
    tissue -= 0.13 * frame.blur(_airways(frame, thorax), 0.12)
    if patient.sex == 'F':
        tissue += _breasts(frame, thorax, patient)
    if rng.random() < 0.5:  # gas in the stomach, below the left dome
        dome = 0.87 * thorax.heights['left']
        spot = (rng.uniform(0.35, 0.6) * thorax.half_width, dome + rng.uniform(2, 3.2))
        radii = (rng.uniform(1.6, 3.2), rng.uniform(0.9, 1.7))
        gas = frame.fill(ellipse(spot, radii, rng.uniform(-15, 15)))
        tissue -= rng.uniform(0.06, 0.26) * frame.blur(gas, 0.2)
    return tissue


def _airways(frame: Frame, thorax: Thorax) -> np.ndarray:
    """Trachea and main bronchi, (H, W) in [0, 1]."""
    carina = np.array([0.9 * thorax.shift, 0.27 * thorax.heights['right']])
    trachea = smooth_curve([(0, -9), (0.5 * thorax.shift, 0.3 * carina[1]), carina])
    layer = frame.stroke([trachea], 1.7)
    for hilum in thorax.hila.values():
        main = np.stack([carina, carina + 0.55 * (hilum - carina)])
        layer = np.maximum(layer, 0.7 * frame.stroke([main], 1.1))
    return layer


def _breasts(frame: Frame, thorax: Thorax, patient: Patient) -> np.ndarray:
    """Breast shadows over the lower zones, (H, W)."""
    large = float(np.clip(0.5 + 0.35 * patient.anatomy[3], 0, 1.2))
    low = (0.70 + 0.06 * large) * thorax.heights['right']
    radii = ((0.36 + 0.08 * large) * thorax.half_width, 4.0 + 1.8 * large)
    wide = 0.58 * thorax.half_width
    layer = frame.fill(
        ellipse((-wide, low), radii, 12), ellipse((wide, low), radii, -12)
    )
    return (0.035 + 0.06 * large) * frame.blur(layer, 0.7)


def _bones(frame: Frame, thorax: Thorax, portable: bool, rng) -> np.ndarray:
    """The skeleton, (H, W)."""
    slope = rng.uniform(0.75, 0.95) if portable else rng.uniform(0.95, 1.15)
    raised = rng.uniform(0.3, 1.1) if portable else rng.uniform(-0.3, 0.4)
    back, front = skeleton.ribs(thorax, slope)
    strength = rng.uniform(0.9, 1.15)
    bones = 0.115 * strength * skeleton.rib_layer(frame, back, 0.95)
    bones += 0.085 * strength * skeleton.rib_layer(frame, front, 1.15)
    belly = min(curve[:, 1].max() for curve in thorax.lungs.values())
    bones *= 1 - 0.6 * smoothstep(frame.grid[1], 0.86 * belly, belly)
    collar = skeleton.clavicles(thorax, raised)
    bones += 0.15 * strength * skeleton.rib_layer(frame, collar, 1.0)
    blades = skeleton.scapulae(thorax, rng.uniform(0.7, 1.0) if portable else 0.1)
    plate = frame.blur(frame.fill(*blades), 0.1)
    edge = frame.stroke([np.concatenate([b, b[:1]]) for b in blades], 0.5)
    bones += 0.055 * plate + 0.06 * frame.blur(edge, 0.12)
    bones += 0.08 * skeleton.spine_layer(frame, max(thorax.heights.values()))
    bones += 0.28 * skeleton.shoulder_layer(frame, thorax, raised)
    return bones


def _markings(scene: Scene, engorged: float, rng) -> np.ndarray:
    """Vessels, hila and the fine grain of the lung, (H, W)."""
    frame = scene.frame
    grain = frame.blur(rng.standard_normal(frame.shape, dtype=np.float32), 0.22)
    grain *= 0.011 / max(float(grain.std()), 1e-6)
    markings = np.zeros(frame.shape, np.float32)
    for lung in scene.lungs:
        vessels = vessel_layer(frame, lung, engorged, rng)
        hilum = (0.13 + 0.08 * engorged) * frame.glow(lung.hilum, (1.3, 2.4))
        markings += (0.14 * vessels + hilum + grain) * lung.mask
    return markings * (1 - scene.hidden) * (1 - 0.7 * scene.opaque)
