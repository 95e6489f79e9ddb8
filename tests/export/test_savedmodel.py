import numpy as np
import pytest
import tensorflow as tf

from tfdis.errors import UserError
from tfdis.export.parts import PARTS, part
from tfdis.export.savedmodel import export_savedmodel, load_savedmodel


def test_signatures_are_the_parts(tmp_path, model, images):
    path = tmp_path / "savedmodel"
    differences = export_savedmodel([part(model, name) for name in PARTS], path)
    assert set(differences) == set(PARTS)
    assert max(differences.values()) < 1e-5
    signatures = load_savedmodel(path)
    assert set(signatures) == set(PARTS)
    found = signatures["encoder"](images=tf.constant(np.moveaxis(images, 3, 1)))
    mean, log_variance = model.encoder(images)
    np.testing.assert_allclose(found["mean"], mean, atol=1e-5)
    np.testing.assert_allclose(found["log_variance"], log_variance, atol=1e-5)


def test_a_foreign_directory_gets_a_sentence(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"\x00not a protobuf")
    with pytest.raises(UserError, match="damaged or not a SavedModel"):
        load_savedmodel(tmp_path)
