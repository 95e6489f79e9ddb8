import subprocess
import sys

import gin
import numpy as np
import pytest

from tfdis.errors import UserError
from tfdis.evaluation.compat import disentanglement_lib

_MIG = (
    "discretizer.discretizer_fn = @histogram_discretizer",
    "discretizer.num_bins = 20",
    "mig.num_train = 200",
)


def _mig(dlib):
    data = dlib.module("data.ground_truth.dummy_data").IdentityObservationsData()
    compute = dlib.module("evaluation.metrics.mig").compute_mig
    with dlib.configured(*_MIG):
        return compute(data, lambda x: np.array(x, float), np.random.RandomState(0))


def test_both_versions_score_in_one_process(dlib15_path):
    installed, newer = disentanglement_lib(), disentanglement_lib(dlib15_path)
    assert _mig(installed)["discrete_mig"] > 0.8
    assert _mig(installed) == _mig(newer)
    assert newer.module("evaluation.metrics.fairness")
    with pytest.raises(UserError, match=r"no module 'evaluation.metrics.fairness'"):
        installed.module("evaluation.metrics.fairness")


def test_same_object_every_time(dlib15_path):
    assert disentanglement_lib() is disentanglement_lib()
    assert disentanglement_lib(dlib15_path) is disentanglement_lib(dlib15_path)


def test_folder_without_it(tmp_path):
    with pytest.raises(UserError, match="does not hold disentanglement_lib"):
        disentanglement_lib(tmp_path)


@pytest.mark.slow
def test_leaves_the_process_as_it_was(dlib15_path):
    """In a fresh process, so that nothing was imported before."""
    script = f"""
import sys, gin, numpy, PIL.Image, tensorflow as tf
from gin import config
from tfdis.evaluation.compat import disentanglement_lib
names = set(config._REGISTRY._selector_map)
before = set(vars(gin)), set(vars(tf)), set(vars(numpy)), set(vars(PIL.Image)), sys.modules["gin"]
for dlib in (disentanglement_lib(), disentanglement_lib({str(dlib15_path)!r})):
    for name in ("evaluation.metrics.mig", "data.ground_truth.named_data", "utils.results",
                 "methods.shared.architectures", "methods.unsupervised.vae"):
        dlib.module(name)
    with dlib.configured("dataset.name = 'dummy_data'"):
        assert dlib.module("data.ground_truth.named_data").get_named_ground_truth_data().num_factors
after = set(vars(gin)), set(vars(tf)), set(vars(numpy)), set(vars(PIL.Image)), sys.modules["gin"]
assert before == after
assert set(config._REGISTRY._selector_map) == names
ours = ("disentanglement_lib", "gin.tf", "tensorflow.contrib")
assert not [name for name in sys.modules if name.startswith(ours)]
assert sys.modules.get("pkg_resources") is None or sys.modules["pkg_resources"].__file__
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_its_gin_config_is_its_own():
    dlib = disentanglement_lib()
    dlib.module("evaluation.metrics.mig")
    with dlib.configured("mig.num_train = 3"):
        assert dlib.gin.query_parameter("mig.num_train") == 3
        assert gin.config_str() == ""
    with pytest.raises(ValueError, match="no bound parameters"):
        dlib.gin.query_parameter("mig.num_train")


def test_what_numpy_and_pillow_dropped(dlib15_path):
    dlib = disentanglement_lib(dlib15_path)
    norb = dlib.module("data.ground_truth.norb")
    images = np.arange(96 * 96, dtype=np.uint8).reshape(1, 96, 96)
    assert norb._resize_images(images).shape == (1, 64, 64)
    picture = dlib.module("data.ground_truth.cars3d").PIL.Image.fromarray(images[0])
    picture.thumbnail((64, 64, 3))
    assert picture.size == (64, 64)


def test_reads_a_file_whose_header_is_read_with_int_of_an_array(dlib15_path, tmp_path):
    norb = disentanglement_lib(dlib15_path).module("data.ground_truth.norb")
    content = np.arange(4, dtype=np.int32)
    header = np.array([507333716, 1, 4, 1, 1], np.int32)
    (tmp_path / "x.mat").write_bytes(header.tobytes() + content.tobytes())
    np.testing.assert_array_equal(norb._read_binary_matrix(str(tmp_path / "x.mat")), content)


def test_absent_parts_say_so_when_called(dlib15_path):
    hub = disentanglement_lib(dlib15_path).module("utils.convolute_hub")
    with pytest.raises(UserError, match=r"tensorflow.contrib.framework.assign_from_checkpoint_fn"):
        hub.contrib_framework.assign_from_checkpoint_fn("x", {})


def test_results_are_written(dlib15_path, tmp_path):
    dlib = disentanglement_lib(dlib15_path)
    results = dlib.module("utils.results")
    results.update_result_directory(str(tmp_path / "a"), "train", {"score": np.float32(1)})
    results.update_result_directory(str(tmp_path / "b"), "next", {"x": 2}, str(tmp_path / "a"))
    assert (tmp_path / "b" / "aggregate" / "train.json").is_file()
