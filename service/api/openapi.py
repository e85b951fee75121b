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
<main id="page">
<h1>ThisPlusThat: the API</h1>
<p>Described by <a href="{root}/openapi.json">openapi.json</a>. Forms to try it are on their way.</p>
<ul>
{operations}
</ul>
</main>
<script src="{root}/docs/{bundle}" defer></script>
<script src="{root}/docs/start.js" data-style="{root}/docs/{style}"
  data-colours="{root}/docs/colours.css" defer></script>
</html>
"""
"""What can be read before Swagger UI is there, which is half a megabyte in gzip."""
_START = """for (const address of [document.currentScript.dataset.style, document.currentScript.dataset.colours]) {
  const style = document.createElement("link");
  style.rel = "stylesheet";
  style.href = address;
  document.head.append(style);
}
SwaggerUIBundle({
  url: new URL("../openapi.json", document.currentScript.src).href,
  dom_id: "#page",
  deepLinking: false,
  validatorUrl: null,
  syntaxHighlight: false,
});
new MutationObserver(() => {
  for (const [heading, level] of [["h3.opblock-tag, .models h4", 2], [".opblock h4", 3], [".opblock h5", 4]])
    for (const found of document.querySelectorAll(heading)) if (!found.ariaLevel) found.ariaLevel = level;
  for (const field of document.querySelectorAll("[data-param-name] :is(select, input, textarea):not([aria-label])"))
    field.setAttribute("aria-label", field.closest("[data-param-name]").dataset.paramName);
  for (const code of document.querySelectorAll("pre.microlight:not([tabindex])")) code.tabIndex = 0;
}).observe(document.querySelector("#page"), { childList: true, subtree: true });
"""
"""Without links within its buttons, and with headings that follow each other, the page is one for screen readers."""
_COLOURS = """
#page { overflow-x: auto; }
.swagger-ui :is(input, select, textarea) { min-width: 0 !important; max-width: 100%; }
.swagger-ui .opblock.opblock-get .opblock-summary-method { background: #1c5fb0; }
.swagger-ui .opblock.opblock-post .opblock-summary-method { background: #24603a; }
.swagger-ui .info .title small { background: #4d5560; }
.swagger-ui .info .title small.version-stamp { background: #46630a; }
.swagger-ui .info .title small pre { color: #fff; background: transparent; }
.swagger-ui .info .link .url, .swagger-ui .info a { color: #1c5fb0; }
.swagger-ui .btn.authorize, .swagger-ui .btn.authorize span { color: #24603a; border-color: #24603a; }
.swagger-ui .json-schema-2020-12-expand-deep-button, .swagger-ui .json-schema-2020-12__attribute,
.swagger-ui .json-schema-2020-12__attribute--primary { color: #4d4d4d !important; }
.swagger-ui .btn.execute { background: #1c5fb0; border-color: #1c5fb0; }
.swagger-ui .btn.cancel { color: #b3261e; border-color: #b3261e; }
.swagger-ui .parameter__name.required::after, .swagger-ui .parameter__name.required span { color: #b3261e; }
.swagger-ui .parameter__in, .swagger-ui .prop-format, .swagger-ui .parameter__type { color: #4d4d4d; }
.swagger-ui :focus-visible { outline: 3px solid #1c5fb0; outline-offset: 2px; }
"""
"""Colours with a contrast of 4.5 and more in the place of Swagger UI's own."""

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
    if name == "colours.css":
        return Response(_COLOURS, content_type="text/css; charset=utf-8")
    if name == "start.js":
        return Response(_START, content_type="text/javascript; charset=utf-8")
    if name == "problems.css":
        return Response(STYLE, content_type="text/css; charset=utf-8")
    return _FILES.send(name)
