"""``thisplusthat upload`` against a real service."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from werkzeug.serving import make_server

from embeddings import connect
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
