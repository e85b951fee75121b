"""A request as WSGI has it, and what the application answers."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from service.server.connections import Request
from service.server.wsgi import answer_by, environ_of


def test_the_environment_has_path_query_and_headers_as_pep_3333_says() -> None:
    headers = [
        (b"host", b"x"),
        (b"accept", b"a"),
        (b"accept", b"b"),
        (b"content-type", b"text/plain"),
        (b"content-length", b"2"),
        (b"x_spoofed", b"no"),
    ]
    environ = environ_of(Request("1.2.3.4", "POST", b"/a%C3%A9%2Fb?q=%20+", headers=headers, body=b"hi"), "h", 80)
    assert environ["PATH_INFO"] == "/aé/b".encode().decode("latin-1")
    assert (environ["QUERY_STRING"], environ["REMOTE_ADDR"]) == ("q=%20+", "1.2.3.4")
    assert (environ["HTTP_ACCEPT"], environ["CONTENT_TYPE"], environ["CONTENT_LENGTH"]) == ("a,b", "text/plain", "2")
    assert environ["wsgi.input"].read() == b"hi"
    assert not any("SPOOFED" in name for name in environ)


@pytest.mark.parametrize(("target", "path"), [(b"http://x/a?b", "/a"), (b"*", "/"), (b"http://x", "/")])
def test_a_target_that_is_no_path_has_one(target: bytes, path: str) -> None:
    assert environ_of(Request("", "GET", target), "h", 80)["PATH_INFO"] == path


def test_an_answer_is_gathered_and_closed() -> None:
    closed = []

    class Body(list[bytes]):
        def close(self) -> None:
            closed.append(True)

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("418 I'm a teapot", [("A", "b"), ("Content-Length", "4"), ("Connection", "keep-alive")])
        return Body([b"te", b"ap"])

    reply = answer_by(application, Request("", "GET", b"/"), "h", 80)
    assert (reply.status, reply.headers, reply.body, reply.length) == (418, b"A: b\r\n", b"teap", None)
    assert answer_by(application, Request("", "HEAD", b"/"), "h", 80).length == 4
    assert closed == [True, True]
