"""A directory that a stranger sends: reading it runs nothing of theirs.

Each attack would leave a file of the name `ran`; none may be there afterwards.
"""

import json
import os
import shutil
import zipfile
from pathlib import Path

import gin
import keras
import numpy as np
import pytest
import tensorflow as tf
from attack import Attack

from tfdis import own_modules
from tfdis.errors import UserError
from tfdis.models.trained import load
from tfdis.operations import refuse_operations
from tfdis.read_back import refuse_code
from tfdis.results import write_text
from tfdis.study.states import States
from tfdis.study.study import Study, save_study

_MODULE = "import pathlib\npathlib.Path({marker!r}).write_text('')\ndef touch(*_, **__): pass\n"

_CONFIGS = {
    "import": ("import stranger\n", "imports stranger, and what a directory asks for is not run"),
    "from": ("from stranger import touch\n", "imports stranger"),
    "import at the end": ("vae.beta = 1.0\n\nimport stranger as numpy\n", "imports stranger"),
    "in sys.modules already": ("import os\n", "imports os"),
    "dynamic registration": (
        "from __gin__ import dynamic_registration\nimport subprocess\n"
        "subprocess.check_call.args = ['touch', {marker!r}]\n",
        "imports __gin__.dynamic_registration",
    ),
    "include": ("include {here!r}'/hidden.gin'\n", r"is not a gin config|includes"),
    "include of a file beside": ('include "hidden.gin"\n', "includes hidden.gin"),
    "a name of another library": ("os.system.command = 'touch {marker}'\n", "names os.system"),
    "a reference to another": ("vae.beta = @os.system()\n", "names os.system"),
    "a reference in a list": ("vae.beta = [(1, @x/subprocess.run)]\n", "names subprocess.run"),
    "a macro of a reference": (
        "evil = @builtins.exec()\nvae.beta = %evil\n",
        "names builtins.exec",
    ),
    "a block": ("os.system:\n  command = 'touch {marker}'\n", "names os.system"),
    "not gin": ("\x00\x01", "is not a gin config|imports|could not"),
    "deep": ("vae.beta = " + "[" * 5000 + "]" * 5000, "is not a gin config"),
    "unfinished": ("vae.beta = (", "is not a gin config"),
}


@pytest.fixture
def stranger(world, tmp_path, monkeypatch):
    """A copy of the model, beside a module `stranger` that leaves the mark."""
    marker = tmp_path / "ran"
    (tmp_path / "stranger.py").write_text(_MODULE.format(marker=str(marker)))
    (tmp_path / "hidden.gin").write_text("import stranger\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    shutil.copytree(world / "models" / "model", tmp_path / "model")
    yield tmp_path
    assert not marker.exists()


@pytest.mark.parametrize(("text", "sentence"), _CONFIGS.values(), ids=_CONFIGS)
def test_a_config_that_is_read_back_is_bindings_alone(stranger, text, sentence, capfd):
    config = stranger / "model" / "results" / "gin" / "train.gin"
    text = text.replace("{here!r}", f"'{stranger}").replace("{marker}", f"{stranger}/ran")
    config.write_text(text.replace("{marker!r}", repr(f"{stranger}/ran")))
    attack = Attack("visualize", "--model_dir={model} --output_dir={here}/out", "")
    assert attack.main(model=stranger / "model", here=stranger) == 2
    answer = capfd.readouterr().err
    assert answer.startswith("tfdis-visualize: ")
    with pytest.raises(UserError, match=sentence):
        refuse_code(config)
    assert not (stranger / "out").exists()


def test_what_the_users_own_gin_file_imports_may_be_named(stranger):
    config = stranger / "model" / "results" / "gin" / "train.gin"
    (stranger / "mine.py").write_text("import gin\n@gin.configurable\ndef mine(x): return x\n")
    (stranger / "mine.gin").write_text("import mine\n")
    config.write_text("import mine\n" + config.read_text() + "\nmine.x = 3\nvae.beta = @mine()\n")
    with pytest.raises(UserError, match="imports mine"):
        refuse_code(config)
    refuse_code(config, [stranger / "mine.gin"])
    with pytest.raises(UserError, match="imports mine"):
        refuse_code(config)
    assert not gin.config_str().strip()
    own_modules.import_modules(["mine"], stranger)
    refuse_code(config)
    own_modules.imported.clear()


def test_select_reads_a_strangers_study(stranger, capfd):
    """Neither the study's copies of gin files nor those of its models are run."""
    (stranger / "evil.gin").write_text("import stranger\n")
    settings = [{"model.random_seed": seed} for seed in (0, 1)]
    save_study(Study("s", settings, model_configs=(stranger / "evil.gin",)), stranger / "study")
    states = States(stranger / "study")
    for num in (0, 1):
        shutil.copytree(stranger / "model", stranger / "study" / str(num) / "model")
        states.claim_next([num]).done()
    attack = Attack("sweep select", "{here}/study", "")
    assert attack.main(here=stranger) == 0
    for num in (0, 1):
        gin_file = stranger / "study" / str(num) / "model/results/gin/train.gin"
        gin_file.write_text("import stranger\n" + gin_file.read_text())
    capfd.readouterr()
    assert attack.main(here=stranger) == 2
    assert "imports stranger" in capfd.readouterr().err


def _with_layer(model_dir: Path, layer: dict) -> None:
    """Puts a layer into a model's file in place of the encoder."""
    with zipfile.ZipFile(model_dir / "model.keras") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(parts["config.json"])
    config["config"] = dict.fromkeys(config["config"], layer)
    parts["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(model_dir / "model.keras", "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def _keras_layers(stranger: Path) -> dict[str, dict]:
    marker = str(stranger / "ran")
    # Within a whole model, since a layer alone fails on its structure before it is called; and its
    # function imports what it needs, since it has no globals when it is read.
    evil = keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Lambda(lambda x: (__import__("pathlib").Path(marker).touch(), x)[1]),
        ]
    )
    module = tf.Module()
    module.call = tf.function(
        lambda x: (tf.io.write_file(marker, "") and None, x)[1],
        input_signature=[tf.TensorSpec([None, 2])],
    )
    tf.saved_model.save(module, str(stranger / "saved"), signatures={"serve": module.call})
    about = {"registered_name": None, "build_config": None}
    return {
        "lambda": keras.saving.serialize_keras_object(evil),
        "savedmodel": {
            "module": "keras.layers",
            "class_name": "TFSMLayer",
            "config": {"filepath": str(stranger / "saved"), "call_endpoint": "serve"},
            **about,
        },
        "a class of another module": {
            "module": "subprocess",
            "class_name": "Popen",
            "config": {"args": ["touch", marker]},
            **about,
        },
        "a function": {
            "module": "os",
            "class_name": "function",
            "config": "system",
            "registered_name": "system",
        },
        "a module of mine": {
            "module": "stranger",
            "class_name": "touch",
            "config": {},
            **about,
        },
        "a download": {
            "module": "keras.utils",
            "class_name": "get_file",
            "config": {"fname": "ran", "origin": f"file://{stranger}/hidden.gin"},
            **about,
        },
        "pickle": {
            "module": "keras.layers",
            "class_name": "TorchModuleWrapper",
            "config": {"module": "gASVHQAAAAAAAACMBXBvc2l4lIwGc3lzdGVtlJOUjAVmYWxzZZSFlFKULg=="},
            **about,
        },
    }


@pytest.mark.parametrize(
    "kind",
    ["lambda", "savedmodel", "a class of another module", "a function", "a module of mine",
     "a download", "pickle"],
)  # fmt: skip
def test_a_keras_file_runs_nothing(stranger, kind):
    _with_layer(stranger / "model", _keras_layers(stranger)[kind])
    (stranger / "ran").unlink(missing_ok=True)
    with pytest.raises(
        UserError,
        match=r"model\.keras (is damaged or not a model|needs the \w+ \w+ of the mod)",
    ):
        load(stranger / "model")


def _operations(marker: str) -> dict[str, tuple[str, object]]:
    def write(x):
        tf.io.write_file(marker, "")
        return x

    def read(x):
        return x + tf.cast(tf.strings.length(tf.io.read_file("/etc/passwd")), tf.float32)

    def python(x):
        return tf.ensure_shape(tf.numpy_function(lambda y: y, [x], tf.float32), [None, 64, 64, 1])

    def save(x):
        tf.raw_ops.SaveV2(
            prefix=marker, tensor_names=["x"], shape_and_slices=[""], tensors=[tf.reshape(x, [-1])]
        )
        return x

    def restore(x):
        (y,) = tf.raw_ops.RestoreV2(
            prefix=marker, tensor_names=["x"], shape_and_slices=[""], dtypes=[tf.float32]
        )
        return x + tf.reduce_sum(y)

    def dataset(x):
        for line in tf.data.TextLineDataset("/etc/passwd"):
            x += tf.cast(tf.strings.length(line), tf.float32)
        return x

    def list_files(x):
        return x + tf.cast(tf.size(tf.io.matching_files("/*")), tf.float32)

    def printing(x):
        tf.print("x", output_stream=f"file://{marker}")
        return x

    def in_a_branch(x):
        return tf.cond(tf.reduce_sum(x) > 1e9, lambda: write(x), lambda: x)

    def in_a_loop(x):
        return tf.while_loop(lambda y: tf.reduce_sum(y) < -1e9, lambda y: [write(y)], [x])[0]

    def debug(x):
        return tf.raw_ops.DebugIdentity(input=x, debug_urls=[f"file://{marker}"])

    return {
        "WriteFile": write,
        "ReadFile": read,
        "PyFunc|EagerPyFunc": python,
        "SaveV2": save,
        "RestoreV2": restore,
        "TextLineDataset|ReduceDataset|\\w*Dataset": dataset,
        "MatchingFiles": list_files,
        "PrintV2": printing,
        "WriteFile(?#if)": in_a_branch,
        "WriteFile(?#while)": in_a_loop,
        "DebugIdentity": debug,
    }


def _write_saved_model(path: Path, operation) -> None:
    module = tf.Module()
    module.matrix = tf.Variable(np.ones([64 * 64, 2], np.float32))

    @tf.function(input_signature=[tf.TensorSpec([None, 64, 64, 1], tf.float32, name="images")])
    def gaussian_encoder(images):
        mean = tf.reshape(operation(images), [-1, 64 * 64]) @ module.matrix
        return {"mean": mean, "logvar": mean}

    tf.saved_model.save(module, str(path), signatures={"gaussian_encoder": gaussian_encoder})


@pytest.mark.parametrize("name", _operations(""))
@pytest.mark.parametrize("command", ["postprocess", "evaluate"])
def test_a_saved_model_with_operations_on_files_is_not_loaded(stranger, name, command, capfd):
    shutil.rmtree(stranger / "model" / "tfhub")
    _write_saved_model(stranger / "model" / "tfhub", _operations(str(stranger / "ran"))[name])
    options = "--gin_file=metrics/mig.gin" if command == "evaluate" else ""
    attack = Attack(command, f"--model_dir={{model}} --output_dir={{here}}/out {options}", "")
    assert attack.main(model=stranger / "model", here=stranger) == 2
    answer = capfd.readouterr().err
    assert f"tfdis-{command}: " in answer
    with pytest.raises(UserError, match=rf"holds the operation ({name}), which does more"):
        refuse_operations(stranger / "model" / "tfhub")
    assert not (stranger / "out").exists()


def test_what_runs_while_it_is_loaded_is_looked_at(stranger):
    """A resource whose initializer writes a file: TensorFlow calls it in `load`."""
    marker = str(stranger / "ran")
    module = tf.Module()
    table = tf.lookup.StaticHashTable(
        tf.lookup.TextFileInitializer(
            str(stranger / "hidden.gin"), tf.string, tf.lookup.TextFileIndex.WHOLE_LINE,
            tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER,
        ), -1,
    )  # fmt: skip
    module.table = table
    module.call = tf.function(
        lambda x: table.lookup(x), input_signature=[tf.TensorSpec([], tf.string)]
    )
    tf.saved_model.save(module, str(stranger / "saved"), signatures={"serve": module.call})
    with pytest.raises(UserError, match="holds the operation"):
        refuse_operations(stranger / "saved")
    del marker


def test_a_tf1_graph_that_writes_when_it_is_loaded(stranger):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        images = v1.placeholder(tf.float32, [None, 2])
        matrix = v1.get_variable(
            "matrix", initializer=np.ones([2, 2], np.float32), use_resource=False
        )
        session.run(v1.global_variables_initializer())
        writes = tf.io.write_file(str(stranger / "ran"), "")
        signature = v1.saved_model.predict_signature_def(
            {"images": images}, {"default": images @ matrix}
        )
        builder = v1.saved_model.Builder(str(stranger / "saved"))
        builder.add_meta_graph_and_variables(
            session, tags=[], signature_def_map={"representation": signature}, main_op=writes
        )
        builder.save()
    with pytest.raises(UserError, match="holds the operation WriteFile"):
        refuse_operations(stranger / "saved")


@pytest.mark.parametrize("content", [b"", b"\x00" * 50, os.urandom(1000)])
def test_a_damaged_saved_model_is_said(stranger, content, capfd):
    (stranger / "model" / "tfhub" / "saved_model.pb").write_bytes(content)
    attack = Attack("postprocess", "--model_dir={model} --output_dir={here}/out", "")
    assert attack.main(model=stranger / "model", here=stranger) == 2
    assert "damaged or not a SavedModel" in capfd.readouterr().err


def test_models_of_ours_are_loaded(world, tmp_path):
    refuse_operations(world / "models" / "model" / "tfhub")
    write_text(tmp_path / "train.gin", (world / "models/model/results/gin/train.gin").read_text())
    refuse_code(tmp_path / "train.gin")
