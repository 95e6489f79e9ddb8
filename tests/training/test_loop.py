"""When the loop is compiled with XLA; what it trains is tested in test_train.py."""

import pytest
import tensorflow as tf

from tfdis.data.feeding import DeviceFeed, SlabFeed
from tfdis.data.rooms import Rooms
from tfdis.training.loop import Trainer


class FakeModel:
    batches_per_step = 1
    value_names = ("loss",)


def trainer(feed, **arguments):
    return Trainer(FakeModel(), feed, 4, seed=0, **arguments)


@pytest.fixture
def device_feed():
    feed = Rooms().feed()
    assert isinstance(feed, DeviceFeed)
    return feed


@pytest.fixture
def slab_feed(device_feed):
    return SlabFeed(device_feed.draw, Rooms().images)


@pytest.fixture
def gpu(monkeypatch):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: [kind or "CPU"])


def test_without_a_gpu_it_is_not(device_feed):
    assert not trainer(device_feed).jit_compile


def test_on_a_gpu_it_is_unless_there_are_slabs(gpu, device_feed, slab_feed):
    assert trainer(device_feed).jit_compile
    assert not trainer(slab_feed).jit_compile


def test_what_is_asked_for_goes_first(gpu, device_feed, slab_feed):
    assert not trainer(device_feed, jit_compile=False).jit_compile
    assert trainer(slab_feed, jit_compile=True).jit_compile
