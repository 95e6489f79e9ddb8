import gin
import keras
import numpy as np
import pytest

from tfdis.architectures import discriminators
from tfdis.errors import UserError


def test_depth_and_width_by_gin():
    gin.parse_config("""
        discriminator.discriminator_fn = @fc_discriminator
        fc_discriminator.num_layers = 3
        fc_discriminator.layer_size = 11
    """)
    model = discriminators.make_discriminator(5, num_classes=4)
    assert [layer.output.shape[-1] for layer in model.layers] == [5, 11, 11, 11, 4]
    hidden = np.array([[-1.0, 2.0]], np.float32)
    np.testing.assert_allclose(model.layers[1].activation(hidden), [[-0.2, 2.0]])


def test_conv_discriminator_sees_images():
    model = discriminators.conv_discriminator((64, 64, 3), num_layers=2, layer_size=8)
    channels = [layer.filters for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert channels == [32, 32, 64, 128, 256, 256]
    assert model(np.zeros((2, 64, 64, 3))).shape == (2, 2)
    with pytest.raises(UserError, match=r"conv_discriminator.*48"):
        discriminators.conv_discriminator((48, 48, 3))
