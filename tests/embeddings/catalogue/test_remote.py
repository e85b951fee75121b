"""Models at a URL: fetched from real web servers, whole and broken, once, and never used unless whole."""

import functools
import gc
import http.server
import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from embeddings.answers import ask
from embeddings.catalogue.catalogue import has_copy, load_model, model_place, renew
from embeddings.catalogue.remote import copy_place, is_url
from embeddings.errors import ModelError
from embeddings.files import fetching_folder
from embeddings.models.model import Card
from embeddings.models.writer import ModelWriter

ASK = """
import sys
from embeddings import ask, load_model
show = lambda *stage: print(*stage, file=sys.stderr, flush=True)
print(ask(load_model(sys.argv[1], show), "one").results[0].word)
"""


@dataclass
class Web:
    """A web server over a folder: what it was asked for, and what it does to one file."""

    folder: Path
    url: str
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    """Method, file and range of each request."""
    spoil: dict[str, Callable[[bytes], bytes]] = field(default_factory=dict)
    stuck: set[str] = field(default_factory=set)
    """Files of which half is sent, and then nothing until ``release``."""
    ranges: bool = True
    status: int = 200
    release: threading.Event = field(default_factory=threading.Event)

    def gets(self, name: str) -> list[str]:
        return [asked_range for method, file, asked_range in self.asked if method == "GET" and file == name]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, web: Web, *arguments: object) -> None:
        self.web = web
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        web, name = self.web, self.path.rpartition("/")[2]
        file = web.folder / self.path.removeprefix("/models/").removeprefix("/")
        wanted = self.headers.get("Range", "")
        web.asked.append((self.command, name, wanted))
        if web.status != 200:
            self.send_error(web.status)
            return
        if not file.is_file():
            self.send_error(404)
            return
        whole = file.read_bytes()
        content, status = whole, 200
        if web.ranges and wanted:
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            content, status = whole[int(first) : int(last or len(whole)) + 1], 206
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        if web.ranges:
            self.send_header("Accept-Ranges", "bytes")
        if status == 206:
            self.send_header("Content-Range", f"bytes {first}-{int(first) + len(content) - 1}/{len(whole)}")
        self.end_headers()
        if self.command == "HEAD":
            return
        if name in web.stuck:
            self.wfile.write(content[: len(content) // 2])
            self.wfile.flush()
            web.release.wait(30)
            self.close_connection = True
            return
        content = web.spoil.get(name, bytes)(content)
        self.wfile.write(content)
        if name in web.spoil:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    """A server with a model "numbers" of 2,000 words."""
    web = Web(tmp_path / "web", "")
    write(web.folder / "numbers")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, web))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    web.url = f"http://127.0.0.1:{server.server_port}/models/numbers"
    yield web
    web.release.set()
    server.shutdown()
    thread.join()
    server.server_close()


def write(folder: Path, nearest: str = "two", rows: int = 2_000) -> None:
    """Words of which ``nearest`` is the nearest to "one"."""
    vectors = np.random.default_rng(0).normal(size=(rows, 8)).astype(np.float32)
    vectors[1] = vectors[0] + 0.01
    folder.parent.mkdir(parents=True, exist_ok=True)
    with ModelWriter(folder, vectors.shape[1], overwrite=True) as writer:
        writer.append(["one", nearest, *(f"word{n}" for n in range(rows - 2))], vectors)
        writer.finish(Card("numbers"))


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("THISPLUSTHAT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def folders(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "remote").iterdir() if path.is_dir())


def in_new_process(url: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", ASK, url],
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("ranges", [True, False])
def test_a_model_is_fetched_once_and_then_needs_no_server(web: Web, own_home: Path, ranges: bool) -> None:
    web.ranges = ranges
    assert not has_copy(web.url)
    assert ask(load_model(web.url), "one").results[0].word == "two"
    assert has_copy(web.url)
    asked = len(web.asked)
    assert load_model(web.url).name == "numbers"
    assert load_model(web.url + "/").name == "numbers", "the same place"
    assert len(web.asked) == asked
    place = copy_place(web.url, own_home / "remote")
    assert folders(own_home) == [place.name]
    for file in (web.folder / "numbers").iterdir():
        assert (place / file.name).read_bytes() == file.read_bytes()


def test_a_map_comes_along(web: Web, own_home: Path) -> None:
    (web.folder / "numbers" / "map.json").write_text("{}")
    assert (load_model(web.url).folder / "map.json").read_text() == "{}"


def test_a_newer_model_is_fetched_when_asked_for_and_in_one_step(web: Web) -> None:
    old = load_model(web.url)
    assert renew(web.url) is False
    write(web.folder / "numbers", "three")
    assert ask(load_model(web.url), "one").results[0].word == "two", "not before"
    assert renew(web.url) is True
    assert ask(load_model(web.url), "one").results[0].word == "three"
    assert ask(old, "one").results[0].word == "two", "who has it open keeps it"
    web.spoil["vectors.npy"] = lambda content: content[:-1] + b"x"
    write(web.folder / "numbers", "four")
    with pytest.raises(ModelError, match="vectors.npy is damaged there"):
        renew(web.url)
    assert ask(load_model(web.url), "one").results[0].word == "three"
    assert renew("glove-6b-50d") is False


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda content: content[:-1] + bytes([content[-1] ^ 1]), "vectors.npy is damaged there: its SHA-256"),
        (lambda content: content[: len(content) // 2], "payload is not completed|ends after"),
        (lambda _: b"", "payload is not completed|ends after|disconnected"),
    ],
    ids=["changed", "cut", "empty"],
)
@pytest.mark.parametrize("ranges", [True, False])
def test_what_is_not_whole_is_never_used_and_can_be_fetched_again(
    web: Web, own_home: Path, spoil: Callable[[bytes], bytes], said: str, ranges: bool
) -> None:
    web.ranges = ranges
    web.spoil["vectors.npy"] = spoil
    for _ in range(2):
        with pytest.raises(ModelError, match=f"^The model at {web.url} cannot be fetched: .*({said})"):
            load_model(web.url)
        assert not has_copy(web.url)
    web.spoil.clear()
    assert ask(load_model(web.url), "one").results[0].word == "two"


def test_a_file_that_is_short_or_long_on_the_server_is_told_from_a_bad_connection(web: Web) -> None:
    file = web.folder / "numbers" / "norms.npy"
    whole = file.read_bytes()
    file.write_bytes(whole[:-10])
    with pytest.raises(ModelError, match=f"norms.npy ends after {len(whole) - 10:,} of {len(whole):,} bytes"):
        load_model(web.url)
    file.write_bytes(whole + b"more")
    with pytest.raises(ModelError, match="norms.npy is damaged there"):
        load_model(web.url)
    file.unlink()
    with pytest.raises(ModelError, match="norms.npy is not there"):
        load_model(web.url)
    gc.collect()  # a file that was left open is said here, and fails the test


def test_a_fetch_that_is_killed_is_gone_on_from(web: Web, own_home: Path) -> None:
    last = max(file.name for file in (web.folder / "numbers").iterdir())
    web.stuck = {last}
    process = in_new_process(web.url)
    assert process.stderr is not None
    while last not in [name for method, name, _ in web.asked if method == "GET"]:
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not has_copy(web.url)
    [partial] = folders(own_home)
    (own_home / "remote" / partial / "model" / "vectors.npy").write_bytes(
        (web.folder / "numbers" / "vectors.npy").read_bytes()[:1000]
    )
    web.stuck.clear()
    web.release.set()
    web.asked.clear()
    assert ask(load_model(web.url), "one").results[0].word == "two"
    assert web.gets("vectors.npy")[0].startswith("bytes=1000-")
    assert web.gets("norms.npy") == [], "what was whole is not fetched again"
    assert folders(own_home) == [copy_place(web.url, own_home / "remote").name]


def test_what_is_left_of_another_version_does_no_harm(web: Web, own_home: Path) -> None:
    (own_home / "remote").mkdir(parents=True)
    partial = fetching_folder(copy_place(web.url, own_home / "remote")) / "model"
    partial.mkdir()
    for name in ("vectors.npy", "norms.npy"):
        (partial / name).write_bytes(b"of another version")
    (partial / "counts.npy").write_bytes(b"longer" * 100_000)
    (partial / "no-more").touch()
    assert ask(load_model(web.url), "one").results[0].word == "two"
    assert not (load_model(web.url).folder / "no-more").exists()


def test_several_processes_that_start_at_once_fetch_it_once(web: Web, own_home: Path) -> None:
    processes = [in_new_process(web.url) for _ in range(3)]
    outputs = [process.communicate(timeout=60) for process in processes]
    assert [stdout for stdout, _ in outputs] == ["two\n"] * 3, outputs
    assert len(web.gets("vectors.npy")) == 1
    assert len(folders(own_home)) == 1


def test_any_file_system_of_fsspec_will_do(web: Web, tmp_path: Path) -> None:
    import fsspec

    assert ask(load_model(f"file://{web.folder}/numbers"), "one").results[0].word == "two"
    memory = fsspec.filesystem("memory")
    memory.put(str(web.folder / "numbers"), "/bucket/numbers", recursive=True)
    try:
        assert ask(load_model("memory://bucket/numbers"), "one").results[0].word == "two"
    finally:
        memory.rm("/bucket", recursive=True)
    shutil.make_archive(str(tmp_path / "numbers"), "zip", web.folder)
    assert ask(load_model(f"zip://numbers::file://{tmp_path}/numbers.zip"), "one").results[0].word == "two"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("teleport://somewhere/news", "Protocol not known: teleport. Among others, there are: file, http, https, s3"),
        ("http://127.0.0.1:9/news", "Cannot connect to host 127.0.0.1:9 .* Try again when the place can be reached"),
        (
            "https://ann:secret@127.0.0.1:9/news",
            "^The model at https://127.0.0.1:9/news cannot be fetched: (?!.*secret)",
        ),
        ("http://127.0.0.1:9/news?signature=x", r"has no '\?' and no '#'"),
        ("file:///nowhere/news", r"model.json is not there. Is it the folder of a model\?"),
        ("memory://nowhere/news", "model.json is not there"),
    ],
)
def test_a_place_that_gives_no_model_says_why(url: str, said: str, own_home: Path) -> None:
    with pytest.raises(ModelError, match=said):
        load_model(url)
    assert not has_copy(url)


def test_no_model_behind_a_url_that_answers(web: Web) -> None:
    for status, said in ((403, "403, message='Forbidden'"), (500, "500, message='Internal Server Error'")):
        web.status = status
        with pytest.raises(ModelError, match=f"cannot be fetched: {said}.* Try again when"):
            load_model(web.url)
    web.status = 200
    with pytest.raises(ModelError, match="model.json is not there"):
        load_model(web.url + "/other")
    for content, said in (
        (b"<html>", "model.json is damaged"),
        (b'{"format_version": 99}', "has format version 99, and this program reads up to 1. Update it"),
    ):
        (web.folder / "numbers" / "model.json").write_bytes(content)
        with pytest.raises(ModelError, match=said):
            load_model(web.url)


@pytest.mark.parametrize("name", ["../../../escaped", "/tmp/escaped", "..", "", "a/b", "model.json", ".hidden"])
def test_a_manifest_cannot_write_elsewhere(web: Web, own_home: Path, name: str) -> None:
    file = web.folder / "numbers" / "model.json"
    content = json.loads(file.read_text())
    content["files"][name] = {"bytes": 1, "sha256": "0" * 64}
    file.write_text(json.dumps(content))
    with pytest.raises(ModelError, match="no model has a file"):
        load_model(web.url)
    assert web.gets("vectors.npy") == []


@pytest.mark.parametrize(("missing", "said"), [("fsspec", r"thisplusthat\[remote\]"), ("s3fs", "pip install s3fs")])
def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, missing: str, said: str) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ModelError, match=said):
        load_model("s3://bucket/news")


def test_a_disk_that_is_too_small_is_noticed_at_once(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    file = web.folder / "numbers" / "model.json"
    content = json.loads(file.read_text())
    content["files"]["vectors.npy"]["bytes"] = 1 << 60
    file.write_text(json.dumps(content))
    with pytest.raises(ModelError, match="needs 1,152,921,504,6.. MB more and its disk has"):
        load_model(web.url)


def test_a_copy_that_was_damaged_here_says_how_to_get_it_back(web: Web) -> None:
    folder = load_model(web.url).folder
    (folder / "norms.npy").write_bytes(b"")
    with pytest.raises(ModelError, match=r"norms.npy has 0 bytes .* Delete the folder .* fetched anew"):
        load_model(web.url)


def test_what_is_a_url_and_what_is_a_path() -> None:
    for url in ("s3://bucket/a", "http://a", "zip://a::file://b.zip", "memory://x"):
        assert is_url(url)
    for other in ("glove-6b-50d", "./s3", "/a//b", "C:/a", "a:b", "s3:/x"):
        assert not is_url(other)
    with pytest.raises(ModelError, match="Models are written to folders of this machine"):
        model_place("s3://bucket/news")
