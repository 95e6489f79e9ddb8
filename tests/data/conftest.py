"""Small data sets in the original formats, and disentanglement_lib's classes that read them."""

import numpy as np
import pytest

from tfdis.evaluation.compat import disentanglement_lib

SPRITE_SIZES = [3, 2, 2, 3, 4]


@pytest.fixture
def data_dir(tmp_path, monkeypatch):
    monkeypatch.setenv("DISENTANGLEMENT_LIB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("TFDIS_CACHE", str(tmp_path / "cache"))
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.fixture
def dlib_data(dlib15_path):
    """The modules of disentanglement_lib 1.5's data sets, by name."""
    library = disentanglement_lib(dlib15_path)
    return lambda name: library.module(f"data.ground_truth.{name}")


@pytest.fixture
def dsprites_file(data_dir, monkeypatch):
    """A small dSprites archive, pickled metadata included; our classes take its sizes."""
    from tfdis.data import abstract_dsprites, dsprites

    size = int(np.prod(SPRITE_SIZES))
    images = np.random.default_rng(0).integers(0, 2, (size, 64, 64), np.uint8)
    metadata = np.array({"latents_sizes": np.array([1, *SPRITE_SIZES])}, dtype=object)
    path = data_dir / "dsprites" / "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz"
    path.parent.mkdir()
    np.savez_compressed(path, metadata=metadata, imgs=images)

    monkeypatch.setattr(dsprites.DSprites, "sprite_grid", SPRITE_SIZES)
    monkeypatch.setattr(dsprites.DSprites, "grid", SPRITE_SIZES)
    monkeypatch.setattr(dsprites.DSprites, "factors_num_values", SPRITE_SIZES)
    monkeypatch.setattr(dsprites.DSpritesNoShape, "factors_num_values", SPRITE_SIZES[1:])
    abstract = abstract_dsprites.AbstractDSprites
    monkeypatch.setattr(abstract, "grid", [5, 6, *SPRITE_SIZES])
    monkeypatch.setattr(abstract, "factors_num_values", [5, 6, 3, 2, 3, 4])
    return path


@pytest.fixture
def same_draws():
    """Holds factors and observations of two data sets equal, draw after draw."""

    def check(ours, theirs, num=32, clip=False):
        our_state, their_state = np.random.RandomState(7), np.random.RandomState(7)
        assert ours.num_factors == theirs.num_factors
        assert list(ours.observation_shape) == list(theirs.observation_shape)
        for _ in range(3):
            factors = ours.sample_factors(num, our_state)
            np.testing.assert_array_equal(factors, theirs.sample_factors(num, their_state))
            observed = ours.sample_observations_from_factors(factors, our_state)
            expected = theirs.sample_observations_from_factors(factors, their_state)
            if clip:
                expected = np.clip(expected, 0, 1)
            assert observed.dtype == np.float32
            np.testing.assert_allclose(observed, expected, rtol=0, atol=1e-7)
        assert our_state.randint(1 << 30) == their_state.randint(1 << 30)

    return check
