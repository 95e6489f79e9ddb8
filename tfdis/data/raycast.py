"""Casts the rays of the rooms: one object in the corner of a lit room.

The floor is z = 0, the walls are x = WALL and y = WALL, the object stands at the origin. The camera
looks at it from a circle around it; the lamp is fixed. Lengths are in units of the room.
"""

import numpy as np

WALL = 2.3
_SUPERSAMPLES = 3
_CAMERA_DISTANCE, _CAMERA_HEIGHT, _LOOK_AT, _HALF_VIEW = 4.3, 2.3, 0.62, 0.37
_AZIMUTHS = np.radians(225 + np.linspace(-30, 30, 15))
_SCALES = np.linspace(0.62, 1.0, 8)
_LAMP, _LAMP_RADIUS = np.array([-2.6, -0.6, 4.2], np.float32), 0.45
_SHADOW_CELLS = 144  # a side of the shadow map, which covers the floor from -WALL to WALL


def geometry_maps(side: int) -> np.ndarray:
    """What each scale, shape and orientation gives to each pixel, whatever the colours.

    Returns:
        uint8 `[8, 4, 15, side, side, 4]`: the light from the floor, the walls and the object, each
        times its coverage of the pixel, and the object's highlight; 255 is full.
    """
    shapes = (_Cube, _Cylinder, _Sphere, _Capsule)
    objects = [[shape(np.float32(scale)) for shape in shapes] for scale in _SCALES]
    shadows = [[_shadow(thing) for thing in row] for row in objects]
    maps = np.empty((len(_SCALES), len(shapes), len(_AZIMUTHS), side, side, 4), np.uint8)
    for view, azimuth in enumerate(_AZIMUTHS):
        origin, rays = _camera(azimuth, side)
        room, cells, is_wall = _room(origin, rays)
        for i, row in enumerate(objects):
            for j, thing in enumerate(row):
                samples = np.zeros((4, len(rays)), np.float32)
                samples[0] = room * shadows[i][j].ravel()[cells] * ~is_wall
                samples[1] = room * is_wall
                hit, shade, gloss = _object(thing, origin, rays)
                samples[:, hit] = 0
                samples[2, hit], samples[3, hit] = shade, gloss
                mean = samples.reshape(4, _SUPERSAMPLES**2, side, side).mean(axis=1)
                maps[i, j, view] = np.rint(255 * np.clip(mean, 0, 1)).transpose(1, 2, 0)
    return maps


def _camera(azimuth: float, side: int) -> tuple[np.ndarray, np.ndarray]:
    """The camera's place `[3]` and its unit rays `[samples * side * side, 3]`, sample by sample."""
    ground = _CAMERA_DISTANCE * np.array([np.cos(azimuth), np.sin(azimuth)])
    origin = np.array([*ground, _CAMERA_HEIGHT])
    forward = np.array([0, 0, _LOOK_AT]) - origin
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, [0, 0, 1])
    right /= np.linalg.norm(right)
    up = np.cross(right, forward)
    places = np.arange(side) + (np.arange(_SUPERSAMPLES)[:, None] + 0.5) / _SUPERSAMPLES
    ticks = _HALF_VIEW * (places / side * 2 - 1)
    across, down = ticks[None, :, None, :, None], ticks[:, None, :, None, None]
    rays = (forward + across * right - down * up).reshape(-1, 3)
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    return origin.astype(np.float32), rays.astype(np.float32)


def _room(origin: np.ndarray, rays: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The empty room: its light, the shadow map's cell, and whether it is wall, per ray."""
    with np.errstate(divide="ignore"):
        distances = (np.array([WALL, WALL, 0], np.float32) - origin) / rays
    distances[distances <= 0] = np.inf
    surface = distances.argmin(axis=1)
    points = origin + distances.min(axis=1)[:, None] * rays
    inward = np.array([[-1, 0, 0], [0, -1, 0], [0, 0, 1]], np.float32)[surface]
    lamp, distance = _towards_lamp(points)
    light = 0.42 + 0.75 * np.maximum(_dot(inward, lamp), 0) / (1 + (distance / 7) ** 2)
    # Where two surfaces meet, each hides part of the room from the other.
    for axis, place in enumerate((WALL, WALL, 0)):
        gap = np.abs(points[:, axis] - place)
        light *= np.where(surface == axis, 1, 1 - 0.30 * np.exp(-gap / 0.22))
    cells = np.clip((points[:, :2] + WALL) / (2 * WALL) * _SHADOW_CELLS, 0, _SHADOW_CELLS - 1)
    cells = cells.astype(np.int64)
    return light, cells[:, 0] * _SHADOW_CELLS + cells[:, 1], surface < 2


def _object(
    thing: "_Cube | _Cylinder | _Sphere | _Capsule", origin: np.ndarray, rays: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which rays hit the object (indices), and the light and the highlight that they bring."""
    centre = np.array([0, 0, thing.height / 2], np.float32)
    reach = np.hypot(thing.height / 2, thing.radius)
    along = rays @ (centre - origin)
    near = np.flatnonzero(np.sum((centre - origin) ** 2) - along**2 <= reach**2)
    distances = thing.distance(origin, rays[near])
    hit = near[np.isfinite(distances)]
    points = origin + distances[np.isfinite(distances)][:, None] * rays[hit]
    normals = thing.normals(points)
    lamp, _ = _towards_lamp(points)
    facing = _dot(normals, lamp)
    half = lamp - rays[hit]
    half /= np.linalg.norm(half, axis=1, keepdims=True)
    gloss = np.where(facing > 0, 0.55 * np.maximum(_dot(normals, half), 0) ** 60, 0)
    ambient = 0.40 + 0.12 * normals[:, 2]
    near_floor = 1 - 0.35 * np.exp(-points[:, 2] / 0.16) * (normals[:, 2] < 0.9)
    return hit, (ambient + 0.60 * np.maximum(facing, 0)) * near_floor, gloss


def _shadow(thing: "_Cube | _Cylinder | _Sphere | _Capsule") -> np.ndarray:
    """How much of its light each cell of the floor keeps, `[cells, cells]` over x and y."""
    ticks = ((np.arange(_SHADOW_CELLS) + 0.5) / _SHADOW_CELLS * 2 - 1) * WALL
    x, y = np.meshgrid(ticks, ticks, indexing="ij")
    floor = np.stack([x, y, np.full_like(x, 1e-3)], axis=-1).reshape(-1, 3).astype(np.float32)
    turns = (
        2 * np.pi * np.arange(12) * 0.381966
    )  # a sunflower's spiral fills the lamp's disc evenly
    radii = _LAMP_RADIUS * np.sqrt((np.arange(12) + 0.5) / 12)
    kept = np.zeros(len(floor), np.float32)
    for turn, radius in zip(turns, radii):
        offset = radius * np.array([np.cos(turn), np.sin(turn), 0])
        rays = (_LAMP + offset).astype(np.float32) - floor
        kept += ~np.isfinite(thing.distance(floor, rays))
    gap = np.maximum(np.hypot(floor[:, 0], floor[:, 1]) - 0.9 * thing.radius, 0)
    occlusion = 1 - 0.45 * np.exp(-gap / (0.35 * thing.height))
    return ((0.42 + 0.58 * kept / 12) * occlusion).reshape(_SHADOW_CELLS, _SHADOW_CELLS)


def _towards_lamp(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    towards = _LAMP - points
    distance = np.linalg.norm(towards, axis=1)
    return towards / distance[:, None], distance


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.einsum("ij,ij->i", a, b)


def _nearer_root(a: np.ndarray, half_b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """The smaller root of a t^2 + 2 half_b t + c; inf where there is none or it lies behind."""
    inner = half_b * half_b - a * c
    with np.errstate(divide="ignore", invalid="ignore"):
        root = (-half_b - np.sqrt(np.maximum(inner, 0))) / a
    return np.where((inner > 0) & (root > 0), root, np.inf)


class _Cube:
    def __init__(self, scale: np.float32) -> None:
        self.half = 0.62 * scale
        self.height, self.radius = 2 * self.half, 1.15 * self.half
        self.low = np.array([-self.half, -self.half, 0], np.float32)
        self.high = np.array([self.half, self.half, self.height], np.float32)

    def distance(self, origin: np.ndarray, rays: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore"):
            inverse = 1 / rays
        one, other = (self.low - origin) * inverse, (self.high - origin) * inverse
        first, last = np.minimum(one, other).T, np.maximum(one, other).T
        enter = np.maximum(np.maximum(first[0], first[1]), first[2])
        leave = np.minimum(np.minimum(last[0], last[1]), last[2])
        return np.where((enter < leave) & (enter > 0), enter, np.inf)

    def normals(self, points: np.ndarray) -> np.ndarray:
        centred = points - np.array([0, 0, self.half], np.float32)
        normals = np.zeros_like(points)
        face, rows = np.abs(centred).argmax(axis=1), np.arange(len(points))
        normals[rows, face] = np.sign(centred[rows, face])
        return normals


class _Sphere:
    def __init__(self, scale: np.float32) -> None:
        self.radius = 0.74 * scale
        self.height = 2 * self.radius

    def distance(self, origin: np.ndarray, rays: np.ndarray) -> np.ndarray:
        return _ball(origin, rays, self.radius, self.radius)

    def normals(self, points: np.ndarray) -> np.ndarray:
        return (points - np.array([0, 0, self.radius], np.float32)) / self.radius


class _Cylinder:
    def __init__(self, scale: np.float32) -> None:
        self.radius, self.height = 0.64 * scale, 1.35 * scale

    def distance(self, origin: np.ndarray, rays: np.ndarray) -> np.ndarray:
        side = _tube(origin, rays, self.radius, 0, self.height)
        with np.errstate(divide="ignore"):
            top = (self.height - origin[..., 2]) / rays[:, 2]
        across = origin[..., :2] + top[:, None] * rays[:, :2]
        on_top = (top > 0) & (_dot(across, across) <= self.radius**2)
        return np.minimum(side, np.where(on_top, top, np.inf))

    def normals(self, points: np.ndarray) -> np.ndarray:
        normals = points / self.radius
        normals[:, 2] = 0
        normals[points[:, 2] >= self.height - 1e-4] = (0, 0, 1)
        return normals


class _Capsule:
    def __init__(self, scale: np.float32) -> None:
        self.radius, self.height = 0.48 * scale, 1.75 * scale

    def distance(self, origin: np.ndarray, rays: np.ndarray) -> np.ndarray:
        low, high = self.radius, self.height - self.radius
        side = _tube(origin, rays, self.radius, low, high)
        caps = [_ball(origin, rays, self.radius, centre) for centre in (low, high)]
        return np.minimum(side, np.minimum(*caps))

    def normals(self, points: np.ndarray) -> np.ndarray:
        normals = points.copy()
        normals[:, 2] -= np.clip(points[:, 2], self.radius, self.height - self.radius)
        return normals / self.radius


def _ball(origin: np.ndarray, rays: np.ndarray, radius: float, centre: float) -> np.ndarray:
    """The distance to a sphere around (0, 0, centre), in lengths of the ray."""
    start = np.broadcast_to(origin - np.array([0, 0, centre], np.float32), rays.shape)
    return _nearer_root(_dot(rays, rays), _dot(start, rays), _dot(start, start) - radius**2)


def _tube(
    origin: np.ndarray, rays: np.ndarray, radius: float, low: float, high: float
) -> np.ndarray:
    """The distance to the side of an upright cylinder from z = low to z = high."""
    start = np.broadcast_to(origin, rays.shape)[:, :2]
    flat = rays[:, :2]
    root = _nearer_root(_dot(flat, flat), _dot(start, flat), _dot(start, start) - radius**2)
    with np.errstate(invalid="ignore"):
        height = origin[..., 2] + root * rays[:, 2]
        return np.where((height >= low) & (height <= high), root, np.inf)
