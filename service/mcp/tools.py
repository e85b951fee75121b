"""The tools: ask, neighbours, similarity, odd one out, compare; what each takes and gives is in its schema."""

from collections.abc import Callable
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from embeddings import Answer, EmbeddingsError, Failure, Method, Options
from embeddings.extras import need
from embeddings.query import literal
from service.host import ServedModels

if TYPE_CHECKING:
    from mcp.server import MCPServer

_INSTRUCTIONS = """Word vectors: what words mean by the company they keep. Scores are cosines, -1 to 1. A word that a
model does not know is an error that suggests others. A query can be: coffee (neighbours); king - man + woman (sums,
with weights and brackets); Paris : France :: Rome : ? (analogies); breakfast, cereal, dinner (odd one out); coffee <>
tea (similarity). Quotes make one term: "rock and roll" - rock."""
_MOST = 100

Word = Annotated[str, Field(description="A word or phrase, taken literally.", examples=["coffee", "New York"])]
Number = Annotated[int, Field(ge=1, le=_MOST, description="Number of results.")]
ModelName = Annotated[str | None, Field(description="Name of a served model. Without it, the default model is asked.")]


class FoundWord(TypedDict):
    """A word and its score; ``rank`` is its place by frequency, from 1."""

    word: str
    score: float
    rank: int | None
    description: NotRequired[str]


class FoundAnswer(TypedDict):
    """An answer, and how the query was read."""

    query: str
    kind: str
    read_as: str
    model: str
    results: list[FoundWord]
    score: NotRequired[float]
    terms: list[str]
    shared: NotRequired[list[str]]
    apart: NotRequired[list[str]]
    notes: NotRequired[list[str]]


class FoundSimilarity(TypedDict):
    """The cosine of two words."""

    a: str
    b: str
    model: str
    score: float


class ModelAnswer(TypedDict):
    """What one model says: an answer, or why it has none."""

    model: str
    answer: NotRequired[FoundAnswer]
    error: NotRequired[str]


class Comparison(TypedDict):
    """The answers of several models to one query, and the words that all of them list."""

    query: str
    models: list[ModelAnswer]
    in_all: list[str]


class Tools:
    """What the tools do, with the models that are served."""

    def __init__(self, models: ServedModels) -> None:
        self._models = models

    def ask(
        self,
        query: Annotated[
            str,
            Field(
                description="A query of the query language.",
                examples=["king - man + woman", "United States : dollar :: Mexico : ?", "coffee <> tea"],
            ),
        ],
        k: Number = 10,
        model: ModelName = None,
        method: Annotated[Method, Field(description="How sums and analogies are searched.")] = Method.ADD,
        exact: Annotated[bool, Field(description="Compare with every word instead of using the index.")] = False,
        without: Annotated[
            str | None,
            Field(description="Directions that are taken out of the words asked: money, or man:woman.", max_length=200),
        ] = None,
    ) -> FoundAnswer:
        """Answer a query: neighbours, sums of words, analogies, the odd one out, similarity."""
        return _shown(self._answer(query, Options(k, method, exact, without=without), model))

    def neighbours(self, word: Word, k: Number = 10, model: ModelName = None) -> FoundAnswer:
        """The words used most like a word or phrase, nearest first."""
        return _shown(self._answer(literal(word), Options(k), model))

    def similarity(self, a: Word, b: Word, model: ModelName = None) -> FoundSimilarity:
        """How alike two words or phrases are used: the cosine of their vectors."""
        answer = self._answer(f"{literal(a)} <> {literal(b)}", Options(), model)
        assert answer.score is not None
        return {"a": a, "b": b, "model": answer.model, "score": round(answer.score, 6)}

    def odd_one_out(
        self,
        words: Annotated[
            list[str],
            Field(
                min_length=3,
                max_length=64,
                description="Words or phrases, taken literally.",
                examples=[["breakfast", "cereal", "dinner", "lunch"]],
            ),
        ],
        model: ModelName = None,
    ) -> FoundAnswer:
        """Which word does not belong (the first result), what the rest share, and what sets it apart."""
        return _shown(self._answer(", ".join(map(literal, words)), Options(), model))

    def compare(
        self,
        query: Annotated[str, Field(description="A query of the query language.", examples=["coffee", "bank - money"])],
        models: Annotated[
            list[str] | None, Field(max_length=16, description="Names of served models. Without them, all are asked.")
        ] = None,
        k: Number = 10,
    ) -> Comparison:
        """Put one query to several models, and see what they agree on."""
        answers = [self._of_model(query, name, Options(k)) for name in models or self._models.names]
        listed = [{found["word"] for found in each["answer"]["results"]} for each in answers if "answer" in each]
        agreed = set.intersection(*listed) if listed else set()
        first = next((each["answer"]["results"] for each in answers if "answer" in each), [])
        in_all = [found["word"] for found in first if found["word"] in agreed]
        return {"query": query, "models": answers, "in_all": in_all}

    def _answer(self, query: str, options: Options, model: str | None) -> Answer:
        from mcp.server.mcpserver.exceptions import ToolError

        try:
            return self._models.ask(query, options, model)
        except EmbeddingsError as error:
            raise ToolError(str(error)) from error

    def _of_model(self, query: str, name: str, options: Options) -> ModelAnswer:
        try:
            [answer] = self._models.ask_many([query], options, name)
        except EmbeddingsError as error:
            return {"model": name, "error": str(error)}
        if isinstance(answer, Failure):
            return {"model": name, "error": str(answer.error)}
        return {"model": name, "answer": _shown(answer)}


def _shown(answer: Answer) -> FoundAnswer:
    content = answer.as_dict()
    shown: FoundAnswer = {
        "query": answer.query,
        "kind": content["kind"],
        "read_as": answer.read_as,
        "model": answer.model,
        "terms": [f"{term.text}: {term.resolved} ({', '.join(term.words)})" for term in answer.terms],
        "results": [_without_display(result) for result in content["results"]],
    }
    if "score" in content:
        shown["score"] = content["score"]
    for name in ("shared", "apart"):
        if name in content:
            shown[name] = [result["word"] for result in content[name]]
    if answer.notes:
        shown["notes"] = list(answer.notes)
    return shown


def _without_display(result: dict[str, Any]) -> FoundWord:
    found: FoundWord = {
        "word": result.get("display", result["word"]),
        "score": result["score"],
        "rank": result["rank"],
    }
    if "description" in result:
        found["description"] = result["description"]
    return found


def tool_server(models: ServedModels) -> "MCPServer[Any]":
    """The server of the official package with our tools. Raises `MissingExtra` without that package."""
    need("mcp", "mcp", "The Model Context Protocol")
    from mcp.server import MCPServer
    from mcp.types import ToolAnnotations

    tools = Tools(models)
    server: MCPServer[Any] = MCPServer(
        "thisplusthat",
        title="ThisPlusThat",
        description="Word vectors to ask.",
        instructions=f"{_INSTRUCTIONS}\nModels: {', '.join(models.names)}.",
        version=version("thisplusthat"),
        log_level="ERROR",
    )
    functions: tuple[Callable[..., Any], ...] = (
        tools.ask,
        tools.neighbours,
        tools.similarity,
        tools.odd_one_out,
        tools.compare,
    )
    for function in functions:
        hints = ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)
        server.tool(annotations=hints, structured_output=True)(function)
    return server
