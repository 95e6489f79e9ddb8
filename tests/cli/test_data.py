import functools
import http.server
import threading

import numpy as np
import pytest
from PIL import Image

from tfdis.cli.data import main, traverse_factors
from tfdis.data import shapes3d
from tfdis.data.files import RemoteFile, Source
from tfdis.data.labelled import LabelledData
from tfdis.data.named import all_named_data
from tfdis.data.sprites import Sprites


@pytest.fixture(autouse=True)
def data_dir(tmp_path, monkeypatch):
    monkeypatch.setenv("DISENTANGLEMENT_LIB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("TFDIS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "data"


def test_list_tells_of_every_set_what_there_is(data_dir, capsys):
    scream = data_dir / "cars" / "car_1.mat"
    scream.parent.mkdir(parents=True)
    scream.write_bytes(bytes(3_000_000))
    assert main(["list"]) == 0
    told = capsys.readouterr().out
    for name in all_named_data():
        assert f"{name}\n" in told
    assert "cars3d\n  there, 3.0 MB\n  factors: elevation 4, azimuth 24, object_type 183" in told
    assert "sprites\n  needs no download\n  factors: shape 3, scale 6, orientation 40" in told
    assert f"not there: {data_dir}/mpi3d_real/mpi3d_real.npz is missing" in told
    assert "licence: CC-BY-4.0; source: https://github.com/rr-learning" in told
    assert "licence: non-commercial research only; source: http://mmlab" in told


def test_download_brings_files_to_their_place(tmp_path, data_dir, capsys, monkeypatch):
    served = tmp_path / "served"
    served.mkdir()
    (served / "3dshapes.h5").write_bytes(b"images")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=served)
    with _SilentServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/3dshapes.h5"
        file = RemoteFile("3dshapes/3dshapes.h5", url)
        monkeypatch.setattr(shapes3d.Shapes3D, "files", (file,))
        assert main(["download", "shapes3d"]) == 0
        server.shutdown()
        thread.join()
    assert (data_dir / "3dshapes" / "3dshapes.h5").read_bytes() == b"images"
    assert str(data_dir / "3dshapes" / "3dshapes.h5") in capsys.readouterr().out


def test_download_of_what_is_drawn_here(capsys):
    assert main(["download", "rooms"]) == 0
    assert "needs no download" in capsys.readouterr().out


class _SilentHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format, *arguments):
        pass


class _SilentServer(http.server.ThreadingHTTPServer):
    """`check` closes a connection after the headers; the server's thread would print that."""

    def handle_error(self, request, client_address):
        pass


def test_check_says_which_address_answers(tmp_path, capsys, monkeypatch):
    (tmp_path / "there.h5").write_bytes(b"images" * 500_000)
    handler = functools.partial(_SilentHandler, directory=tmp_path)
    with _SilentServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        base = f"http://127.0.0.1:{server.server_port}"
        file = RemoteFile("f", f"{base}/gone.h5", mirrors=(Source(f"{base}/there.h5"),))
        monkeypatch.setattr(shapes3d.Shapes3D, "files", (file,))
        assert main(["check", "shapes3d"]) == 0
        monkeypatch.setattr(shapes3d.Shapes3D, "files", (RemoteFile("f", f"{base}/gone.h5"),))
        assert main(["check", "shapes3d"]) == 2
        server.shutdown()
        thread.join()
    out, err = capsys.readouterr()
    assert f"{base}/gone.h5: does not answer (HTTP Error 404: File not found.)" in out
    assert f"{base}/there.h5: answers, 3.0 MB" in out
    assert err.splitlines()[-1] == "tfdis-data: No address gives f."
    assert main(["check", "celebA"]) == 0
    assert "a page, to be read by hand" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["show", "download", "check"])
def test_an_unknown_name_is_one_sentence(command, capsys):
    assert main([command, "sprite"]) == 2
    told = capsys.readouterr().err.splitlines()[-1]
    assert told.startswith("tfdis-data: There is no data set 'sprite'; there are: abstract_dspr")


def test_show_draws_a_png_and_a_moving_gif(tmp_path, capsys):
    assert main(["show", "sprites", "--output_dir", str(tmp_path / "shown")]) == 0
    with Image.open(tmp_path / "shown" / "sprites.png") as sheet:
        assert min(sheet.size) > 500
    with Image.open(tmp_path / "shown" / "sprites.gif") as animation:
        assert animation.n_frames > 10
    assert f"{tmp_path}/shown/sprites.gif" in capsys.readouterr().out


def test_show_of_images_without_factors(tmp_path):
    np.save(
        tmp_path / "mine.npy", np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3), np.uint8)
    )
    binding = f"array_file.path = '{tmp_path}/mine.npy'"
    shown = tmp_path / "shown"
    arguments = [
        "show",
        "array_file",
        "--gin_bindings",
        binding,
        "--output_dir",
        str(tmp_path / "shown"),
    ]
    assert main(arguments) == 0
    assert (shown / "mine.npy.png").is_file()


def test_a_traversal_moves_one_factor_alone():
    data = Sprites()
    names, images = traverse_factors(data, seed=3)
    assert names == list(data.factor_names)
    assert images.shape == (5, 10, 64, 64, 1)
    base = data.sample_factors(1, np.random.RandomState(3))[0]
    for axis, size in enumerate(data.factors_num_values):
        for place, column in ((0, 0), (size - 1, 9)):
            factors = base.copy()
            factors[axis] = place
            index = data.index_of(factors[None], None)
            np.testing.assert_array_equal(255 * images[axis, column], data.images(index)[0])


def test_where_images_do_not_cover_the_grid_one_of_each_value_is_shown():
    factors = np.array([[0, 0], [1, 2], [0, 1]])
    data = LabelledData(np.arange(3, dtype=np.uint8).repeat(4).reshape(3, 2, 2), factors)
    _, images = traverse_factors(data)
    shown = np.rint(255 * images[:, :, 0, 0, 0]).astype(int)
    assert set(shown[0, :4]) <= {0, 2}
    assert set(shown[0, 6:]) == {1}
    assert shown[1, 0] == 0
    assert shown[1, 4] == 2
    assert shown[1, 9] == 1


def test_for_a_value_that_no_image_has_the_nearest_one_is_shown():
    data = LabelledData(np.arange(3, dtype=np.uint8).repeat(4).reshape(3, 2, 2), [0, 1, 9])
    _, images = traverse_factors(data)
    shown = np.rint(255 * images[0, :, 0, 0, 0]).astype(int)
    assert shown[0] == 0
    assert set(shown[1:5]) == {1}
    assert set(shown[6:]) == {2}
