"""What can be taken away: answers as text, JSON and CSV, pictures as SVG and PNG, and an answer for other pages."""

import json
from collections.abc import Callable, Sequence

from flask import Response, g, request
from werkzeug.wrappers import Response as AnyResponse

from embeddings import Answer
from embeddings.answers import Result
from embeddings.errors import QueryError
from embeddings.query import Kind
from service.page import exports
from service.page.inline import PAGE_POLICY
from service.page.layout import answer_to, drawings, page_blueprint, render
from service.page.meanings import meanings_of
from service.page.pictures import draw
from service.page.raster import as_png
from service.page.search_request import read_search_request

downloads = page_blueprint("downloads")

_MOST_EMBEDDED = 5


@downloads.get("/answer.<any(txt, json, csv):form>")
def answer(form: str) -> AnyResponse:
    """An answer as text, JSON or CSV; ``list`` is one of an odd one out's reasons, ``shared`` or ``apart``."""
    found, _ = answer_to(request.args.get("q", ""), read_search_request(request.args))
    if part := request.args.get("list"):
        return _as_file(form, _reasons(found, part))
    if form == "json":
        return json_file(found.as_dict())
    if form == "csv":
        return csv_file(exports.as_csv(found))
    return Response(exports.as_text(found), content_type="text/plain; charset=utf-8")


def _reasons(found: Answer, part: str) -> Sequence[Result]:
    lists = {"shared": found.shared, "apart": found.apart}
    if part not in lists or found.kind is not Kind.ODD_ONE_OUT:
        raise QueryError(f"The list is 'shared' or 'apart', of an odd one out, and here it is '{part[:40]}'.")
    return lists[part] or ()


def _as_file(form: str, results: Sequence[Result]) -> AnyResponse:
    if form == "json":
        return json_file([{"word": r.word, "score": round(r.score, 6), "rank": r.rank} for r in results])
    if form == "csv":
        return csv_file(exports.as_list(results))
    text = "".join(f"{result.shown}\t{result.score:.4f}\n" for result in results)
    return Response(text, content_type="text/plain; charset=utf-8")


def json_file(content: object) -> AnyResponse:
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    return Response(text, content_type="application/json")


def csv_file(content: str) -> AnyResponse:
    return Response(content, content_type="text/csv; charset=utf-8")


@downloads.get("/picture.<any(svg, png):form>")
def picture(form: str) -> AnyResponse:
    """The picture of an answer as a file, with its caption and its source."""
    found, model = answer_to(request.args.get("q", ""), read_search_request(request.args))
    return picture_file(draw(found, model, link=None), form)


def picture_file(drawn: str, form: str, paint: Callable[[str], bytes] = as_png) -> AnyResponse:
    """A picture to be kept, as SVG or, by ``paint``, as PNG."""
    response = (
        Response(paint(drawn), mimetype="image/png") if form == "png" else Response(drawn, mimetype="image/svg+xml")
    )
    response.headers["Content-Disposition"] = f'attachment; filename="thisplusthat.{form}"'
    return response


@downloads.get("/embed", strict_slashes=False)
def embed() -> AnyResponse:
    """An answer on its own, which other pages may show in a frame."""
    query, asked = request.args.get("q", "").strip(), read_search_request(request.args)
    found, model = answer_to(query, asked)
    first = found.results if found.kind is Kind.ODD_ONE_OUT else found.results[:_MOST_EMBEDDED]
    page = render(
        "embed.html",
        asked,
        query,
        answer=found,
        first=first,
        most=max((abs(result.score) for result in first), default=1.0),
        meanings=meanings_of(model, [result.word for result in first]),
        citation=exports.citation(model),
        **drawings(found, model, asked),
    )
    response = Response(page, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = PAGE_POLICY.replace("frame-ancestors 'none'", "frame-ancestors *")
    g.framed = True
    return response
