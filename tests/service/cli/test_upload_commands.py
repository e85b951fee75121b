"""``thisplusthat upload`` against a real service."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from werkzeug.serving import make_server

from embeddings import EmbeddingsError, connect
from embeddings.models.model import Model
from service.cli.command import cli
from service.host.settings import Settings
from service.server.app import create_app

TOKEN = "0123456789abcdef"


@pytest.fixture
def url(tiny_model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("THISPLUSTHAT_HOME", str(tmp_path / "home"))
    settings = Settings(
        models=(str(tiny_model.folder),), uploads=True, admin_token=TOKEN, max_body_bytes=1024, log_requests=False
    )
    server = make_server("127.0.0.1", 0, create_app(settings), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_file_is_sent_in_parts_and_asked_as_a_model(url: str, tmp_path: Path) -> None:
    file = tmp_path / "words.txt"
    file.write_text("".join(f"word{number} {number} 1 0\n" for number in range(300)))
    done = CliRunner().invoke(cli, ["upload", str(file), "--name", "words", "--url", url, "--token", TOKEN])
    assert done.exit_code == 0, done.output
    with connect(url, "words") as model:
        assert (len(model), model.dimension) == (300, 3)
    again = CliRunner().invoke(cli, ["upload", str(file), "--name", "words", "--url", url, "--token", TOKEN])
    assert "already" in str(again.exception)


def test_what_the_service_says_is_the_error(url: str, tmp_path: Path) -> None:
    file = tmp_path / "words.txt"
    file.write_text("a 1 0\nb 1\n")
    arguments = ["upload", str(file), "--name", "words", "--url", url, "--token"]
    assert "line 2" in str(CliRunner().invoke(cli, [*arguments, TOKEN]).exception).lower()
    assert "admin_token" in str(CliRunner().invoke(cli, [*arguments, "wrong"]).exception)


def test_a_service_that_is_not_there_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    file = tmp_path / "words.txt"
    file.write_text("a 1 0\nb 1 1\n")
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    for url, said in (
        (address, f"{address} cannot be reached: Connection refused."),
        ("nowhere", "no address of a service"),
    ):
        done = CliRunner().invoke(cli, ["upload", str(file), "--name", "words", "--url", url, "--token", TOKEN])
        assert isinstance(done.exception, EmbeddingsError)
        assert said in str(done.exception)
