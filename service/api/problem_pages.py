"""What the ``type`` of a problem leads to: a page that says what it means and what to do."""

from dataclasses import dataclass
from html import escape

from flask import Blueprint, Response, abort

from service.host import POLICY


@dataclass(frozen=True, slots=True)
class ProblemPage:
    """A kind of problem, for whoever gets one."""

    status: int
    title: str
    meaning: str
    remedy: str


PROBLEM_PAGES = {
    "query-error": ProblemPage(
        400,
        "The query cannot be read or has no answer",
        "The text is not a query, or its terms cancel each other out. `column` counts characters from 1, "
        "and `example` is a correct query.",
        "Correct the query at that column. Put a term in quotes if the signs in it are part of it.",
    ),
    "bad-request": ProblemPage(
        400,
        "The request cannot be read",
        "The body is not JSON, or the address or the body has bytes that are not UTF-8.",
        "Send JSON in UTF-8, and percent-encode what stands in an address.",
    ),
    "key-missing": ProblemPage(
        401,
        "An API key is needed",
        "This service answers only those who have a key.",
        "Send the key as `Authorization: Bearer KEY` or as `X-API-Key: KEY`. Whoever runs the service makes keys by "
        "`thisplusthat keys add NAME`.",
    ),
    "key-refused": ProblemPage(
        403,
        "The key is not known",
        "The key or token is wrong, or has been revoked.",
        "Check that it was copied whole, or ask for a new one.",
    ),
    "unknown-word": ProblemPage(
        404,
        "A word is not in the model",
        "The model has no vector for `word`, nor for its parts.",
        "Use one of `suggestions`, or another model: `GET /api/v1/models` lists them.",
    ),
    "unknown-model": ProblemPage(
        404,
        "The model is not served here",
        "`model` is the name of a served model, never a path.",
        "Use one of `suggestions`, or leave `model` out for the default one.",
    ),
    "unknown-upload": ProblemPage(
        404,
        "There is no such upload",
        "Uploads are forgotten an hour after they end, and when the service restarts.",
        "Start again with `POST /admin/uploads`.",
    ),
    "upload-refused": ProblemPage(
        409,
        "The upload cannot be taken just now",
        "Another upload is under way, a model of this name exists already, or parts are missing.",
        "Wait for it to end, choose another name, or send the rest; `received` says how much is there.",
    ),
    "reload-refused": ProblemPage(
        409,
        "The models were not replaced",
        "A model failed its check, so all models stay as they were.",
        "Fix what `detail` names, then reload again.",
    ),
    "wrong-content-type": ProblemPage(
        415, "The body is not JSON", "The body is not declared as JSON.", "Send `Content-Type: application/json`."
    ),
    "invalid-request": ProblemPage(
        422,
        "A part of the request is not valid",
        "A parameter is missing, unknown, given twice, or has an invalid value. `errors` names each.",
        "See the description of the call at `/docs`.",
    ),
    "not-found": ProblemPage(
        404, "Not Found", "There is nothing at this address.", "`/docs` lists all addresses. Is a prefix missing?"
    ),
    "method-not-allowed": ProblemPage(
        405, "Method Not Allowed", "This address exists, but not for this method.", "`Allow` lists those that work."
    ),
    "not-acceptable": ProblemPage(
        406, "Not Acceptable", "The answer is not available in this form.", "Ask for another one with `Accept`."
    ),
    "request-timeout": ProblemPage(
        408,
        "Request Timeout",
        "The request did not arrive completely in time.",
        "Send it again, or over a better connection.",
    ),
    "content-too-large": ProblemPage(413, "Content Too Large", "The body is too long.", "Send it in several requests."),
    "uri-too-long": ProblemPage(
        414, "URI Too Long", "The address is longer than 8,190 bytes.", "Send it by POST, if that is possible."
    ),
    "too-many-requests": ProblemPage(
        429,
        "Too Many Requests",
        "There were more requests than the limit of the key or the address allows.",
        "Ask again after `Retry-After` seconds. `X-RateLimit-Remaining` says how many are left. Many queries can be "
        "sent in one request.",
    ),
    "request-header-fields-too-large": ProblemPage(
        431, "Request Header Fields Too Large", "The head of the request is too long.", "Send fewer or shorter headers."
    ),
    "defect": ProblemPage(
        500,
        "The service has a defect",
        "Something went wrong that should not. The log has the details under the request's id, `instance`.",
        "Tell whoever runs the service, with `instance`.",
    ),
    "missing-extra": ProblemPage(
        501,
        "This service lacks an optional part",
        "The request needs an extra that is not installed here.",
        "Whoever runs the service can install it; `detail` has the command.",
    ),
    "service-unavailable": ProblemPage(
        503,
        "Service Unavailable",
        "The service is too busy to answer in time.",
        "Ask again after `Retry-After` seconds.",
    ),
    "model-error": ProblemPage(
        503,
        "The model cannot answer just now",
        "A file of the model cannot be read, or the machine that holds it does not answer.",
        "Ask again after `Retry-After` seconds. If that does not help, tell whoever runs the service.",
    ),
    "not-ready": ProblemPage(
        503, "The service is not ready yet", "It has not answered a query yet.", "Ask again in a few seconds."
    ),
}
ALIASES = {"request-entity-too-large": "content-too-large", "request-uri-too-long": "uri-too-long"}
"""Names that older versions of Python give to a status."""
STYLE = """:root { color-scheme: light dark; }
body { font: 1rem/1.6 system-ui, sans-serif; max-width: 42rem; margin: 3rem auto; padding: 0 1rem; }
body { overflow-wrap: anywhere; }
code { font-family: ui-monospace, monospace; font-size: .95em; }
dt { font-weight: 600; margin-top: 1rem; }
dd { margin: 0; }
"""

problem_pages = Blueprint("problem_pages", __name__)


@problem_pages.get("/problems", strict_slashes=False)
def list_problems() -> Response:
    """All kinds of problem."""
    rows = "".join(
        f'<li><a href="problems/{slug}"><code>{slug}</code></a> {page.status}: {escape(page.title)}</li>'
        for slug, page in PROBLEM_PAGES.items()
    )
    return _page("Problems", f"<ul>{rows}</ul>", up="")


@problem_pages.get("/problems/<slug>", strict_slashes=False)
def show_problem(slug: str) -> Response:
    """What one kind of problem means, and what to do."""
    page = PROBLEM_PAGES.get(ALIASES.get(slug, slug))
    if page is None:
        abort(404)
    rows = (
        ("Status", f"{page.status}"),
        ("What it means", _marked(page.meaning)),
        ("What to do", _marked(page.remedy)),
    )
    listed = "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in rows)
    links = '<p><a href="../problems">All problems</a> · <a href="../docs">The API</a></p>'
    return _page(page.title, f"<p><code>{escape(slug)}</code></p><dl>{listed}</dl>{links}", up="../")


def _page(title: str, content: str, up: str) -> Response:
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)} – ThisPlusThat</title><link rel="icon" href="data:,">'
        f'<link rel="stylesheet" href="{up}docs/problems.css"></head>'
        f"<body><main><h1>{escape(title)}</h1>{content}</main></body></html>\n"
    )
    response = Response(html, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = POLICY
    return response


def _marked(text: str) -> str:
    """Text whose code stands between backquotes, as HTML."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts))
