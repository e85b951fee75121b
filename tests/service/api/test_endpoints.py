"""The JSON API against the tiny model, by Flask's client: answers, errors, caching, and what is refused."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from embeddings import Answer, Failure, Method, Options, ask
from embeddings.models.model import Model
from embeddings.query.parser import literal
from service.api.endpoints import card
from service.host.settings import Settings
from service.server.app import create_app


@pytest.fixture(scope="module")
def client(tiny_model: Model) -> Iterator[FlaskClient]:
    yield create_app(Settings(models=(str(tiny_model.folder),), log_requests=False)).test_client()


def get(client: FlaskClient, path: str, **parameters: Any) -> Any:
    return client.get(f"/api/v1/{path}", query_string=parameters)


def test_a_query_gives_what_the_library_gives(client: FlaskClient, tiny_model: Model) -> None:
    for text in ("king - man + woman", "king, queen, bread", "king <> queen", "man : king :: woman : ?"):
        expected = json.loads(json.dumps(ask(tiny_model, text, Options(k=2, explain=True)).as_dict()))
        [posted] = client.post("/api/v1/query", json={"q": text, "k": 2, "explain": True}).get_json()["answers"]
        got = get(client, "query", q=text, k=2, explain="true")
        assert posted.pop("took_ms") >= 0
        expected.pop("took_ms")
        assert got.get_json() == posted == expected
        assert got.headers["Server-Timing"].startswith("answer;dur=")


def test_a_batch_has_each_answer_and_each_failure_in_its_place(client: FlaskClient) -> None:
    queries = ["king", "king (", "nowhere", "king", "king <> queen"]
    answers = client.post("/api/v1/query", json={"queries": queries, "k": 1}).get_json()["answers"]
    assert [answer["query"] for answer in answers] == queries
    assert [answer.get("error", {}).get("type") for answer in answers] == [
        None,
        "QueryError",
        "UnknownWord",
        None,
        None,
    ]
    assert answers[1]["error"]["column"] == 6
    assert isinstance(Answer.from_dict(answers[0]), Answer)
    assert isinstance(Failure.from_dict(answers[2]), Failure)
    assert client.post("/api/v1/query", json={"queries": []}).get_json() == {"answers": []}
    assert client.post("/api/v1/query", json={"queries": ["a"] * 1001}).status_code == 422


def test_a_query_of_a_batch_can_have_options_of_its_own(client: FlaskClient, tiny_model: Model) -> None:
    queries = ["queen", {"q": "queen", "k": 2}, {"q": "man : king :: woman : ?", "method": "3cosmul", "explain": True}]
    queries += [{"q": "queen", "restrict": None, "all_forms": True}, {"q": "king", "model": "nowhere"}, "queen"]
    queries += [{"q": "king", "k": 500, "explain": True}]
    body = {"queries": queries, "k": 1, "restrict": 6}
    answers = client.post("/api/v1/query", json=body).get_json()["answers"]
    expected = [Options(1, restrict=6), Options(2, restrict=6)]
    expected += [Options(1, Method.MULTIPLY, explain=True, restrict=6), Options(1, all_forms=True)]
    for answer, options in zip(answers, expected, strict=False):
        own = json.loads(json.dumps(ask(tiny_model, answer["query"], options).as_dict()))
        assert answer | {"took_ms": 0} == own | {"took_ms": 0}
    assert answers[4]["error"]["type"] == "UnknownModel"
    assert "tiny" in answers[4]["error"]["detail"]
    assert answers[5] | {"took_ms": 0} == answers[0] | {"took_ms": 0}
    assert "100 results" in answers[6]["error"]["detail"]


@pytest.mark.parametrize("query", [{}, {"q": 1}, {"q": "king", "k": 0}, {"q": "king", "l": 1}, 1, None, ["king"]])
def test_a_query_of_a_batch_that_cannot_be_one_is_refused(client: FlaskClient, query: object) -> None:
    answer = client.post("/api/v1/query", json={"queries": ["king", query]})
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["name"].startswith("queries.1")


def test_one_query_that_fails_has_the_form_of_many(client: FlaskClient) -> None:
    answer = client.post("/api/v1/query", json={"q": "king ("})
    assert answer.status_code == 200
    [failure] = answer.get_json()["answers"]
    assert (failure["query"], failure["error"]["column"]) == ("king (", 6)


def test_pages_of_neighbours_and_of_words_hold_all_of_them_once(client: FlaskClient, tiny_model: Model) -> None:
    everything = get(client, "neighbours", word="king", k=20).get_json()
    assert (everything["offset"], everything["next_offset"]) == (0, None)
    found, offset = [], 0
    while offset is not None:
        page = get(client, "neighbours", word="king", k=3, offset=offset).get_json()
        assert page["offset"] == offset
        assert len(page["results"]) <= 3
        found += page["results"]
        offset = page["next_offset"]
    assert found == everything["results"]
    words, offset = [], 0
    while offset is not None:
        page = get(client, "vocabulary", limit=5, offset=offset).get_json()
        words += [entry["word"] for entry in page["words"]]
        offset = page["next_offset"]
    assert words == list(tiny_model.vocabulary)
    assert get(client, "vocabulary", prefix="q", limit=1, offset=1).get_json()["words"] == [
        {"word": "Queen", "rank": 6}
    ]
    assert get(client, "vocabulary", offset=2**31 - 1).get_json() | {"model": ""} == {
        "prefix": "",
        "model": "",
        "words": [],
        "offset": 2**31 - 1,
        "next_offset": None,
    }


@pytest.mark.parametrize(
    "parameters", [{"offset": 991}, {"offset": -1}, {"offset": 1, "explain": True}, {"offset": "a"}]
)
def test_pages_that_there_are_not_are_refused(client: FlaskClient, parameters: dict[str, object]) -> None:
    answer = get(client, "neighbours", word="king", **parameters)
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["name"] in parameters


def test_the_odd_one_out_can_be_asked_for_in_an_address(client: FlaskClient) -> None:
    words = [("word", word) for word in ("king", "queen", "bread, or cake"[:5])]
    answer = client.get("/api/v1/odd-one-out", query_string=words)
    posted = client.post("/api/v1/odd-one-out", json={"words": ["king", "queen", "bread"]}).get_json()
    assert posted.pop("took_ms") >= 0
    assert answer.get_json() == posted
    assert (
        client.get(
            "/api/v1/odd-one-out", headers={"If-None-Match": answer.headers["ETag"]}, query_string=words
        ).status_code
        == 304
    )
    assert client.get("/api/v1/odd-one-out?word=king&word=queen").status_code == 422


def test_the_part_that_is_left_out_of_an_analogy_is_found(client: FlaskClient) -> None:
    places = {"a": "man", "b": "king", "c": "woman", "d": "queen"}
    for missing in places:
        given = {name: word for name, word in places.items() if name != missing}
        answer = get(client, "analogy", k=1, **given).get_json()
        assert answer["kind"] == "analogy"
        assert answer["read_as"].count("?") == 1
    assert get(client, "analogy", a="man", b="king", c="woman", k=1).get_json()["results"][0]["word"] == "queen"
    assert get(client, "analogy", **places).status_code == 422
    assert get(client, "analogy", a="man", b="king").status_code == 422


def test_parts_are_taken_literally(client: FlaskClient) -> None:
    for text in ("king - man", "a : b :: c", 'say "x"', "back\\slash", "king, queen, bread", "2*king"):
        answer = get(client, "neighbours", word=text)
        assert answer.status_code == 404 or answer.get_json()["kind"] == "neighbours", text
        assert literal(text).startswith('"')
    assert get(client, "neighbours", word=" ").status_code == 400
    assert get(client, "similarity", a="king", b="queen").get_json()["score"] == pytest.approx(0.5)
    odd = client.post("/api/v1/odd-one-out", json={"words": ["king", "queen", "bread"]}).get_json()
    assert odd["results"][0]["word"] == "bread"
    assert client.post("/api/v1/odd-one-out", json={"words": ["king", "queen"]}).status_code == 422


def test_completion_is_in_the_order_of_frequency(client: FlaskClient) -> None:
    assert [entry["word"] for entry in get(client, "vocabulary", prefix="New Y").get_json()["words"]] == ["new_york"]
    body = get(client, "vocabulary", prefix="QUE").get_json()
    assert body["words"] == [{"word": "queen", "rank": 5}, {"word": "Queen", "rank": 6}]
    assert len(get(client, "vocabulary", limit=3).get_json()["words"]) == 3


def test_a_word_says_what_is_known_of_it(client: FlaskClient) -> None:
    word = get(client, "words/king", k=1).get_json()
    assert (word["rank"], word["resolved"], word["known"]) == (2, "exact", True)
    assert word["neighbours"][0]["word"] == "throne"
    assert get(client, "words/new%20york").get_json()["resolved"] == "phrase"
    unknown = get(client, "words/kingg").get_json()
    assert unknown["known"] is False
    assert unknown["suggestions"] == ["king"]
    for path in ("/", "a/b", "//", "..%2f..", "%00", "\u202e", "x" * 2000):
        answer = client.get(f"/api/v1/words/{path}")
        assert answer.status_code == 200, path
        assert answer.get_json()["known"] is False


def test_cards_of_models_name_no_folders(client: FlaskClient, tiny_model: Model) -> None:
    body = get(client, "models").get_json()
    assert body["default"] == "tiny"
    assert body["models"][0]["count"] == 12
    assert get(client, "models/tiny").get_json() == body["models"][0] == card(tiny_model)
    assert str(tiny_model.folder.parent) not in json.dumps(body)
    missing = get(client, "models/tinny")
    assert missing.status_code == 404
    assert missing.get_json()["suggestions"] == ["tiny"]


def test_no_path_given_by_a_client_reaches_the_file_system(client: FlaskClient, tiny_model: Model) -> None:
    for name in (str(tiny_model.folder), "../tiny", "./tiny", "/etc/passwd", "", "tiny\0"):
        assert get(client, "query", q="king", model=name).status_code == 404
        assert client.post("/api/v1/query", json={"q": "king", "model": name}).status_code == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("query", 422),
        ("query?q=", 400),
        ("query?q=king&k=0", 422),
        ("query?q=king&k=1001", 422),
        ("query?q=king&k=" + "9" * 3000, 422),
        ("query?q=king&k=two", 422),
        ("query?q=king&k=", 422),
        ("query?q=king&restrict=-1", 422),
        ("query?q=king&method=guess", 422),
        ("query?q=king&exact=perhaps", 422),
        ("query?q=king&q=queen", 422),
        ("query?q=king&nonsense=1", 422),
        ("query?q=%ff", 400),
        ("query?q=%ed%a0%80", 400),
        ("query?q=%00", 400),
        ("query?q=king%20(", 400),
        ("query?q=nowhere", 404),
        ("models?x=1", 422),
        ("nothing", 404),
    ],
)
def test_what_is_wrong_with_an_address_is_a_problem(client: FlaskClient, path: str, status: int) -> None:
    answer = client.get(f"/api/v1/{path}")
    body = answer.get_json()
    assert answer.status_code == body["status"] == status
    assert answer.content_type == "application/problem+json"
    assert body["type"].startswith("/problems/")
    assert body["instance"] == answer.headers["X-Request-ID"]
    assert body["detail"]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b'{"q": "\\ud800"}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"[]", "application/json", 422),
        (b"null", "application/json", 422),
        (b"{}", "application/json", 422),
        (b'{"q": 1}', "application/json", 422),
        (b'{"q": "king", "queries": []}', "application/json", 422),
        (b'{"q": "king", "k": "5"}', "application/json", 422),
        (b'{"q": "king", "k": NaN}', "application/json", 422),
        (b'{"q": "king", "k": 1e400}', "application/json", 422),
        (b'{"q": "king", "more": 1}', "application/json", 422),
        (b'{"q": "king"}', "text/plain", 415),
        (b"q=king", "application/x-www-form-urlencoded", 415),
        (b"x" * (9 << 20), "application/json", 413),
    ],
)
def test_what_is_wrong_with_a_body_is_a_problem(client: FlaskClient, body: bytes, kind: str, status: int) -> None:
    answer = client.post("/api/v1/query", data=body, content_type=kind)
    assert answer.status_code == status, answer.data
    assert answer.content_type == "application/problem+json"


def test_methods_that_there_are_not_are_named(client: FlaskClient) -> None:
    answer = client.delete("/api/v1/query")
    assert answer.status_code == 405
    assert {"GET", "HEAD", "POST"} <= set(answer.headers["Allow"].split(", "))
    assert answer.content_type == "application/problem+json"
    assert client.head("/api/v1/query?q=king").data == b""
    assert client.options("/api/v1/query").status_code == 200


def test_an_answer_that_a_client_has_is_not_sent_again(client: FlaskClient, tiny_model: Model) -> None:
    first, again = get(client, "query", q="queen", k=3), get(client, "query", q="queen", k=3)
    other = create_app(Settings(models=(str(tiny_model.folder),))).test_client()
    assert first.data == again.data == get(other, "query", q="queen", k=3).data
    tag = first.headers["ETag"]
    assert tag == get(other, "query", q="queen", k=3).headers["ETag"]
    assert not tag.startswith("W/")
    assert first.headers["Cache-Control"] == "public, max-age=3600"
    assert tag != get(client, "query", q="queen", k=4).headers["ETag"]
    same = client.get("/api/v1/query?q=queen&k=3", headers={"If-None-Match": f'"x", {tag}'})
    assert (same.status_code, same.data, same.headers["ETag"]) == (304, b"", tag)
    assert client.get("/api/v1/query?q=queen&k=4", headers={"If-None-Match": tag}).status_code == 200
    assert "ETag" not in get(client, "query", q="nowhere").headers
