"""The OpenAPI document is 3.1 and whole; the page works in a browser, offline, under the policy."""

import pytest
from playwright.sync_api import sync_playwright

from embeddings.models.model import Model
from service.host.settings import Settings
from service.server.app import create_app

ARGUMENTS = ["--no-sandbox", "--disable-background-networking"]


def test_the_page_asks_a_query_without_violating_its_policy(service_url: str) -> None:
    said: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        page = browser.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on(
            "request",
            lambda request: None if request.url.startswith((service_url, "data:")) else said.append(request.url),
        )
        page.goto(f"{service_url}/docs")
        page.locator("#operations-Queries-ask_query .opblock-summary-control").click()
        page.locator(".try-out__btn").click()
        page.locator("tr[data-param-name=q] input").fill("king <> queen")
        page.locator(".execute").click()
        page.locator(".live-responses-table", has_text='"similarity"').wait_for()
        browser.close()
    assert said == []


def test_the_document_is_3_1_and_says_what_can_go_wrong(service_url: str) -> None:
    httpx = pytest.importorskip("httpx")
    document = httpx.get(f"{service_url}/openapi.json").json()
    assert document["openapi"].startswith("3.1.")
    assert len(document["paths"]) >= 10
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert {"200", "400", "404", "422", "429", "503"} <= set(operation["responses"]), path


OPERATIONS = {
    "GET /api/v1/query": ("ask_query", "Queries"),
    "POST /api/v1/query": ("ask_queries", "Queries"),
    "GET /api/v1/analogy": ("solve_analogy", "Queries"),
    "GET /api/v1/neighbours": ("find_neighbours", "Queries"),
    "GET /api/v1/similarity": ("get_similarity", "Queries"),
    "GET /api/v1/odd-one-out": ("find_odd_one_out", "Queries"),
    "POST /api/v1/odd-one-out": ("post_odd_one_out", "Queries"),
    "GET /api/v1/vocabulary": ("list_words", "Words"),
    "GET /api/v1/words/{word}": ("describe_word", "Words"),
    "GET /api/v1/vectors": ("get_vectors", "Vectors"),
    "POST /api/v1/vectors": ("post_vectors", "Vectors"),
    "GET /api/v1/models": ("list_models", "Models"),
    "GET /api/v1/models/{name}": ("get_model", "Models"),
    "GET /v1/models": ("list_openai_models", "OpenAI"),
    "GET /v1/models/{model}": ("retrieve_openai_model", "OpenAI"),
    "POST /v1/embeddings": ("create_embeddings", "OpenAI"),
}
"""Names that clients were generated with: they stay."""


def test_operations_keep_their_names_and_have_examples(tiny_model: Model) -> None:
    document = create_app(Settings(models=(str(tiny_model.folder),))).test_client().get("/openapi.json").get_json()
    operations = {
        f"{method.upper()} {path}": entry for path, of in document["paths"].items() for method, entry in of.items()
    }
    found = {address: (entry["operationId"], *entry["tags"]) for address, entry in operations.items()}
    assert found == OPERATIONS
    assert {tag["name"] for tag in document["tags"]} == {tag for _, tag in OPERATIONS.values()}
    for address, entry in operations.items():
        assert entry["responses"]["200"]["content"]["application/json"]["example"], address
        for content in entry.get("requestBody", {}).get("content", {}).values():
            assert content["example"], address
        needed = [parameter for parameter in entry.get("parameters", ()) if parameter.get("required")]
        assert all("example" in parameter for parameter in needed), address


def test_every_answer_has_one_form(tiny_model: Model) -> None:
    document = create_app(Settings(models=(str(tiny_model.folder),))).test_client().get("/openapi.json").get_json()
    posted = document["paths"]["/api/v1/query"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert posted == {"$ref": "#/components/schemas/AnswersBody"}
