"""What a stage may replace, and what stays whatever happens."""

import importlib.util
import signal
import subprocess
import sys
import textwrap

import pytest

from tfdis import manifest, results
from tfdis.errors import UserError
from tfdis.locks import is_free, locked
from tfdis.outputs import clear_partial, refuse_output, stage_output


def write(stage, output_dir, overwrite=False, inputs=(), **files):
    with stage_output(stage, output_dir, overwrite, inputs) as partial:
        for name, text in files.items():
            path = partial / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)


def content(directory):
    return {
        path.as_posix(): (directory / path).read_text()
        for path in manifest.files_in(directory)
        if path.name not in (manifest.NAME, manifest.LOCK) and (directory / path).is_file()
    }


def names(directory):
    return sorted(path.name for path in directory.iterdir())


def test_a_stage_names_what_it_wrote(tmp_path):
    write("draw", tmp_path / "out", a="1", results__b="2")
    assert manifest.read(tmp_path / "out").paths == {"a", "results/b"}
    assert manifest.is_complete(tmp_path / "out", "draw")
    assert not manifest.is_complete(tmp_path / "out", "score")
    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == [manifest.NAME, "a", "results"]


def test_overwriting_removes_only_what_the_stage_wrote(tmp_path):
    out = tmp_path / "out"
    write("draw", out, a="1", results__b="2", old__c="3")
    (out / "results" / "mine.txt").write_text("mine")
    (out / "notes").mkdir()
    (out / "notes" / "deep.txt").write_text("deep")
    (out / "empty").mkdir()
    (out / "link").symlink_to(tmp_path)
    inode = (out / "results" / "mine.txt").stat().st_ino
    write("score", out / "scores", d="4")
    write("draw", out, overwrite=True, a="5")
    mine = {"results/mine.txt": "mine", "notes/deep.txt": "deep", "scores/d": "4"}
    assert content(out) == {"a": "5", **mine}
    assert (out / "results" / "mine.txt").stat().st_ino == inode
    assert (out / "empty").is_dir()
    assert (out / "link").readlink() == tmp_path
    assert manifest.is_complete(out / "scores", "score")
    assert names(tmp_path) == ["out"]


def test_a_users_file_of_the_same_name_is_not_replaced(tmp_path):
    write("draw", tmp_path / "out", a="1")
    (tmp_path / "out" / "b").write_text("mine")
    with pytest.raises(UserError, match=r"out/b is not of tfdis.*move it away"):
        write("draw", tmp_path / "out", overwrite=True, b="2")
    assert content(tmp_path / "out") == {"a": "1", "b": "mine"}
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize(
    ("there", "sentence"),
    [
        ({"photo.jpg": "x"}, "holds files that tfdis did not write"),
        ({"results/gin/train.gin": "x"}, r"written by tfdis 0\.1 or disentanglement_lib"),
        ({manifest.NAME: "{"}, "is damaged"),
        ({manifest.NAME: "[]"}, "is damaged"),
        ({manifest.NAME: '{"stage": "score", "paths": []}'}, "what the stage 'score' wrote"),
    ],
)
def test_what_others_wrote_is_refused(tmp_path, there, sentence):
    for name, text in there.items():
        (tmp_path / "out" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "out" / name).write_text(text)
    for overwrite in (True, False):
        with pytest.raises(UserError, match=sentence):
            write("draw", tmp_path / "out", overwrite, a="1")
    assert {name: (tmp_path / "out" / name).read_text() for name in there} == there


def test_an_output_that_is_or_holds_an_input_is_refused(tmp_path):
    write("train", tmp_path / "runs" / "model", model="m")
    (tmp_path / "link").symlink_to(tmp_path / "runs")
    for output, sentence in [
        ("runs/model", "is what is read"),
        ("runs", "holds .*runs/model, which is read"),
        ("link/model", "is what is read"),
        ("link", "holds .*, which is read"),
        (".", "holds .*, which is read"),
        ("runs/model/../model", "is what is read"),
    ]:
        with pytest.raises(UserError, match=sentence):
            refuse_output("train", tmp_path / output, True, [tmp_path / "runs" / "model"])
    refuse_output("draw", tmp_path / "runs" / "model" / "pictures", False, [tmp_path / "runs"])


def test_a_failure_leaves_what_was_there(tmp_path):
    write("draw", tmp_path / "out", a="1")

    def fail():
        with stage_output("draw", tmp_path / "out", True) as partial:
            (partial / "a").write_text("2")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert content(tmp_path / "out") == {"a": "1"}
    assert names(tmp_path) == ["out"]


def test_an_output_that_is_a_link_stays_one(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk")
    write("draw", tmp_path / "out", a="1")
    write("draw", tmp_path / "out", overwrite=True, a="2")
    assert (tmp_path / "out").is_symlink()
    assert content(tmp_path / "disk") == {"a": "2"}


# Writes a stage over an earlier one, and kills itself at the Nth operation on files.
_KILLED = """
    import os, signal, sys
    from pathlib import Path
    from tfdis import outputs
    calls = 0
    def killing(function):
        def call(*arguments, **named):
            global calls
            calls += 1
            if calls == int(sys.argv[2]):
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **named)
        return call
    for owner, name in [(os, "link"), (os, "replace"), (Path, "rename"), (Path, "unlink"),
                        (Path, "rmdir"), (Path, "mkdir"), (outputs, "_exchange")]:
        setattr(owner, name, killing(getattr(owner, name)))
    if sys.argv[3] == "no exchange":
        outputs._RENAME_EXCHANGE = 1 << 20
    with outputs.stage_output("draw", sys.argv[1], overwrite=True) as partial:
        (partial / "a").write_text("2")
        (partial / "new").write_text("2")
"""


@pytest.mark.parametrize("how", ["exchange", pytest.param("no exchange", marks=pytest.mark.slow)])
def test_kill_9_at_every_operation_loses_neither_result_nor_file(tmp_path, how):
    old = {"a": "1", "old": "1", "mine": "mine", "deep/mine": "mine"}
    new = {"a": "2", "new": "2", "mine": "mine", "deep/mine": "mine"}
    killed = 0
    for call in range(1, 60):
        out = tmp_path / str(call) / "out"
        write("draw", out, a="1", old="1")
        (out / "mine").write_text("mine")
        (out / "deep").mkdir()
        (out / "deep" / "mine").write_text("mine")
        arguments = [sys.executable, "-c", textwrap.dedent(_KILLED), str(out), str(call), how]
        code = subprocess.run(arguments).returncode
        if out.exists():
            assert content(out) in (old, new)
        else:
            assert how == "no exchange"
        if code:
            write("draw", out, overwrite=True, a="3")
            killed += 1
            assert code == -signal.SIGKILL
            assert content(out) == {"a": "3", "mine": "mine", "deep/mine": "mine"}
        else:
            assert content(out) == new
        assert names(out.parent) == ["out"]
        if not code:
            break
    assert killed > 15


def test_a_lock_is_held_by_one_and_freed_by_kill_9(tmp_path):
    script = "from tfdis.locks import locked\nwith locked({!r}): print('in', flush=True); input()"
    command = [sys.executable, "-c", script.format(str(tmp_path))]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout.readline() == b"in\n"
    assert not is_free(tmp_path)
    with pytest.raises(UserError, match="Another process is writing"), locked(tmp_path):
        pass
    holder.kill()
    holder.communicate()
    with locked(tmp_path):
        assert not is_free(tmp_path)
    assert not list(tmp_path.iterdir())


def test_two_machines_whose_processes_have_one_pid_do_not_mix_what_they_write(tmp_path):
    path = tmp_path / "cache.npy"
    # The same code again, as another process has it; the pid is the same.
    spec = importlib.util.find_spec("tfdis.results")
    other = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(other)
    with results.written_aside(path) as ours:
        with other.written_aside(path) as theirs:
            theirs.write_text("all of theirs")
            ours.write_text("half")
        assert path.read_text() == "all of theirs"
        ours.write_text("all of ours")
    assert path.read_text() == "all of ours"
    assert names(tmp_path) == ["cache.npy"]


@pytest.mark.parametrize("process", ["12", "12-0a1b2c3d"])
def test_an_unfinished_file_is_known_by_its_name(tmp_path, process):
    partial = tmp_path / f".a.b.partial-{process}"
    assert results.whole(partial) == tmp_path / "a.b"
    assert results.whole(partial.with_name(f"{partial.name}.keras")) == tmp_path / "a.b"
    told = str(results.cannot_write(partial / "c", OSError(28, "No space left on device")))
    assert told == f"{tmp_path}/a.b/c could not be written: No space left on device."


def test_what_a_living_process_writes_is_not_cleared(tmp_path):
    with stage_output("draw", tmp_path / "out") as partial:
        (partial / ".a.partial-1").write_text("half")
        clear_partial(tmp_path)
        assert (partial / ".a.partial-1").exists()
        (partial / ".a.partial-1").unlink()
    assert content(tmp_path / "out") == {}
