"""Words on axes and in planes: the same numbers as a page, a table, JSON and pictures."""

import csv
import io
import re
from html import unescape
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient

from embeddings import Model
from service.host.settings import Settings
from service.server.app import create_app

HTML = {"Accept": "text/html"}
AXES = "x=man:woman&y=king:bread&words=queen,king,bread,womann"


@pytest.fixture(scope="module")
def client(tiny_model: Model) -> FlaskClient:
    return create_app(Settings(models=(str(tiny_model.folder),), log_requests=False)).test_client()


def test_a_page_of_axes_shows_numbers_and_says_what_is_not_known(client: FlaskClient) -> None:
    page = unescape(client.get(f"/axes?{AXES}", headers=HTML).text)
    assert "womann" in page
    assert "did you mean woman" in page
    assert re.search(r"queen</bdi></a></th><td>0\.500</td>", page)
    assert page.count('class="tp-link"') == 6  # three words, wide and narrow
    assert 'data-x="' in page
    assert "style=" not in page


def test_the_same_numbers_are_taken_away(client: FlaskClient) -> None:
    rows = list(csv.reader(io.StringIO(client.get(f"/axes.csv?{AXES}").text)))
    assert rows[0] == ["word", "man:woman", "king:bread"]
    assert float(rows[1][1]) == pytest.approx(0.5)
    content = client.get(f"/axes.json?{AXES}").json
    assert content
    assert content["axes"] == {"x": "man:woman", "y": "king:bread"}
    assert content["words"][0] == {"word": "queen", "x": 0.5, "y": pytest.approx(float(rows[1][2]), abs=1e-6)}
    assert "woman" in content["unknown"]["womann"]
    drawn = client.get(f"/axes.svg?{AXES}").text
    ElementTree.fromstring(drawn)
    assert "queen +0.50" in drawn
    assert "ThisPlusThat · tiny" in drawn
    assert client.get(f"/axes.png?{AXES}").data.startswith(b"\x89PNG")


def test_a_direction_that_is_left_out_moves_words_to_zero(client: FlaskClient) -> None:
    content = client.get("/axes.json?x=king:bread&words=man,woman&without=man:woman").json
    assert content
    places = {entry["word"]: entry["x"] for entry in content["words"]}
    assert places["man"] == pytest.approx(places["woman"], abs=1e-6)
    response = client.get("/axes?x=man:woman&without=man:woman&words=king", headers=HTML)
    assert response.status_code == 400
    assert "Nothing is left" in response.text


@pytest.mark.parametrize("path", ["/axes", "/plane", "/axes/", "/plane/"])
def test_without_parameters_there_is_an_example(client: FlaskClient, path: str) -> None:
    response = client.get(path, headers=HTML)
    assert response.status_code == 302
    assert "words=" in response.location


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/axes?x=man:womann&words=king", 404),
        ("/axes?x=a:b:c&words=king", 400),
        ("/axes.csv?words=king", 400),
        ("/plane?words=king,queen", 400),
        ("/plane?words=king,queen,man&by=tsne", 400),
        ("/plane?words=" + ",".join(f"w{number}" for number in range(121)), 400),
    ],
)
def test_what_cannot_be_shown_is_said(client: FlaskClient, path: str, status: int) -> None:
    assert client.get(path, headers=HTML).status_code == status


def test_an_unknown_end_of_an_axis_has_suggestions_that_lead_to_the_same_axes(client: FlaskClient) -> None:
    page = client.get("/axes?x=man:womann&words=king", headers=HTML).text
    assert 'href="/axes?x=man%3Awoman&amp;words=king"' in page


def test_a_list_of_words_and_pairs_is_laid_out(client: FlaskClient) -> None:
    page = unescape(client.get("/plane?words=man:king,woman:queen,bread", headers=HTML).text)
    assert "5 words in the plane where they spread most (PCA)" in page
    assert page.count('class="tp-arrow tp-head"') == 4
    content = client.get("/plane.json?words=man:king,woman:queen,bread").json
    assert content
    assert [entry["word"] for entry in content["words"]] == ["man", "king", "woman", "queen", "bread"]
    assert client.get("/plane.svg?words=man,king,queen").mimetype == "image/svg+xml"
    assert client.get("/plane.csv?words=man,king,queen").text.startswith("word,x,y\r\n")


def test_an_axis_without_words_or_ends_is_drawn(client: FlaskClient) -> None:
    page = client.get("/axes?x=bread", headers=HTML)
    assert page.status_code == 200
    assert "There are no words yet" in page.text


def test_a_model_without_the_words_of_the_example_has_one_of_its_own(client: FlaskClient) -> None:
    page = client.get("/plane", follow_redirects=True)
    assert page.status_code == 200
    assert "svg" in page.text
