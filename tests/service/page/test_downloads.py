"""What is taken away: answers, lists, pictures with caption and source, an answer for other pages."""

import json
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient

from embeddings import Model
from service.host.settings import Settings
from service.server.app import create_app

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def client(tiny_model: Model) -> FlaskClient:
    return create_app(Settings(models=(str(tiny_model.folder),), log_requests=False)).test_client()


@pytest.mark.parametrize(
    "query", ["king", "king - man %2B woman", "king : man :: queen : ?", "king <> queen", "king, queen, bread"]
)
def test_every_picture_is_a_file_with_caption_and_source(client: FlaskClient, query: str) -> None:
    response = client.get(f"/picture.svg?q={query}")
    assert response.mimetype == "image/svg+xml"
    root = ElementTree.fromstring(response.text)
    classes = [text.attrib["class"] for text in root.iter(f"{SVG}text")]
    assert "tp-caption" in classes
    assert "ThisPlusThat · tiny" in response.text
    png = client.get(f"/picture.png?q={query}")
    assert png.mimetype == "image/png"
    assert png.data.startswith(b"\x89PNG")
    assert 'filename="thisplusthat.png"' in png.headers["Content-Disposition"]


def test_the_reasons_of_an_odd_one_out_are_lists_of_their_own(client: FlaskClient) -> None:
    query = "q=king, queen, bread"
    assert client.get(f"/answer.csv?{query}&list=shared").text.startswith("word,score,rank\r\n")
    listed = client.get(f"/answer.json?{query}&list=apart").json
    assert listed
    assert {"word", "score", "rank"} == set(listed[0])
    assert client.get(f"/answer.txt?{query}&list=shared").text.count("\t") >= 1
    assert client.get(f"/answer.csv?{query}&list=none").status_code == 400
    assert client.get("/answer.csv?q=king&list=shared").status_code == 400


def test_an_embedded_answer_may_stand_in_any_page_and_no_other_may(client: FlaskClient) -> None:
    response = client.get("/embed?q=king - man %2B woman")
    assert "frame-ancestors *" in response.headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in response.headers
    assert 'target="_blank"' in response.text
    assert "queen" in response.text
    assert "licence" in response.text
    other = client.get("/search/king")
    assert "frame-ancestors 'none'" in other.headers["Content-Security-Policy"]
    assert other.headers["X-Frame-Options"] == "DENY"
    assert client.get("/embed?q=").status_code == 400


def test_the_whole_answer_is_json(client: FlaskClient) -> None:
    assert json.loads(client.get("/answer.json?q=king&k=2").text)["kind"] == "neighbours"
