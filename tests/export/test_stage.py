import json

import numpy as np
import onnx
import onnxruntime
import pytest

import tfdis
from tfdis.cli import export as command
from tfdis.errors import UserError
from tfdis.export.parts import part
from tfdis.export.stage import export, export_with_gin, metadata
from tfdis.models.trained import load
from tfdis.results import read_json


def test_factors_of_data_that_are_not_at_hand_are_left_out(model_dir):
    trained = load(model_dir)
    trained.gin = {"dataset.name": "'array_file'"}  # whose path only the training bound
    exported = part(trained.model, "representation", "NHWC", False)
    assert json.loads(metadata(trained, exported)["factors"]) == {}


def test_command_writes_files_results_and_metadata(model_dir, model, images, tmp_path, capsys):
    output_dir = tmp_path / "export"
    arguments = [
        f"--model_dir={model_dir}",
        f"--output_dir={output_dir}",
        "--format=onnx,savedmodel",
    ]
    assert command.main([*arguments, "--part=representation,decoder", "--layout=NHWC"]) == 0
    assert sorted(path.name for path in output_dir.iterdir()) == [
        ".tfdis.json",
        "decoder.onnx",
        "representation.onnx",
        "results",
        "savedmodel",
    ]
    printed = capsys.readouterr().out
    assert "representation.onnx" in printed
    assert "savedmodel/decoder" in printed

    recorded = read_json(output_dir / "results" / "json" / "export_results.json")
    assert max(recorded["largest_difference"].values()) < 1e-5
    assert recorded["opset"] == 15
    assert read_json(output_dir / "results" / "json" / "train_results.json") == {"loss": 1.0}
    assert (output_dir / "results" / "gin" / "export.gin").is_file()

    path = output_dir / "representation.onnx"
    stored = {each.key: each.value for each in onnx.load(path).metadata_props}
    assert stored["tfdis_version"] == tfdis.__version__
    assert stored["image_layout"] == "NHWC"
    assert "encoder.num_latent = 3" in stored["gin"]
    factors = json.loads(stored["factors"])
    assert list(factors.values()) == [3, 6, 40, 32, 32]
    (found,) = onnxruntime.InferenceSession(path).run(None, {"images": images})
    np.testing.assert_allclose(found, model.encoder(images)[0], atol=1e-5)


def test_gin_is_the_other_door(model_dir, tmp_path):
    differences = export_with_gin(
        model_dir, tmp_path / "export", gin_bindings=["export.parts = ['decoder']"]
    )
    assert list(differences) == ["decoder.onnx"]


def test_what_is_there_is_not_replaced_unasked(model_dir, tmp_path, capsys):
    (tmp_path / "precious").touch()
    assert command.main([f"--model_dir={model_dir}", f"--output_dir={tmp_path}"]) == 2
    assert "files that tfdis did not write" in capsys.readouterr().err
    assert (tmp_path / "precious").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"formats": ["onxx"]}, "no format 'onxx': choose among onnx, torchscript"),
        ({"parts": ["brain"]}, "no part 'brain' to export: choose among encoder"),
        ({"layout": "CHWN"}, "no layout 'CHWN'"),
    ],
)
def test_a_wrong_word_leaves_nothing(model_dir, tmp_path, arguments, message):
    with pytest.raises(UserError, match=message):
        export(model_dir, tmp_path / "export", **arguments)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "written"), [("onnx", "decoder.onnx"), ("savedmodel", "savedmodel")]
)
def test_a_full_disk_leaves_nothing(model_dir, tmp_path, full_disk, name, written):
    with (
        pytest.raises(
            UserError, match=rf"^{tmp_path}/export/{written} could not be written: File too large"
        ),
        full_disk(),
    ):
        export(model_dir, tmp_path / "export", formats=[name], parts=["decoder"])
    assert not list(tmp_path.iterdir())


def test_no_model_to_export(tmp_path, capsys):
    assert command.main([f"--model_dir={tmp_path / 'nothing'}"]) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "nothing/model.keras" in message
    assert not list(tmp_path.iterdir())
