"""Comparing: two models, two queries, one model alone."""

from html import unescape

import pytest
from flask.testing import FlaskClient

from embeddings import Model
from service.host.settings import Settings
from service.server.app import create_app

HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def alone(tiny_model: Model) -> FlaskClient:
    return create_app(Settings(models=(str(tiny_model.folder),), log_requests=False)).test_client()


@pytest.fixture(scope="module")
def both(tiny_model: Model, mapped_model: Model) -> FlaskClient:
    models = (str(tiny_model.folder), str(mapped_model.folder))
    return create_app(Settings(models=models, log_requests=False)).test_client()


def test_one_model_compares_two_queries(alone: FlaskClient) -> None:
    page = unescape(alone.get("/compare?q=king&q2=queen", headers=HTML).text)
    assert page.count('<ol class="words">') == 2
    assert "in both" in page
    assert "/answer.csv?q=queen" in page
    page = unescape(alone.get("/compare?q=king", headers=HTML).text)
    assert page.count('<ol class="words">') == 1
    assert "Write another query" in page
    assert "/compare?q=king&q2=queen" in unescape(alone.get("/compare", headers=HTML).text)


def test_two_models_are_compared_whichever_way_they_are_named(both: FlaskClient) -> None:
    for address in (
        "/compare?q=king",
        "/compare?q=king&models=tiny,circle",
        "/compare?q=king&models=tiny&models=circle",
    ):
        page = both.get(address, headers=HTML).text
        assert page.index('<small class="note">tiny</small>') < page.index('<small class="note">circle</small>')
    page = both.get("/compare?q=king&model=circle", headers=HTML).text
    assert page.index('<small class="note">circle</small>') < page.index('<small class="note">tiny</small>')


def test_two_queries_are_put_to_one_model_unless_two_are_named(both: FlaskClient) -> None:
    page = both.get("/compare?q=king&q2=queen&model=circle", headers=HTML).text
    assert page.count('<small class="note">circle</small>') == 2
    assert "cannot be compared" not in page
    page = both.get("/compare?q=king&q2=queen&models=tiny,circle", headers=HTML).text
    assert page.count('<small class="note">circle</small>') == 1
    assert "cannot be compared" in page


def test_a_side_that_fails_leaves_the_other(both: FlaskClient) -> None:
    page = both.get("/compare?q=king&q2=xyzzy", headers=HTML)
    assert page.status_code == 200
    assert "is not in tiny" in page.text
    assert both.get("/compare?q=king&models=none", headers=HTML).status_code == 404
