"""The OpenAPI document and a page to try it: Swagger UI from the package's own files, so that it works offline."""

import orjson
from flask import Blueprint, Response, abort, current_app, send_from_directory
from flask_openapi3_swagger import plugins

from service.host import POLICY

_FOLDER = f"{plugins.__file__.rpartition('/')[0]}/templates/swagger"
_FILES = {"swagger-ui.css": "css", "swagger-ui-bundle.js": "js"}
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>ThisPlusThat: the API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/swagger-ui.css">
<div id="page"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</html>
"""
_START = 'SwaggerUIBundle({url: "/openapi.json", dom_id: "#page", deepLinking: true, validatorUrl: null});\n'

documentation = Blueprint("documentation", __name__)


@documentation.get("/openapi.json")
def document() -> Response:
    """The OpenAPI 3.1 document."""
    return Response(orjson.dumps(current_app.api_doc), content_type="application/json")  # type: ignore[attr-defined]


@documentation.get("/docs", strict_slashes=False)
def page() -> Response:
    """The interactive page. Swagger UI sets styles in attributes, so here alone inline styles are let pass."""
    response = Response(_PAGE, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
    return response


@documentation.get("/docs/<name>")
def file(name: str) -> Response:
    """One of the page's files."""
    if name == "start.js":
        return Response(_START, content_type="text/javascript; charset=utf-8")
    if name not in _FILES:
        abort(404)
    return send_from_directory(f"{_FOLDER}/{_FILES[name]}", name, max_age=86_400)
