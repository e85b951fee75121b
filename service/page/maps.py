"""The map of the vocabulary: the page, its words as tables, and its picture."""

import threading
from contextlib import suppress
from functools import lru_cache, partial
from weakref import WeakKeyDictionary

from flask import Response, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from embeddings import Model
from embeddings.errors import ModelError
from embeddings.models import WordVectors
from embeddings.plotting import MapMethod, MapParameters, VocabularyMap, compute_map, open_map
from service.host import served_models_of_app
from service.page import exports
from service.page.addresses import with_parameters
from service.page.downloads import csv_file, picture_file
from service.page.layout import page_blueprint, render
from service.page.map_picture import draw_map
from service.page.meanings import display_of
from service.page.pictures import source_of
from service.page.raster import as_png
from service.page.search_request import read_search_request
from service.page.words import groups_of

maps = page_blueprint("maps")

_QUICK = MapParameters(words=4_000, method=MapMethod.LANDMARKS)
"""The map of a model that has none of its own: a second or two, once in each process."""
_FEWEST = 5

_quick: WeakKeyDictionary[WordVectors, VocabularyMap] = WeakKeyDictionary()
_lock = threading.Lock()
_painted = lru_cache(maxsize=4)(as_png)
"""Maps as PNG: a model's is always the same."""


@maps.get("/map", strict_slashes=False)
def page() -> str:
    """The most frequent words in a plane; without JavaScript, its groups as lists."""
    asked = read_search_request(request.args)
    model = served_models_of_app().model(asked.model)
    shown = map_of(model)
    return render(
        "map.html",
        asked,
        "",
        shown=shown,
        groups=groups_of(shown) if shown else [],
        is_quick=model in _quick,
        highlighted=display_of(model, request.args.get("word", "")),
        files={form: with_parameters(f"/map.{form}", asked.of_model) for form in ("csv", "json", "svg", "png")},
        citation=exports.citation(model),
    )


@maps.get("/map.<any(csv, json, svg, png):form>")
def file(form: str) -> AnyResponse:
    """The words, places and groups that the map is drawn from, or the map as a picture."""
    model = served_models_of_app().model(read_search_request(request.args).model)
    shown = map_of(model)
    if shown is None:
        raise NotFound
    if form == "json":
        forms = {word: form for word in shown.words if (form := display_of(model, word)) != word}
        return Response(shown.as_json(forms), mimetype="application/json")
    if form == "csv":
        rows = zip(shown.words, shown.coordinates.tolist(), shown.clusters.tolist(), strict=True)
        names = ["word", "x", "y", "group"]
        return csv_file(
            exports.table(names, ([w, f"{x:.4f}", f"{y:.4f}", shown.cluster_words[g]] for w, (x, y), g in rows))
        )
    caption = (
        f"The {len(shown.words):,} most frequent words of {model.name}: words that are used alike lie near each other."
    )
    return picture_file(draw_map(shown, partial(display_of, model), caption, source_of(model)), form, _painted)


def map_of(model: WordVectors) -> VocabularyMap | None:
    """The map of a model, or a quick one; None for a model of too few words."""
    if isinstance(model, Model) and (kept := open_map(model)):
        return kept
    if len(model) < _FEWEST:
        return None
    with _lock:
        if model not in _quick:
            with suppress(ModelError):
                _quick[model] = compute_map(model, _QUICK)
    return _quick.get(model)
