import colorsys
import itertools

import numpy as np
import pytest
import tensorflow as tf

from tfdis.data.raycast import _Capsule, _Cube, _Cylinder, _Sphere
from tfdis.data.rooms import Rooms
from tfdis.keys import step_key


@pytest.fixture(scope="module")
def data():
    return Rooms()


def _image(data, **factors):
    row = {"floor_hue": 3, "wall_hue": 6, "object_hue": 0, "scale": 6, "shape": 2, "orientation": 7}
    row |= factors
    row = np.array([[row[name] for name in data.factor_names]])
    return data.images(data.index_of(row, None))[0]


def _hue(pixel):
    return colorsys.rgb_to_hsv(*(pixel / 255.0))[0]


@pytest.mark.parametrize("jit_compile", [False, True])
def test_the_graph_makes_exactly_the_same_images(data, jit_compile):
    feed = data.feed()

    @tf.function(jit_compile=jit_compile)
    def step(i):
        inputs = feed.batch((), 0, step_key(9, i), 128)
        return inputs.images, inputs.factors

    for i in range(3):
        images, factors = step(tf.constant(i))
        indices = feed.draw(step_key(9, i), 128).numpy()
        whole = np.rint(255 * images.numpy())
        np.testing.assert_array_equal(whole, data.images(indices))
        np.testing.assert_allclose(images, whole / 255, rtol=0, atol=1e-7)
        np.testing.assert_array_equal(factors, data.factors(indices))


@pytest.mark.parametrize(
    ("factor", "row", "column"), [("floor_hue", 60, 32), ("wall_hue", 4, 8), ("object_hue", 36, 30)]
)
def test_each_hue_is_that_of_its_material(data, factor, row, column):
    for value in range(10):
        image = _image(data, **{factor: value})
        difference = abs(_hue(image[row, column]) - value / 10)
        assert min(difference, 1 - difference) < 0.02


def test_every_value_of_every_factor_changes_the_image(data):
    for axis, (name, size) in enumerate(zip(data.factor_names, data.factors_num_values)):
        images = [_image(data, **{name: value}) for value in range(size)]
        for one, other in itertools.pairwise(images):
            assert np.mean(one != other) > 0.01, (axis, name)


def test_larger_objects_cover_more(data):
    maps = data._maps.reshape(8, 4, 15, 64, 64, 4)
    covered = (maps[..., 2] > 0).mean(axis=(3, 4))
    assert (np.diff(covered, axis=0) > 0).all()
    assert covered.max() < 0.3
    edge = maps[..., 2][:, :, :, [0, -1]]
    assert not edge.any()


def test_the_object_throws_a_shadow(data):
    maps = data._maps.reshape(8, 4, 15, 64, 64, 4)
    small, large = maps[0, 2, 7, ..., 0], maps[7, 2, 7, ..., 0]
    both_floor = (small > 0) & (large > 0)
    darker = small[both_floor].astype(int) - large[both_floor]
    assert darker.max() > 60


@pytest.mark.parametrize("shape", [_Cube, _Cylinder, _Sphere, _Capsule])
def test_rays_end_on_the_surface_with_its_normal(shape):
    thing = shape(np.float32(0.9))
    rng = np.random.default_rng(0)
    origin = np.array([2.0, -3.0, 2.5], np.float32)
    targets = rng.normal((0, 0, thing.height / 2), 0.3, (2000, 3))
    rays = (targets - origin).astype(np.float32)
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    distance = thing.distance(origin, rays)
    hit = np.isfinite(distance)
    assert 0.1 < hit.mean() < 1
    points = origin + distance[hit][:, None] * rays[hit]
    normals = thing.normals(points.copy())
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-3)
    assert (np.sum(normals * rays[hit], axis=1) < 1e-3).all()
    # A little further out nothing is hit from there outwards; a little further in, something is.
    outside = thing.distance((points + 1e-2 * normals).astype(np.float32), normals)
    assert not np.isfinite(outside).any()
    assert np.isfinite(thing.distance((points + 1e-2 * normals).astype(np.float32), -normals)).all()
