"""The OpenAPI document and a page to try it: Swagger UI from the package's own files, so that it works offline."""

from html import escape

import orjson
from flask import Blueprint, Response, abort, current_app, request, send_from_directory
from flask_openapi3 import OpenAPI
from flask_openapi3.models import Schema
from flask_openapi3_swagger import plugins

from service.api.examples import add_examples
from service.api.problem_pages import STYLE
from service.api.schemas import AnswerBody, AnswersBody, OpenAIError, Problem, VectorsAnswer
from service.host import POLICY

_FOLDER = f"{plugins.__file__.rpartition('/')[0]}/templates/swagger"
_FILES = {"swagger-ui.css": "css", "swagger-ui-bundle.js": "js"}
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>ThisPlusThat: the API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{root}/docs/swagger-ui.css">
<div id="page"></div>
<script src="{root}/docs/swagger-ui-bundle.js"></script>
<script src="{root}/docs/start.js"></script>
</html>
"""
_START = """SwaggerUIBundle({
  url: new URL("../openapi.json", document.currentScript.src).href,
  dom_id: "#page",
  deepLinking: true,
  validatorUrl: null,
});
"""

documentation = Blueprint("documentation", __name__)


def complete_document(app: OpenAPI) -> None:
    """Make the document once, before processes are forked, with the schemas that routes name and with examples."""
    for kind in (AnswerBody, AnswersBody, OpenAIError, Problem, VectorsAnswer):
        schema = kind.model_json_schema(ref_template="#/components/schemas/{model}")
        for name, content in schema.pop("$defs", {}).items():
            app.components_schemas[name] = Schema(**content)
        app.components_schemas[kind.__name__] = Schema(**schema)
    add_examples(app.api_doc)


@documentation.get("/openapi.json")
def document() -> Response:
    """The OpenAPI 3.1 document; behind a proxy with a path prefix, its addresses begin there."""
    content = current_app.api_doc  # type: ignore[attr-defined]
    if request.script_root:
        content = content | {"servers": [{"url": request.script_root}]}
    return Response(orjson.dumps(content), content_type="application/json")


@documentation.get("/docs", strict_slashes=False)
def page() -> Response:
    """The interactive page. Swagger UI sets styles in attributes, so here alone inline styles are let pass."""
    shown = _PAGE.replace("{root}", escape(request.script_root))
    response = Response(shown, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
    return response


@documentation.get("/docs/<name>")
def file(name: str) -> Response:
    """One of the page's files."""
    if name == "start.js":
        return Response(_START, content_type="text/javascript; charset=utf-8")
    if name == "problems.css":
        return Response(STYLE, content_type="text/css; charset=utf-8")
    if name not in _FILES:
        abort(404)
    return send_from_directory(f"{_FOLDER}/{_FILES[name]}", name, max_age=86_400)
