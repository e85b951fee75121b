"""``--url``: the same as locally from a real service, and a clear word about one that misbehaves (on a real socket)."""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from embeddings import Answer, EmbeddingsError, Failure, Options, QueryError, UnknownWord, ask, ask_many
from embeddings.client.connection import Client, Patience
from embeddings.client.model import RemoteModel
from embeddings.models.model import Model
from service.cli.command import cli

ROOT = Path(__file__).parents[3]
QUICK = Patience(connect=20, answer=20, pauses=(0.01, 0.01), longest_pause=0.5)
IMPATIENT = Patience(connect=20, answer=0.5, pauses=())
Reply = bytes | Callable[[socket.socket], None]


def reply(status: str, body: bytes | str, kind: str = "application/json", **headers: str) -> bytes:
    content = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(content)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + content


def problem(status: str, detail: str, **headers: str) -> bytes:
    return reply(status, json.dumps({"detail": detail}), "application/problem+json", **headers)


class Scripted:
    """A server that sends one reply after the other, whatever it is asked, and keeps what it was asked."""

    def __init__(self, replies: list[Reply]) -> None:
        self.requests: list[bytes] = []
        self._replies = replies
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)

    def _serve(self) -> None:
        for each in self._replies:
            connection, _ = self._listening.accept()
            with connection:
                self.requests.append(_read_request(connection))
                if callable(each):
                    each(connection)
                else:
                    connection.sendall(each)

    def __enter__(self) -> "Scripted":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(timeout=20)
        self._listening.close()
        assert not self._thread.is_alive(), "it was asked fewer times than it has replies"


def _read_request(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    [length] = [int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")] or [0]
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def answers(*contents: object) -> bytes:
    return reply("200 OK", json.dumps({"answers": contents}))


@contextmanager
def asking(
    *replies: Reply, patience: Patience = QUICK, key: str | None = None
) -> Iterator[tuple[RemoteModel, Scripted]]:
    with Scripted(list(replies)) as server, Client(server.url, key, patience) as client:
        yield RemoteModel(client), server


def fails_with(message: str, *replies: Reply, patience: Patience = QUICK) -> None:
    with asking(*replies, patience=patience) as (model, _), pytest.raises(EmbeddingsError, match=message):
        model.ask_many(["king"], Options())


def hang_up(connection: socket.socket) -> None:
    """Close the connection without a word."""


def hang(connection: socket.socket) -> None:
    """Say nothing until the other side goes."""
    connection.recv(1)


def never_end(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    try:
        while True:
            connection.sendall(b" " * 100)
            time.sleep(0.01)  # it is the pace of this server, not a wait for anything
    except OSError:
        return


@pytest.fixture
def king(tiny_model: Model) -> Answer:
    return ask(tiny_model, "king")


def test_what_is_asked_is_in_the_request_and_what_is_answered_comes_back(king: Answer) -> None:
    error = {"type": "QueryError", "detail": "Column 6: Wrong.", "column": 6}
    with asking(answers(king.as_dict(), {"query": "king (", "error": error}), key="secret") as (model, server):
        options = Options(k=3, explain=True, all_forms=True)
        answer, failure = model.ask_many(["king", "king ("], options)
    head, body = server.requests[0].split(b"\r\n\r\n", 1)
    assert head.startswith(b"POST /api/v1/query ")
    assert b"authorization: bearer secret" in head.lower()
    assert json.loads(body) == {
        "queries": ["king", "king ("],
        "k": 3,
        "method": "3cosadd",
        "exact": False,
        "explain": True,
        "all_forms": True,
    }
    assert isinstance(answer, Answer)
    assert answer.as_dict() == king.as_dict()
    assert isinstance(failure, Failure)
    assert isinstance(failure.error, QueryError)
    assert (failure.error.column, str(failure.error)) == (6, "Column 6: Wrong.")


def test_an_unknown_word_has_its_suggestions() -> None:
    error = UnknownWord("quen", ["queen"], model="tiny")
    with asking(answers(Failure("quen", error).as_dict())) as (model, _):
        [failure] = model.ask_many(["quen"], Options())
    assert isinstance(failure, Failure)
    assert isinstance(failure.error, UnknownWord)
    assert failure.error.suggestions == ["queen"]
    assert str(failure.error) == "'quen' is not in tiny. Did you mean 'queen'?"


def test_more_than_a_thousand_queries_are_asked_a_thousand_at_a_time(king: Answer) -> None:
    content = king.as_dict()
    with asking(answers(*[content] * 1000), answers(*[content] * 5)) as (model, server):
        assert len(model.ask_many(["king"] * 1005, Options())) == 1005
    assert [len(json.loads(request.split(b"\r\n\r\n")[1])["queries"]) for request in server.requests] == [1000, 5]


def test_what_cannot_be_sent_fails_in_its_place(king: Answer) -> None:
    with asking(answers(king.as_dict())) as (model, server):
        long, answer, no_text = model.ask_many(["x" * 3000, "king", "\udcff"], Options())
    assert isinstance(long, Failure)
    assert "2,000 characters" in str(long.error)
    assert isinstance(answer, Answer)
    assert isinstance(no_text, Failure)
    assert "U+DCFF" in str(no_text.error)
    assert len(json.loads(server.requests[0].split(b"\r\n\r\n")[1])["queries"]) == 1


@pytest.mark.parametrize(
    "first",
    [
        problem("503 Service Unavailable", "Busy."),
        problem("503 Service Unavailable", "Busy.", Retry_After="0"),
        problem("429 Too Many Requests", "Too many."),
        hang_up,
    ],
)
def test_a_service_that_is_busy_or_gone_for_a_moment_is_asked_again(first: Reply, king: Answer) -> None:
    with asking(first, first, answers(king.as_dict())) as (model, server):
        [answer] = model.ask_many(["king"], Options())
    assert isinstance(answer, Answer)
    assert len(server.requests) == 3


@pytest.mark.parametrize("as_date", [False, True])
def test_retry_after_is_waited_for(king: Answer, as_date: bool) -> None:
    value = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True) if as_date else "1"
    busy = problem("503 Service Unavailable", "Busy.", Retry_After=value)
    patience = Patience(answer=20, pauses=(0.01,), longest_pause=3)
    started = time.monotonic()
    with asking(busy, answers(king.as_dict()), patience=patience) as (model, _):
        model.ask_many(["king"], Options())
    assert 0.5 < time.monotonic() - started < 8


def test_tries_have_an_end_and_the_problems_own_words_are_said() -> None:
    busy = problem("503 Service Unavailable", "All workers are busy.")
    fails_with("^All workers are busy.$", busy, busy, busy)
    fails_with("^Closed. Try again in 3600 seconds.$", problem("503 No", "Closed.", Retry_After="3600"))
    fails_with("^The API key is wrong.$", problem("401 Unauthorized", "The API key is wrong."))
    fails_with("cannot be reached", hang_up, hang_up, hang_up)


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with Client(f"http://127.0.0.1:{port}", patience=QUICK) as client, pytest.raises(EmbeddingsError) as caught:
        RemoteModel(client).ask_many(["king"], Options())
    assert str(caught.value) == f"http://127.0.0.1:{port} cannot be reached: Connection refused."


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (reply("200 OK", "<html>", "text/html"), "not answer as a ThisPlusThat service does .status 200, text/html"),
        (reply("404 Not Found", "<html>", "text/html"), "ThisPlusThat service does .status 404"),
        (reply("200 OK", "{"), "ThisPlusThat service does .JSONDecodeError"),
        (reply("200 OK", b"\xff"), "ThisPlusThat service does"),
        (reply("200 OK", "[]"), "ThisPlusThat service does"),
        (reply("200 OK", "null"), "ThisPlusThat service does"),
        (reply("200 OK", '{"hello": "world"}'), "ThisPlusThat service does .KeyError"),
        (reply("200 OK", '{"answers": []}'), "0 answers for 1 queries"),
        (reply("200 OK", '{"answers": [{"query": "king"}]}'), "ThisPlusThat service does"),
        (reply("200 OK", '{"answers": ["error"]}'), "ThisPlusThat service does"),
        (reply("200 OK", '{"answers": [7]}'), "ThisPlusThat service does"),
        (reply("500 Oh", "[]"), "status 500 without a reason"),
        (reply("200 OK", b"no gzip", Content_Encoding="gzip"), "ThisPlusThat service does"),
        (reply("302 Found", "", Location="https://example.org/"), "sends on to https://example.org/. Give the address"),
    ],
)
def test_a_server_that_is_none_of_ours_is_said_to_be_none(answer: Reply, message: str) -> None:
    fails_with(message, answer)


@pytest.mark.parametrize("answer", [hang, never_end])
def test_a_server_that_hangs_is_given_up(answer: Reply) -> None:
    fails_with("did not answer within 0.5 seconds", answer, patience=IMPATIENT)


def test_what_is_no_http_at_all() -> None:
    fails_with("cannot be reached", *[b"220 mail.example.org ESMTP\r\n"] * 3)


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://localhost", "http://", "nonsense", "http://[::1"])
def test_what_is_no_address_of_a_service_is_refused(url: str) -> None:
    with pytest.raises(EmbeddingsError, match="is no address of a service.*Try: http://localhost:8000"):
        Client(url)


def test_an_address_may_have_a_path_and_its_password_is_never_shown(king: Answer) -> None:
    with (
        Scripted([answers(king.as_dict()), reply("200 OK", "{}")]) as server,
        Client(server.url.replace("://", "://me:secret@") + "/words/", patience=QUICK) as client,
    ):
        RemoteModel(client, "tiny").ask_many(["king"], Options())
        with pytest.raises(EmbeddingsError, match="/words does not answer") as caught:
            client.names()
    assert server.requests[0].startswith(b"POST /words/api/v1/query ")
    assert b'"model":"tiny"' in server.requests[0]
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("key", ["schlüssel", "a\nb"])
def test_a_key_that_no_header_can_hold_is_refused(key: str) -> None:
    with pytest.raises(EmbeddingsError, match="API key"):
        Client("http://localhost", key)


# ---- The same from a service as from here


def printed(*arguments: str, stdin: str | None = None) -> tuple[str, str, int]:
    """What the command prints, the message of its error and its exit code."""
    result = CliRunner().invoke(cli, [*arguments], input=stdin)
    return result.stdout, str(result.exception), result.exit_code


def run(*arguments: str, stdin: bytes) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run([sys.executable, "-m", "service.cli", *arguments], cwd=ROOT, input=stdin, capture_output=True)


@pytest.mark.parametrize(
    "arguments",
    [
        ["king"],
        ["2*King - 0.5*(man + united states)", "-k", "3"],
        ["king : man :: ? : woman", "--explain"],
        ["man:king, woman:queen :: united:?", "--method", "3cosmul", "--explain"],
        ["king, queen, new york, bread", "--explain"],
        ["king <> Queen"],
        ["queen", "--all-forms", "--exact"],
        ["queen", "--restrict", "6", "-k", "2"],
        ["king ("],
        ["quen"],
        ["king - king"],
        [""],
        ["x" * 3000],
        ["\udcff"],
        ["-king + queen"],
    ],
    ids=lambda arguments: " ".join(arguments)[:40],
)
def test_the_same_is_printed_as_locally(service_url: str, tiny_model: Model, arguments: list[str]) -> None:
    here = printed("query", "--model", str(tiny_model.folder), *_quoted(arguments))
    assert printed("query", "--url", service_url, *_quoted(arguments)) == here
    as_json = printed("query", "--url", service_url, *_quoted(arguments), "--json")
    if here[2] == 0:
        assert json.loads(as_json[0]).keys() == ask(tiny_model, arguments[0]).as_dict().keys() | (
            {"explanation"} if "--explain" in arguments else set()
        )
    else:
        assert as_json == here


def _quoted(arguments: list[str]) -> list[str]:
    return [f" {text}" if text.startswith("-") and " " in text else text for text in arguments]


def test_a_pipe_is_answered_as_locally(service_url: str, tiny_model: Model) -> None:
    lines = ["king - man + woman", "king (", "quen", "", "king, queen, bread", "king <> queen", "x" * 3000] * 200
    stdin = "\n".join(lines).encode() + b"\n\xff\n"
    here = run("--model", str(tiny_model.folder), "-k", "2", stdin=stdin)
    there = run("--url", service_url, "-k", "2", stdin=stdin)
    assert there.stderr == here.stderr == b""
    assert there.returncode == here.returncode == 1
    assert there.stdout == here.stdout
    assert len(there.stdout.splitlines()) == len(lines) + 1
    as_json = run("--url", service_url, "--json", stdin=b"king\nquen\n").stdout.splitlines()
    assert [list(json.loads(line)) for line in as_json][1] == ["query", "error"]


def test_the_address_may_stand_in_the_environment(
    service_url: str, tiny_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THISPLUSTHAT_URL", service_url)
    assert "tiny" in printed("query", "king")[0]
    assert printed("query", "king", "--model", "tiny") == printed("query", "king")
    assert "There is no model 'nosuch'" in printed("query", "king", "--model", "nosuch")[1]
    assert "--key is for a service" in CliRunner().invoke(cli, ["query", "king", "--url", "", "--key", "k"]).output


def test_a_model_at_a_service_says_what_it_is_and_completes(service_url: str) -> None:
    with Client(service_url) as client:
        model = RemoteModel(client)
        assert model.title == f"tiny: 12 words × 4 at {service_url}"
        assert client.names() == ["tiny"]
        assert list(model.complete("qu", 5)) == ["queen", "Queen"]
        with pytest.raises(EmbeddingsError, match="There is no model 'nosuch' at .* There are: tiny"):
            RemoteModel(client, "nosuch").title  # noqa: B018


@pytest.fixture(scope="module")
def remote(service_url: str) -> Iterator[RemoteModel]:
    with Client(service_url) as client:
        yield RemoteModel(client)


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=40) | st.lists(st.sampled_from([*'+-*():,?<>"', "king", "Queen", " ", "7"])).map("".join))
def test_whatever_is_asked_is_answered_as_locally(remote: RemoteModel, tiny_model: Model, text: str) -> None:
    [there] = remote.ask_many([text], Options(explain=True))
    [here] = ask_many(tiny_model, [text], Options(explain=True))
    assert without_time(there) == without_time(here)


def without_time(answer: Answer | Failure) -> dict[str, object]:
    return {name: value for name, value in answer.as_dict().items() if name != "took_ms"}
