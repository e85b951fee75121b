"""The page without a browser: addresses, what is on the pages, statuses of errors, static files, weight."""

import base64
import gzip
import hashlib
import re
from html import unescape
from pathlib import Path
from urllib.parse import quote, urlsplit

import numpy as np
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from embeddings import Model
from embeddings.models import Card, save_model
from embeddings.query import parse
from service.host.settings import Settings
from service.page import interpretation
from service.page.glosses import GLOSSES_FILE, Glosses
from service.server.app import create_app

HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def client(tiny_model: Model, mapped_model: Model, tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THISPLUSTHAT_HOME", str(tmp_path_factory.mktemp("home")))
        app = create_app(Settings(models=(str(tiny_model.folder), str(mapped_model.folder)), log_requests=False))
    return app.test_client()


def show(client: FlaskClient, path: str) -> str:
    response = client.get(path, headers=HTML)
    assert response.status_code == 200, response.text
    return unescape(response.text)


def test_the_form_leads_to_an_address_that_can_be_shared(client: FlaskClient) -> None:
    response = client.get("/search?q=king+-+man+%2B+woman&model=&method=&k=5&restrict=")
    assert response.status_code == 302
    assert response.location == "/search/king%20-%20man%20+%20woman?k=5"
    assert client.get("/search?q=").location == "/"
    assert '<h3><a class="headword" href="/word/queen"><bdi>queen</bdi></a></h3>' in show(client, response.location)


@pytest.mark.parametrize(
    "query", ["a/b", "/king", "king//man", "..", "50%", "who?", "#king", 'say "king', "🙂", "ملك", "<i>"]
)
def test_any_query_reaches_the_parser_whole(client: FlaskClient, query: str) -> None:
    for path in (f"/search?q={quote(query, safe='')}", f"/search/{quote(query, safe='')}"):
        response = client.get(path, headers=HTML, follow_redirects=True)
        assert response.status_code in (200, 400, 404)
        field = re.search(r'name="q" type="text" value="([^"]*)"', response.text)
        assert field
        assert unescape(field[1]) == query


def test_an_answer_shows_how_it_was_read_and_how_to_get_it_elsewhere(client: FlaskClient) -> None:
    page = show(client, "/search/United%20States%20:%20man%20::%20new%20york%20:%20%3F?k=3")
    assert "man + new_york − united states" in page
    assert "<small>mean of united, states</small>" in page
    assert "chip-composed" in page
    assert "chip-phrase" in page
    assert "thisplusthat query -k 3 -- 'United States : man :: new york : ?'" in page
    assert (
        "curl 'http://localhost/api/v1/query?q=United%20States%20%3A%20man%20%3A%3A%20new%20york%20%3A%20%3F&k=3'"
        in page
    )
    assert page.count('<li class="card">') == 3
    assert page.count("<svg") >= 5
    assert "style=" not in page
    assert not re.search(r"\son\w+=", page)


def test_an_odd_one_out_has_ticks_and_a_cross_and_a_similarity_its_number(client: FlaskClient) -> None:
    page = show(client, "/search/king,%20queen,%20bread")
    assert (page.count("✓"), page.count("✗")) == (2, 1)
    assert "What the rest have in common" in page
    assert "What sets" in page
    assert "0.500" in show(client, "/search/king%20%3C%3E%20queen")


def test_an_unknown_word_offers_the_query_with_others_in_its_place(client: FlaskClient) -> None:
    response = client.get("/search/king%20-%20womann?k=3", headers=HTML)
    assert response.status_code == 404
    assert 'href="/search/king%20-%20woman?k=3"' in response.text
    response = client.get("/word/womann", headers=HTML)
    assert response.status_code == 404
    assert 'href="/word/woman"' in response.text


def test_an_error_of_syntax_stands_under_the_field_at_its_column(client: FlaskClient) -> None:
    response = client.get("/search/king%20-%20(", headers=HTML)
    assert response.status_code == 400
    assert re.search(r'data-column="\d+"', response.text)
    assert re.search(r"king - .*<mark>", response.text)
    assert 'aria-describedby="fault"' in response.text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nowhere", 404),
        ("/search/king?k=0", 400),
        ("/search/king?method=x", 400),
        ("/search/king?model=none", 404),
        ("/map.json?model=none", 404),
        ("/answer.csv", 400),
        ("/static/none.js", 404),
        ("/static/../web.py", 404),
    ],
)
def test_errors_are_pages_with_the_right_status(client: FlaskClient, path: str, status: int) -> None:
    response = client.get(path, headers=HTML)
    assert response.status_code == status
    assert response.mimetype == "text/html"
    assert "What can be asked" in response.text


def test_what_is_no_browser_gets_problems(client: FlaskClient) -> None:
    assert client.get("/nowhere").mimetype == "application/problem+json"
    assert client.get("/api/v1/nowhere", headers=HTML).mimetype == "application/problem+json"


def test_a_word_has_its_page_and_other_spellings_lead_there(client: FlaskClient) -> None:
    page = show(client, "/word/king")
    assert "rank 2 by frequency" in page
    assert 'class="vector"' in page
    assert "Among all 12" in page
    assert client.get("/word/KING").location == "/word/king"
    assert client.get("/word/new%20york").location == "/word/new_york"
    assert client.get("/word/united%20states").location == "/search/united%20states"
    assert client.get("/word?w=caf%C3%A9").location == "/word/caf%C3%A9"


def test_answers_are_taken_away_in_three_forms_and_as_a_picture(client: FlaskClient) -> None:
    assert client.get("/answer.txt?q=king&k=1").text.splitlines()[0] == "king"
    assert client.get("/answer.csv?q=king&k=1").text.startswith("word,score,rank\r\n")
    assert client.get("/answer.json?q=king&k=1").json["kind"] == "neighbours"  # type: ignore[index]
    picture = client.get("/picture.svg?q=king")
    assert picture.mimetype == "image/svg+xml"
    assert "attachment" in picture.headers["Content-Disposition"]
    assert picture.text.startswith("<svg")


def test_comparison_and_about(client: FlaskClient) -> None:
    page = show(client, "/compare?q=king&models=tiny,tiny")
    assert page.count('<small class="note">tiny</small>') == 2
    assert "in both" in page
    assert "10 of 10 words are in both lists." in page
    assert "cannot be compared" not in page
    assert "is not in tiny" in show(client, "/compare?q=xyzzy")
    page = show(client, "/about")
    assert "12 words, 4 dimensions" in page
    assert 'id="bias"' in page


def test_scores_of_a_model_are_sentences(tmp_path: Path) -> None:
    total = {"accuracy": 0.711208, "questions": 19308}
    metrics = {
        "google": {"total": total, "groups": [{"name": "semantic", "accuracy": 0.665677}]},
        "simlex999": {"spearman": 0.372006, "pairs": 998},
        "of our own": {"loss": 0.25},
    }
    save_model(tmp_path / "measured", list("abc"), np.eye(3, dtype=np.float32), Card("measured", metrics=metrics))
    app = create_app(Settings(models=(str(tmp_path / "measured"),), log_requests=False))
    page = " ".join(app.test_client().get("/about").text.split())
    assert "71.1 % of 19,308 analogies right: semantic 66.6 %" in page
    assert "<dt>SimLex-999</dt><dd>Spearman 0.372 with what people say of 998 pairs" in page
    assert "<dt>loss</dt><dd>0.25</dd>" in page


def test_without_a_map_the_page_says_how_to_make_one_and_with_one_it_lists_it(client: FlaskClient) -> None:
    assert "thisplusthat map tiny" in show(client, "/map")
    assert 'href="/word/bread?model=circle"' in show(client, "/map?model=circle")
    content = client.get("/map.json?model=circle").json
    assert content
    assert content["words"][1] == "king"


def test_static_files_are_kept_for_a_year_by_their_version(client: FlaskClient) -> None:
    [address] = re.findall(r'src="(/static/page\.\w{12}\.js)"', show(client, "/"))
    response = client.get(address, buffered=True)
    assert response.cache_control.immutable
    assert response.cache_control.max_age == 365 * 24 * 3600
    again = client.get(address, headers={"If-None-Match": response.headers["ETag"]}, buffered=True)
    assert again.status_code == 304
    packed = client.get(address, headers={"Accept-Encoding": "gzip"}, buffered=True)
    assert gzip.decompress(packed.data) == response.data
    assert packed.headers["ETag"] != response.headers["ETag"]
    assert packed.cache_control.immutable
    [script] = re.findall(r'src="(/static/page\.\w{12}\.js)"', show(client, "/"))
    [imported] = re.findall(r'from "\./(complete\.\w{12}\.js)"', client.get(script).text)
    assert client.get(f"/static/{imported}").cache_control.immutable
    assert client.get("/static/page.000000000000.css").cache_control.no_cache, "of another version: this one, not kept"
    assert client.get("/static/page.css", buffered=True).cache_control.no_cache


def test_pages_are_not_sent_twice(client: FlaskClient) -> None:
    first = client.get("/about")
    assert client.get("/about", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304


def test_the_first_page_weighs_less_than_100_kilobytes_and_asks_no_other_host(client: FlaskClient) -> None:
    def weight(response: TestResponse) -> int:
        return len(response.data) + sum(len(f"{name}: {value}\r\n") for name, value in response.headers)

    page = client.get("/")
    addresses = re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text)
    assert len(addresses) >= 3
    sheets = re.findall(r"<style>(.*?)</style>", page.text, re.DOTALL)
    scripts = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
    assert len(sheets) == len(scripts) == 1
    for inline in sheets + scripts:
        digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in page.headers["Content-Security-Policy"]
    assert all(not urlsplit(address).netloc for address in re.findall(r'(?:src|href|action)="([^"]+)"', page.text))
    assert weight(page) + sum(weight(client.get(address, buffered=True)) for address in addresses) <= 100_000


def test_glosses_stand_beside_words_where_there_are_some(client: FlaskClient) -> None:
    assert client.application.extensions["thisplusthat-glosses"] is None
    assert Glosses.open(Path("/nowhere") / GLOSSES_FILE) is None
    assert 'class="gloss"' not in show(client, "/search/king")


def test_all_links_of_an_answer_lead_to_the_model_that_was_asked(client: FlaskClient) -> None:
    for query in ("king - man + woman", "king <> queen", "king, queen, bread"):
        page = show(client, f"/search/{quote(query)}?model=circle&k=3")
        links = re.findall(r'href="(/(?:word|search|\?q=|compare)[^"]*)"', page)
        assert len(links) > 5
        assert all("model=circle" in link or "models=circle" in link for link in links if link != "/compare")


def test_words_that_are_dots_have_addresses_that_reach_them(tmp_path: Path) -> None:
    words = [".", "..", "a", "b", "c"]
    save_model(tmp_path / "dots", words, np.eye(5, dtype=np.float32) + 0.5, Card("dots"))
    client = create_app(Settings(models=(str(tmp_path / "dots"),), log_requests=False)).test_client()
    page = show(client, "/search/a")
    links = re.findall(r'href="(/word[^"]*)"', page)
    assert {"/word?w=.", "/word?w=.."} <= set(links)
    assert not any(link.startswith("/word/.") for link in links)
    for link in set(links):
        assert client.get(link, headers=HTML, follow_redirects=True).status_code == 200


def test_a_query_is_parsed_once_for_all_parts_of_its_page(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = []
    monkeypatch.setattr(interpretation, "parse", lambda query: parsed.append(query) or parse(query))
    interpretation.parsed.cache_clear()
    show(client, "/search/king - man + woman?k=8")
    assert parsed == ["king - man + woman"]


def test_a_page_shows_some_of_many_results_and_offers_all(glove: Model) -> None:
    client = create_app(Settings(models=(str(glove.folder),), log_requests=False)).test_client()
    page = show(client, "/search/coffee?k=200")
    assert page.count('<li class="card">') == 50
    assert "These are the first 50 of 200" in page
