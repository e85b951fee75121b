"""Answers side by side: of two models, or of one to two queries."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

from flask import request

from embeddings import Answer, Failure
from embeddings.errors import QueryError, UnknownWord
from service.host import UnknownModel, served_models_of_app
from service.page.addresses import search_address, with_parameters
from service.page.layout import MOST_CARDS, answer_to, examples_for, page_blueprint, render
from service.page.meanings import meanings_of
from service.page.search_request import SearchRequest, read_search_request

explore = page_blueprint("explore")


@dataclass(frozen=True, slots=True)
class Side:
    """One of two answers: what was asked of which model, and what came."""

    query: str
    model: str
    found: Answer | Failure
    files: dict[str, str]
    address: str

    @property
    def most(self) -> float:
        """The score that a full bar stands for."""
        results = () if isinstance(self.found, Failure) else self.found.results
        return max((abs(result.score) for result in results), default=1.0)


@explore.get("/compare", strict_slashes=False)
def compare() -> str:
    """One query put to two models, or two queries to one, side by side."""
    asked = read_search_request(request.args)
    queries = [request.args.get("q", "").strip(), request.args.get("q2", "").strip()]
    names = served_models_of_app().names
    models = _two_models(request.args.getlist("models"), asked.model, names)
    if all(queries) and not _named(request.args.getlist("models")):
        models = [models[0]] * 2  # two queries, and nothing said of two models
    sides: list[Side] = []
    if queries[0] or queries[1]:
        first, second = queries[0] or queries[1], queries[1] or queries[0]
        sides.append(_side(first, models[0], asked))
        if (second, models[1]) != (first, models[0]) or len(_named(request.args.getlist("models"))) > 1:
            sides.append(_side(second, models[1], asked))
    answers = [side.found for side in sides if isinstance(side.found, Answer)]
    found = [{result.word for result in answer.results} for answer in answers]
    shown = replace(asked, model=models[0] if asked.model or models[0] != names[0] else None)
    return render(
        "compare.html",
        shown,
        queries[0],
        second=queries[1],
        chosen=models,
        sides=sides,
        most_cards=MOST_CARDS,
        listed=min((len(answer.results) for answer in answers), default=0),
        meanings={side.model: _meanings(side) for side in sides},
        suggested=_suggested(shown),
        common=set.intersection(*found) if len(found) == 2 else set(),
    )


def _suggested(asked: SearchRequest) -> list[tuple[str, str]]:
    """Pairs of queries to begin with."""
    known = served_models_of_app().model(asked.model).vocabulary.row
    pairs = [("coffee", "tea"), ("king", "queen")]
    queries = [example.query for example in examples_for(asked)]
    found = [pair for pair in pairs if all(known(word) is not None for word in pair)]
    return found or list(pairwise(queries))[:2]


def _two_models(given: Iterable[str], model: str | None, names: list[str]) -> list[str]:
    """The models of both sides: those that were named, the others of the service, the first one twice if need be."""
    chosen = _named(given) or ([model] if model else [])
    for name in chosen:
        if name not in names:
            raise UnknownModel(name, names)
    return (chosen + [name for name in names if name not in chosen] + [(chosen or names)[0]])[:2]


def _named(given: Iterable[str]) -> list[str]:
    return [name.strip() for names in given for name in names.split(",") if name.strip()]


def _side(query: str, model: str, asked: SearchRequest) -> Side:
    of_side = replace(asked, model=model)
    try:
        found: Answer | Failure = answer_to(query, of_side)[0]
    except (QueryError, UnknownWord) as error:
        found = Failure(query, error)
    shown = {"q": query, **of_side.parameters}
    files = {form.upper(): with_parameters(f"/answer.{form}", shown) for form in ("csv", "json")}
    return Side(query, model, found, files, search_address(query, of_side.parameters))


def _meanings(side: Side) -> dict[str, str]:
    if isinstance(side.found, Failure):
        return {}
    words = [result.word for result in side.found.results[:MOST_CARDS]]
    return {
        word: meaning.text for word, meaning in meanings_of(served_models_of_app().model(side.model), words).items()
    }
