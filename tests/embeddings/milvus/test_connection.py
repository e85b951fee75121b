"""Addresses, literals of filters, and what is tried again."""

import os
import socket
from pathlib import Path

import pytest

from embeddings import ModelError
from embeddings.milvus.connection import Address, MilvusConnection, quoted


def test_addresses() -> None:
    assert Address.parse("milvus://db:1234/words") == Address("words", "db", 1234)
    assert str(Address.parse("milvus://db/words")) == "milvus://db:19530/words"
    assert Address.parse("milvus:///var/lite/a.db/words") == Address("words", file=Path("/var/lite/a.db"))
    assert str(Address.parse("milvus:///var/lite/a.db/words")) == "milvus:///var/lite/a.db/words"


@pytest.mark.parametrize(
    "text",
    [
        "milvus://db",
        "milvus://db/",
        "milvus:///words",
        "milvus://db/other/words",
        "milvus://db/2words",
        "milvus://db/a-b",
        "milvus://db:port/words",
        "milvus://ann:secret@db/words",
        "milvus:words",
        "milvus:///folder/words",
    ],
)
def test_what_is_no_address_is_refused_with_the_form_of_one(text: str) -> None:
    with pytest.raises(ModelError, match="Write milvus://host:19530/collection"):
        Address.parse(text)


def test_literals() -> None:
    assert quoted('a"b\\c\nd') == r'"a\"b\\c\nd"'


def test_a_milvus_that_is_not_there_is_tried_again_and_then_once_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    connection = MilvusConnection(Address("words", "127.0.0.1", port))
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    for _ in range(2):
        with pytest.raises(ModelError, match=f"milvus://127.0.0.1:{port} does not answer: Connection refused"):
            connection.call("list_collections")
    assert waited == [0.0, 0.1, 0.4, 1.6, 0.0]


def test_what_milvus_refuses_is_not_tried_again(tiny_in_milvus: str) -> None:
    connection = MilvusConnection(Address.parse(tiny_in_milvus))
    with pytest.raises(ModelError, match="refuses"):
        connection.call("query", "tiny", filter="no such syntax (")
    with pytest.raises(ModelError, match="is not there"):
        connection.call("query", "nothing", filter="part >= 0")
    connection.close()
    assert connection.call("has_collection", "tiny")


def test_after_a_fork_the_child_has_a_channel_of_its_own(tiny_in_milvus: str) -> None:
    connection = MilvusConnection(Address.parse(tiny_in_milvus))
    assert connection.call("has_collection", "tiny")
    connection.close()
    child = os.fork()
    if child == 0:
        os._exit(0 if connection.call("has_collection", "tiny") else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert connection.call("has_collection", "tiny")
