"""Ask the model of the package every example of the API, and keep the answers: python -m scripts.api_examples."""

import json
import re
from typing import Any
from urllib.parse import quote

from flask.testing import FlaskClient

from embeddings.catalogue import OWN_MODEL
from service.api import EXAMPLES, EXAMPLES_FILE, ExampleCall
from service.host import Settings
from service.server import create_app

_NUMBERS = re.compile(r"\[\s+-?[0-9.e-]+(?:,\s+-?[0-9.e-]+)*\s+\]")


def answer(client: FlaskClient, method: str, path: str, example: ExampleCall) -> Any:
    """The JSON that the service answers with; raises AssertionError for a problem."""
    parameters = dict(example.parameters)
    for name in [name for name in parameters if f"{{{name}}}" in path]:
        path = path.replace(f"{{{name}}}", quote(parameters.pop(name)))
    response = client.open(path, method=method, query_string=parameters, json=example.body)
    assert response.status_code == 200, (path, response.text)
    return response.get_json()


def answers() -> dict[str, Any]:
    """The answer to each example, by operation."""
    app = create_app(Settings(models=(OWN_MODEL,), log_requests=False))
    return {
        operation["operationId"]: answer(app.test_client(), method.upper(), path, EXAMPLES[operation["operationId"]])
        for path, operations in app.api_doc["paths"].items()  # type: ignore[attr-defined]
        for method, operation in operations.items()
    }


def main() -> None:
    """Write the file."""
    if not EXAMPLES_FILE.exists():
        EXAMPLES_FILE.write_text("{}", encoding="utf-8")
    shown = json.dumps(answers(), indent=1, ensure_ascii=False, sort_keys=True)
    shown = _NUMBERS.sub(lambda found: " ".join(found[0].split()), shown)
    EXAMPLES_FILE.write_text(f"{shown}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
