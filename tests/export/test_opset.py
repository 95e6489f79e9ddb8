import pytest

from tfdis.errors import UserError
from tfdis.export.onnx import OPSETS, export_onnx
from tfdis.export.parts import part


@pytest.mark.parametrize("opset", [-3, 0, 1, 8, 19, 99])
def test_a_version_that_cannot_be_written_is_refused(model, tmp_path, opset):
    with pytest.raises(
        UserError, match=f"export.opset is {opset}: expected a version from 9 to 18"
    ):
        export_onnx(part(model, "encoder"), tmp_path / "encoder.onnx", opset)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("opset", [OPSETS[0], OPSETS[-1]])
def test_the_oldest_and_newest_give_what_keras_gives(model, tmp_path, opset):
    for name in ("encoder", "decoder"):
        assert export_onnx(part(model, name), tmp_path / f"{name}.onnx", opset) < 1e-5
