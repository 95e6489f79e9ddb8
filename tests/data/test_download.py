import gzip
import hashlib
import http.server
import io
import re
import tarfile
import threading

import numpy as np
import pytest

from tfdis.data.download import answer, fetch
from tfdis.data.files import RemoteFile, Source
from tfdis.errors import UserError

_CONTENT = np.random.default_rng(0).bytes(3_000_000)
_MD5 = hashlib.md5(_CONTENT).hexdigest()


class _Server(http.server.ThreadingHTTPServer):
    """Serves `content`; drops each of the first `drops` connections after half of what is left."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content, self.drops, self.ranges, self.asked = _CONTENT, 0, True, []
        self.url = f"http://127.0.0.1:{self.server_port}/file"


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        asked = self.headers.get("Range")
        server.asked.append(asked)
        start, _, last = asked.removeprefix("bytes=").partition("-") if asked else ("0", "", "")
        start = int(start)
        if self.path.partition("?")[0] != "/file":
            self.send_error(404)
            return
        if start >= len(server.content):
            self.send_error(416)
            return
        if not server.ranges:
            start = 0
        content = server.content[start : int(last) + 1 if last and server.ranges else None]
        self.send_response(206 if asked and server.ranges else 200)
        if last and server.ranges:
            self.send_header("Content-Range", f"bytes {start}-{last}/{len(server.content)}")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if server.drops:
            server.drops -= 1
            content = content[: len(content) // 2]
        self.wfile.write(content)

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    with _Server() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def _fetch(file):
    return fetch(file, retry_seconds=0.0)


def _nothing_half_there(data_dir):
    return [path for path in data_dir.rglob("*") if path.is_file() and path.name[0] != "."] == []


def test_a_file_arrives_and_its_sha256_is_told(server, data_dir, capsys):
    path = _fetch(RemoteFile("set/file.npz", server.url, _MD5))
    assert path == data_dir / "set" / "file.npz"
    assert path.read_bytes() == _CONTENT
    assert [p.name for p in path.parent.iterdir()] == ["file.npz"]
    out, err = capsys.readouterr()
    assert hashlib.sha256(_CONTENT).hexdigest() in out
    assert re.fullmatch(r"file.npz  3.0/3.0  .* MB/s  00:00 left\n", err)
    _fetch(RemoteFile("set/file.npz", server.url, _MD5))
    assert len(server.asked) == 1


def test_a_dropped_connection_is_taken_up_where_it_dropped(server, data_dir):
    server.drops = 3
    path = _fetch(RemoteFile("set/file.npz", server.url, _MD5))
    assert path.read_bytes() == _CONTENT
    assert server.asked[:2] == [None, "bytes=1500000-"]
    assert len(server.asked) == 4


def test_a_server_without_ranges_starts_over(server, data_dir):
    server.drops, server.ranges = 1, False
    assert _fetch(RemoteFile("file", server.url, _MD5)).read_bytes() == _CONTENT


def test_a_connection_that_keeps_dropping_is_told_and_what_arrived_is_kept(server, data_dir):
    server.drops = 5
    with pytest.raises(UserError, match=r"connection dropped after .* of 3000000 bytes"):
        _fetch(RemoteFile("set/file.npz", server.url, _MD5))
    assert _nothing_half_there(data_dir)
    assert _fetch(RemoteFile("set/file.npz", server.url, _MD5)).read_bytes() == _CONTENT
    assert server.asked[5] is not None


def test_all_arrived_before_but_was_not_verified(server, data_dir):
    file = RemoteFile("file", server.url, hashlib.md5(b"other").hexdigest())
    server.drops = 5
    with pytest.raises(UserError):
        _fetch(file)
    (arrived,) = data_dir.iterdir()
    arrived.write_bytes(_CONTENT)
    assert _fetch(RemoteFile("file", server.url, _MD5)).read_bytes() == _CONTENT
    assert server.asked[-1] == "bytes=3000000-"


@pytest.mark.parametrize("content", [_CONTENT[:-1], b"<html>moved</html>"])
def test_a_wrong_checksum_is_told_and_the_file_deleted(server, data_dir, content):
    server.content = content
    wrong = hashlib.md5(content).hexdigest()
    with pytest.raises(UserError, match=rf"its MD5 is {wrong}, expected {_MD5}"):
        _fetch(RemoteFile("file", server.url, _MD5))
    assert list(data_dir.iterdir()) == []


def test_without_a_checksum_the_content_is_looked_at(server, data_dir):
    def check(path):
        raise ValueError("it has 3 images")

    with pytest.raises(UserError, match="it has 3 images"):
        _fetch(RemoteFile("file", server.url, check=check))
    assert list(data_dir.iterdir()) == []


def test_no_network_is_told_with_the_url_and_the_place(server, data_dir):
    url = "http://127.0.0.1:9/file"
    with pytest.raises(UserError, match=rf"{url} could not be fetched.*put .* at {data_dir}/set/f"):
        _fetch(RemoteFile("set/f", url))
    with pytest.raises(UserError, match="404"):
        _fetch(RemoteFile("set/f", server.url + "s"))
    assert _nothing_half_there(data_dir)


def test_addresses_are_tried_in_turn_until_one_gives_what_is_expected(server, data_dir, capsys):
    gone, other = server.url + "s", Source(server.url, hashlib.md5(b"other").hexdigest())
    file = RemoteFile("set/f", gone, _MD5, mirrors=(other, Source(server.url, _MD5)))
    path = _fetch(file)
    assert path.read_bytes() == _CONTENT
    assert [p.name for p in path.parent.iterdir()] == ["f"]
    path.unlink()
    with pytest.raises(UserError) as error:
        _fetch(RemoteFile("set/f", gone, _MD5, mirrors=(other,)))
    assert f"{gone} could not be fetched" in str(error.value)
    assert f"{server.url} gave another file" in str(error.value)
    assert list(path.parent.iterdir()) == []


def test_what_arrived_from_one_address_is_not_continued_from_another(server, data_dir):
    server.drops = 5
    with pytest.raises(UserError):
        _fetch(RemoteFile("f", server.url, _MD5))
    asked = len(server.asked)
    mirrored = RemoteFile("f", server.url + "s", mirrors=(Source(server.url + "?mirror", _MD5),))
    assert _fetch(mirrored).read_bytes() == _CONTENT
    assert server.asked[asked:] == [None, None]


@pytest.mark.parametrize("ranges", [True, False])
def test_an_address_is_asked_for_one_byte(server, ranges):
    server.ranges = ranges
    assert answer(server.url) == len(_CONTENT)
    assert server.asked == ["bytes=0-0"]


@pytest.mark.parametrize(("end", "told"), [("s", "HTTP Error 404: Not Found"), (None, "refused")])
def test_an_address_that_does_not_answer_says_why(server, end, told):
    with pytest.raises(UserError, match=told):
        answer("http://127.0.0.1:9/" if end is None else server.url + end)


def test_a_file_to_be_got_by_hand_is_told(data_dir):
    with pytest.raises(UserError, match=r"get it from http://page and put it at .*set/f"):
        _fetch(RemoteFile("set/f", "http://page", by_hand=True))


def test_gzip_is_unpacked(server, data_dir):
    server.content = gzip.compress(b"matrix" * 1000)
    path = _fetch(RemoteFile("set/a.mat", server.url, unpack="gz"))
    assert path.read_bytes() == b"matrix" * 1000
    assert len(list(path.parent.iterdir())) == 1


def test_a_tar_archive_is_unpacked_to_its_folder(server, data_dir):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name in ("data/cars/car_1.mat", "data/other/x.mat", "data/cars/../../../evil"):
            info = tarfile.TarInfo(name)
            info.size = 3
            archive.addfile(info, io.BytesIO(b"abc"))
    server.content = buffer.getvalue()
    path = _fetch(RemoteFile("cars", server.url, unpack="tar:data/cars"))
    assert [p.name for p in path.iterdir()] == ["car_1.mat"]
    assert [p.name for p in data_dir.iterdir()] == ["cars"]


@pytest.mark.parametrize("unpack", ["gz", "tar:data/cars"])
def test_a_truncated_archive_is_told_and_deleted(server, data_dir, unpack):
    server.content = gzip.compress(_CONTENT)[:-1000]
    with pytest.raises(UserError, match=r"is not a complete .* deleted"):
        _fetch(RemoteFile("there", server.url, unpack=unpack))
    assert list(data_dir.iterdir()) == []


def test_a_place_that_cannot_be_written_is_told(server, data_dir):
    (data_dir / "set").write_text("a file")
    with pytest.raises(UserError, match="could not be written"):
        _fetch(RemoteFile("set/file.npz", server.url, _MD5))
