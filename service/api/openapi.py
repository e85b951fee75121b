"""The OpenAPI document and a page to try it: Swagger UI from the package's own files, so that it works offline."""

from html import escape
from pathlib import Path

import orjson
from flask import Blueprint, Response, current_app, request
from flask_openapi3 import OpenAPI
from flask_openapi3.models import Schema
from flask_openapi3_swagger import plugins

from service.api.examples import add_examples
from service.api.problem_pages import STYLE
from service.api.schemas import AnswerBody, AnswersBody, OpenAIError, Problem, VectorsAnswer
from service.host import POLICY, StaticFiles

_FOLDER = Path(plugins.__file__).parent / "templates" / "swagger"
_FILES = StaticFiles(
    {
        "swagger-ui.css": _FOLDER / "css" / "swagger-ui.css",
        "swagger-ui-bundle.js": _FOLDER / "js" / "swagger-ui-bundle.js",
    }
)
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>ThisPlusThat: the API</title>
<link rel="icon" href="data:,">
<style>body {{ font: 16px/1.5 sans-serif; margin: 0 auto; max-width: 1460px; padding: 0 20px }}</style>
<div id="page">
<h1>ThisPlusThat: the API</h1>
<p>Described by <a href="{root}/openapi.json">openapi.json</a>. Forms to try it are on their way.</p>
<ul>
{operations}
</ul>
</div>
<script src="{root}/docs/{bundle}" defer></script>
<script src="{root}/docs/start.js" data-style="{root}/docs/{style}" defer></script>
</html>
"""
"""What can be read before Swagger UI is there, which is half a megabyte in gzip."""
_START = """const style = document.createElement("link");
style.rel = "stylesheet";
style.href = document.currentScript.dataset.style;
document.head.append(style);
SwaggerUIBundle({
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
    _FILES.prepare()


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
    operations = [
        f"<li><code>{method.upper()} {escape(path)}</code> {escape(operation.get('summary') or '')}</li>"
        for path, methods in current_app.api_doc["paths"].items()  # type: ignore[attr-defined]
        for method, operation in methods.items()
        if isinstance(operation, dict)
    ]
    shown = _PAGE.format(
        root=escape(request.script_root),
        operations="\n".join(operations),
        bundle=_FILES.hashed_name("swagger-ui-bundle.js"),
        style=_FILES.hashed_name("swagger-ui.css"),
    )
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
    return _FILES.send(name)
