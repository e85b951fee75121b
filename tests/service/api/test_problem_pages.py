"""The type of every problem leads to a page."""

import re

import pytest
from flask.testing import FlaskClient

from embeddings.models.model import Model
from service.api.problem_pages import PROBLEM_PAGES
from service.host.problems import STATUSES
from service.host.settings import Settings
from service.server.app import create_app


@pytest.fixture(scope="module")
def client(tiny_model: Model) -> FlaskClient:
    return create_app(Settings(models=(str(tiny_model.folder),), log_requests=False)).test_client()


def test_every_kind_of_problem_has_a_page_with_its_status() -> None:
    for status, slug, title in STATUSES.values():
        assert (PROBLEM_PAGES[slug].status, PROBLEM_PAGES[slug].title) == (status, title)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/query?q=king(", 400),
        ("GET", "/api/v1/query?q=nowhere", 404),
        ("GET", "/api/v1/query?q=king&model=x", 404),
        ("GET", "/api/v1/query", 422),
        ("GET", "/api/v1/nothing", 404),
        ("DELETE", "/api/v1/query", 405),
        ("POST", "/api/v1/query", 415),
    ],
)
def test_the_type_of_a_problem_is_the_address_of_a_page(
    client: FlaskClient, method: str, path: str, status: int
) -> None:
    problem = client.open(path, method=method)
    assert problem.status_code == status
    page = client.get(problem.get_json()["type"])
    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert "What to do" in page.text
    assert f">{status}<" in page.text


def test_the_list_leads_to_all_of_them_and_there_are_no_others(client: FlaskClient) -> None:
    text = client.get("/problems").text
    links = re.findall(r'href="(problems/[^"]+)"', text)
    assert len(links) == len(PROBLEM_PAGES)
    assert all(client.get(f"/{link}").status_code == 200 for link in links)
    assert client.get("/docs/problems.css").mimetype == "text/css"
    assert client.get("/problems/request-entity-too-large").status_code == 200
    assert client.get("/problems/%3Cscript%3E").status_code == 404


def test_behind_a_prefix_the_type_still_leads_there(tiny_model: Model) -> None:
    settings = Settings(models=(str(tiny_model.folder),), trusted_proxies=1, log_requests=False)
    behind = create_app(settings).test_client()
    answer = behind.get("/api/v1/nothing", headers={"X-Forwarded-Prefix": "/words"})
    assert answer.get_json()["type"] == "/words/problems/not-found"
    assert 'src="/words/docs/start.js"' in behind.get("/docs", headers={"X-Forwarded-Prefix": "/words"}).text
    document = behind.get("/openapi.json", headers={"X-Forwarded-Prefix": "/words"}).get_json()
    assert document["servers"] == [{"url": "/words"}]
