"""The OpenAPI document is 3.1 and whole; the page works in a browser, offline, under the policy."""

import pytest
from playwright.sync_api import sync_playwright

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
        page.locator("#operations-default-api_ask_one_query_get .opblock-summary-control").click()
        page.locator(".try-out__btn").click()
        page.get_by_placeholder("q", exact=True).fill("king <> queen")
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
