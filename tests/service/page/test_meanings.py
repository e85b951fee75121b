"""What words are: descriptions of the model first."""

import re
from pathlib import Path

import numpy as np

from embeddings import ask
from embeddings.models import DESCRIPTIONS_FILE, DISPLAY_FILE, Card, ModelWriter, open_model, write_texts
from service.host.settings import Settings
from service.page.interpretation import read
from service.page.meanings import display_of, meanings_of, understood, words_of_terms
from service.server.app import create_app

WORDS = ["new_york", "coffee", "tea", "york"]


def described(folder: Path) -> Path:
    place = folder / "described"
    with ModelWriter(place, 4) as writer:
        writer.append(WORDS, np.eye(4, dtype=np.float32) + 0.4)
        write_texts(writer.folder / DISPLAY_FILE, ["New York", None, None, "York"])
        write_texts(
            writer.folder / DESCRIPTIONS_FILE, ["city of the United States", "drink of roasted beans", None, None]
        )
        writer.finish(Card("described"))
    return place


def test_what_terms_and_results_are_stands_on_the_page(tmp_path: Path) -> None:
    place = described(tmp_path)
    model = open_model(place)
    app = create_app(Settings(models=(str(place),), log_requests=False))
    with app.test_request_context("/"):
        assert {word: meaning.text for word, meaning in meanings_of(model, WORDS).items()} == {
            "new_york": "city of the United States", "coffee": "drink of roasted beans",
        }  # fmt: skip
        answer = ask(model, "New York + coffee")
        first, second = understood(model, read(answer))
        assert (first.says, first.meaning and first.meaning.text) == ("", "city of the United States")
        assert second.meaning
        said = {
            "NEW YORK": "New York",
            "new_york": "New York",
            "york": "York",
            "COFFEE": "",
            "York coffee": "mean of York, coffee",
        }
        for text, says in said.items():
            [term] = understood(model, read(ask(model, text)))
            assert term.says == says, text
        assert words_of_terms(answer) == {"New York": "new_york", "coffee": "coffee"}
    assert display_of(model, "york") == "York"
    assert app.test_client().get("/api/v1/vocabulary?prefix=NEW").get_json()["words"] == [
        {"word": "new_york", "rank": 1, "display": "New York"}
    ]
    unknown = app.test_client().get("/search/new yrok", headers={"Accept": "text/html"})
    assert unknown.status_code == 404
    assert re.findall(r'href="/search/([^"]*)"><bdi>([^<]*)', unknown.text)[0] == ("new_york", "New York")
    page = app.test_client().get("/search/New York + coffee", headers={"Accept": "text/html"}).text
    assert page.index("city of the United States") < page.index('class="headword"')
    page = app.test_client().get("/search/tea", headers={"Accept": "text/html"}).text
    assert ">New York</bdi>" in page
    assert "drink of roasted beans" in page
    assert "city of the United States" in app.test_client().get("/embed?q=tea").text
