"""The pages of words on axes and in planes, and the same as tables and pictures."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import redirect, request
from werkzeug.wrappers import Response as AnyResponse

from embeddings.errors import QueryError
from embeddings.models import WordVectors
from embeddings.plotting import Projection
from service.host import served_models_of_app
from service.page import exports, svg
from service.page.addresses import with_parameters, word_address
from service.page.axes import Placement, has_place_for, in_plane, on_axes
from service.page.axes_picture import draw_axes
from service.page.downloads import csv_file, json_file, picture_file
from service.page.layout import as_markup, page_blueprint, render
from service.page.pictures import NARROW, WIDE, Drawing, drawing, paint_scene, source_of
from service.page.scenes import scene_of_words
from service.page.search_request import SearchRequest, read_search_request

planes = page_blueprint("planes")

_FORMS = "csv, json, svg, png"
PRESETS = (
    (
        "Gender and wealth",
        {"x": "man:woman", "y": "poor:rich", "words": "nurse, doctor, engineer, maid, banker, king, queen, prince, "
        "princess, beggar, actress, soldier, teacher, lawyer, farmer, heiress"},
    ),
    (
        "Size and danger",
        {"x": "small:large", "y": "safe:dangerous", "words": "mouse, elephant, shark, whale, dog, cat, tiger, rabbit, "
        "bear, spider, snake, ant, horse, wolf, bee"},
    ),
    (
        "Professions without gender",
        {"x": "man:woman", "words": "nurse, doctor, engineer, maid, banker, secretary, captain, dancer, programmer, "
        "librarian, chef, carpenter", "without": "he:she"},
    ),
)  # fmt: skip
LISTS = (
    ("Countries and capitals", "France:Paris, Italy:Rome, Japan:Tokyo, Germany:Berlin, Spain:Madrid, Russia:Moscow"),
    ("Fruit, animals, professions", "apple, pear, plum, cherry, dog, cat, horse, cow, doctor, lawyer, nurse, teacher"),
)


@dataclass(frozen=True, slots=True)
class _Wish:
    """What an address asks of axes or of a plane."""

    parameters: dict[str, str]
    asked: SearchRequest

    @property
    def shown(self) -> dict[str, str]:
        return {name: text for name, text in self.parameters.items() if text} | self.asked.of_model


def _wish(*names: str) -> _Wish:
    return _Wish({name: request.args.get(name, "").strip() for name in names}, read_search_request(request.args))


# ---- Axes


@planes.get("/axes", strict_slashes=False)
def axes() -> AnyResponse | str:
    """Words on one or two axes; without any, an example."""
    wish = _wish("x", "y", "words", "without")
    asked = wish.parameters
    if not any(asked.values()):
        return redirect(with_parameters("/axes", PRESETS[0][1] | wish.asked.of_model))
    content: dict[str, Any] = {"placed": None}
    if asked["x"] or asked["y"]:
        content = _shown(wish, *_on_axes(wish), "/axes")
    presets = [(name, with_parameters("/axes", chosen | wish.asked.of_model)) for name, chosen in PRESETS]
    swapped = with_parameters("/axes", wish.shown | {"x": asked["y"], "y": asked["x"]})
    return render("axes.html", wish.asked, "", given=asked, presets=presets, swapped=swapped, **content)


@planes.get(f"/axes.<any({_FORMS}):form>")
def axes_file(form: str) -> AnyResponse:
    """The same as a table or a picture."""
    return _file(form, *_on_axes(_wish("x", "y", "words", "without")))


_Draw = Callable[[Callable[[str], str] | None, int], Drawing]


def _on_axes(wish: _Wish) -> tuple[Placement, _Draw]:
    asked = wish.parameters
    model = served_models_of_app().model(wish.asked.model)
    texts = [text for text in (asked["x"], asked["y"]) if text]
    if not texts:
        raise QueryError("Axes need an x: a word, or two of them with a colon.", example="man:woman")
    placed = on_axes(model, texts, asked["words"], asked["without"])
    return placed, partial(_paint_axes, placed, model, asked["without"])


def _paint_axes(
    placed: Placement, model: WordVectors, apart: str, link: Callable[[str], str] | None, width: int
) -> Drawing:
    content, height, across, down = draw_axes(placed, width, link)
    named = " and ".join(
        f"{axis.text} ({'from left to right' if number == 0 else 'from bottom to top'})"
        for number, axis in enumerate(placed.axes)
    )
    caption = f"The cosine of each word with {named}" + (f", all without the direction of {apart}." if apart else ".")
    frame = svg.Frame(width, height, f"Words on {' and '.join(placed.names)}", f"{caption} {_numbers(placed)}")
    scales = {"x": across} | ({"y": down} if down else {})
    said = {
        f"data_{name}": f"{scale.low:.4f} {scale.high:.4f} {scale.start:.1f} {scale.end:.1f}"
        for name, scale in scales.items()
    }
    return drawing(content, frame, caption, None if link else source_of(model), **said)


def _numbers(placed: Placement) -> str:
    return "; ".join(f"{word} {', '.join(f'{value:+.2f}' for value in values)}" for word, values in placed.rows) + "."


# ---- A list of words in a plane


@planes.get("/plane", strict_slashes=False)
def plane() -> AnyResponse | str:
    """A list of words in a plane; without any, an example."""
    wish = _wish("words", "by", "without")
    if not wish.parameters["words"]:
        return redirect(with_parameters("/plane", {"words": _example(wish)} | wish.asked.of_model))
    presets = [(name, with_parameters("/plane", {"words": words} | wish.asked.of_model)) for name, words in LISTS]
    content = _shown(wish, *_in_plane(wish), "/plane")
    return render("plane.html", wish.asked, "", given=wish.parameters, presets=presets, **content)


def _example(wish: _Wish) -> str:
    """A list that the model knows: a preset, or its most frequent words."""
    model = served_models_of_app().model(wish.asked.model)
    if has_place_for(model, LISTS[0][1]):
        return LISTS[0][1]
    frequent = model.vocabulary.words(range(min(len(model), 40)))
    return ", ".join([word for word in frequent if word.isalpha()][:12])


@planes.get(f"/plane.<any({_FORMS}):form>")
def plane_file(form: str) -> AnyResponse:
    """The same as a table or a picture."""
    return _file(form, *_in_plane(_wish("words", "by", "without")))


def _in_plane(wish: _Wish) -> tuple[Placement, _Draw]:
    asked = wish.parameters
    if asked["by"] not in ("", *Projection):
        raise QueryError(f"Words are laid out by {' or '.join(Projection)}, and here it is '{asked['by'][:40]}'.")
    projection = Projection(asked["by"] or Projection.PCA)
    model = served_models_of_app().model(wish.asked.model)
    placed = in_plane(model, asked["words"], projection, asked["without"])
    how = "in the plane where they spread most (PCA)" if projection is Projection.PCA else "laid out by UMAP"
    apart = f", without the direction of {asked['without']}" if asked["without"] else ""
    scene = scene_of_words(placed.words, placed.places, placed.pairs, f"{len(placed.words)} words {how}{apart}.")
    return placed, lambda link, width: paint_scene(
        scene, model, f"{len(placed.words)} words", _numbers(placed), link, width
    )


# ---- Both


def _shown(wish: _Wish, placed: Placement, draw: _Draw, path: str) -> dict[str, Any]:
    link = partial(word_address, parameters=wish.asked.of_model)
    wide = draw(link, WIDE)
    return {
        "placed": placed,
        "wide": as_markup(wide),
        "narrow": as_markup(draw(link, NARROW)),
        "caption": wide.caption,
        "files": {form: with_parameters(f"{path}.{form}", wish.shown) for form in _FORMS.split(", ")},
        "citation": exports.citation(served_models_of_app().model(wish.asked.model)),
    }


def _file(form: str, placed: Placement, draw: _Draw) -> AnyResponse:
    if form == "json":
        return json_file(placed.as_dict())
    if form == "csv":
        rows = ([word, *(f"{value:.6f}" for value in values)] for word, values in placed.rows)
        return csv_file(exports.table(["word", *placed.names], rows))
    return picture_file(draw(None, WIDE).svg, form)
