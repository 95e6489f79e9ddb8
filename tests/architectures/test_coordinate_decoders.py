"""What the two decoders that work on coordinates have in common."""

import keras
import numpy as np
import pytest

from tfdis.architectures.hypernetwork import hypernetwork_decoder
from tfdis.architectures.spatial_broadcast import spatial_broadcast_decoder
from tfdis.errors import UserError

pytestmark = pytest.mark.parametrize("make", [hypernetwork_decoder, spatial_broadcast_decoder])


@pytest.mark.parametrize("shape", [(32, 32, 3), (64, 64, 1), (128, 64, 3)])
def test_gives_logits_of_the_images_shape(make, shape):
    decoder = make(6, shape, width=0.25)
    assert decoder(np.ones((2, 6), np.float32)).shape == (2, *shape)


def test_names_the_side_that_does_not_fit(make):
    with pytest.raises(UserError, match=rf"{make.__name__}.*multiples of 4.*42"):
        make(6, (64, 42, 1))


def test_a_reloaded_decoder_decodes_the_same(make, tmp_path):
    decoder = make(6, (32, 32, 1))
    decoder.save(tmp_path / "decoder.keras")
    codes = np.random.RandomState(0).randn(3, 6).astype(np.float32)
    again = keras.models.load_model(tmp_path / "decoder.keras")
    np.testing.assert_array_equal(decoder(codes), again(codes))
