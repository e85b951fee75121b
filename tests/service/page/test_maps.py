"""The map: there is one on a fresh install, and all of it can be taken away."""

import csv
import io
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from flask.testing import FlaskClient

from embeddings.models import DISPLAY_FILE, Card, Model, ModelWriter, save_model, write_texts
from service.host.settings import Settings
from service.server.app import create_app

HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def client(mapped_model: Model, tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    folder = tmp_path_factory.mktemp("models")
    vectors = np.random.default_rng(0).normal(size=(300, 10)).astype(np.float32)
    with ModelWriter(folder / "fresh", 10) as writer:
        writer.append([f"word_{number}" for number in range(300)], vectors)
        write_texts(writer.folder / DISPLAY_FILE, [f"Word {number}" if number == 7 else None for number in range(300)])
        writer.finish(Card("fresh"))
    save_model(folder / "few", ["a", "b", "c"], vectors[:3], Card("few"))
    models = (str(folder / "fresh"), str(folder / "few"), str(mapped_model.folder))
    return create_app(Settings(models=models, log_requests=False)).test_client()


def test_a_model_without_a_map_has_a_quick_one(client: FlaskClient) -> None:
    page = client.get("/map", headers=HTML).text
    assert "thisplusthat map fresh" in page
    assert '<canvas class="map"' in page
    content = client.get("/map.json").json
    assert content
    assert len(content["words"]) == 300
    assert content["display"] == {"word_7": "Word 7"}
    assert '/word/word_7"><bdi>Word 7</bdi>' in page
    assert 'value="Word 7"' in client.get("/map?word=word_7", headers=HTML).text
    assert client.get("/map.json").data == client.get("/map.json").data
    assert "too few words" in client.get("/map?model=few", headers=HTML).text
    assert client.get("/map.csv?model=few", headers=HTML).status_code == 404


def test_the_map_is_taken_away_as_table_and_picture(client: FlaskClient) -> None:
    rows = list(csv.reader(io.StringIO(client.get("/map.csv?model=circle").text)))
    assert rows[0] == ["word", "x", "y", "group"]
    assert [rows[2][0], rows[2][3]] == ["king", "bread"]
    drawn = client.get("/map.svg?model=circle").text
    ElementTree.fromstring(drawn)
    assert "12 most frequent words of circle" in drawn
    assert client.get("/map.png?model=circle").data.startswith(b"\x89PNG")


def test_without_javascript_a_word_is_found_by_the_form(client: FlaskClient, tmp_path: Path) -> None:
    page = client.get("/map?model=circle", headers=HTML).text
    assert 'action="/word"' in page
    assert '<input type="hidden" name="model" value="circle">' in page
    assert client.get("/word?w=king&model=circle").location == "/word/king?model=circle"
