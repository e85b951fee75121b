"""What the API accepts and returns, declared once: these models validate requests and make the OpenAPI document."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from embeddings import Method, Options
from embeddings.query import MOST_CHARACTERS

MOST_QUERIES = 1000
MOST_INPUTS = 2048
MOST_WORDS = 1000
MOST_VECTORS = 10_000
_MOST_ROWS = 2**31 - 1
_WITHOUT = "Directions that are taken out of the words asked, by commas: money, or man:woman for a difference."


class RequestModel(BaseModel):
    """Base of all requests. Undeclared fields are refused, since they would be ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SearchParameters(RequestModel):
    """How to search, for every form of query."""

    model: str | None = Field(default=None, description="Name of a served model. Without it, the first one is asked.")
    k: int = Field(default=10, ge=1, le=1000, description="Number of results.")
    method: Method = Field(default=Method.ADD, description="How sums and analogies are searched.")
    exact: bool = Field(default=False, description="Compare with every word instead of using the index.")
    explain: bool = Field(
        default=False, description="Explain the answer: cosines, relation, margin, places in a plane."
    )
    restrict: int | None = Field(
        default=None, ge=1, le=_MOST_ROWS, description="Only this many of the most frequent words."
    )
    all_forms: bool = Field(default=False, description="Also list other cases and accents of words already listed.")
    without: str | None = Field(default=None, max_length=MOST_CHARACTERS, description=_WITHOUT)

    @property
    def options(self) -> Options:
        return Options(self.k, self.method, self.exact, self.explain, self.restrict, self.all_forms, self.without)


class QueryParameters(SearchParameters):
    q: str = Field(description="A query.", json_schema_extra={"example": "king - man + woman"})


class QueryEntry(RequestModel):
    """A query with its own options; options that it leaves out are those of the request."""

    q: str = Field(description="A query.")
    model: str | None = None
    k: int | None = Field(default=None, ge=1, le=1000)
    method: Method | None = None
    exact: bool | None = None
    explain: bool | None = None
    restrict: int | None = Field(default=None, ge=1, le=_MOST_ROWS)
    all_forms: bool | None = None
    without: str | None = Field(default=None, max_length=MOST_CHARACTERS)

    def over(self, for_all: SearchParameters) -> SearchParameters:
        """The options of this query: its own, else those of ``for_all``."""
        own = {name: value for name in self.model_fields_set - {"q"} if (value := getattr(self, name)) is not None}
        lifted = {"restrict": None} if "restrict" in self.model_fields_set and self.restrict is None else {}
        return for_all.model_copy(update=own | lifted)


class QueryBody(SearchParameters):
    """Many queries, or one (`q`): the answer has one form. Options are for all, or beside a query for it alone."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["queries"]}, {"required": ["q"]}]})

    queries: list[str | QueryEntry] = Field(
        default=[], max_length=MOST_QUERIES, description="Up to 1,000 queries, answered in their order."
    )
    q: str = Field(default="", description="One query, the same as queries with it alone.")


class AnalogyParameters(SearchParameters):
    """Leave out exactly one of the four: the one to find."""

    a: str | None = Field(default=None, description="a is to b as c is to d.")
    b: str | None = None
    c: str | None = None
    d: str | None = None


class NeighboursParameters(SearchParameters):
    word: str = Field(description="A word or phrase, taken literally.")
    offset: int = Field(default=0, ge=0, le=999, description="Results to skip: next_offset of the page before.")


class SimilarityParameters(RequestModel):
    a: str = Field(description="A word or phrase, taken literally.")
    b: str = Field(description="Another.")
    without: str | None = Field(default=None, max_length=MOST_CHARACTERS, description=_WITHOUT)
    model: str | None = Field(default=None, description="Name of a served model.")


class OddOneOutParameters(SearchParameters):
    word: list[str] = Field(min_length=3, max_length=64, description="Words or phrases, taken literally.")


class OddOneOutBody(SearchParameters):
    words: list[str] = Field(min_length=3, max_length=64, description="Words or phrases, taken literally.")


class VocabularyParameters(RequestModel):
    prefix: str = Field(
        default="", description="How the words begin, whatever their case and accents.", max_length=2000
    )
    limit: int = Field(default=10, ge=1, le=1000, description="Number of words.")
    offset: int = Field(default=0, ge=0, le=_MOST_ROWS, description="Words to skip: next_offset of the page before.")
    model: str | None = Field(default=None, description="Name of a served model.")


class WordPath(RequestModel):
    word: str = Field(
        description="A word; it may contain slashes and any other character.", min_length=1, max_length=2000
    )


class WordParameters(RequestModel):
    k: int = Field(default=10, ge=1, le=1000, description="Number of neighbours.")
    model: str | None = Field(default=None, description="Name of a served model.")


class VectorsParameters(RequestModel):
    word: list[str] = Field(min_length=1, max_length=MOST_WORDS, description="Words or phrases, taken literally.")
    model: str | None = Field(default=None, description="Name of a served model.")


class VectorsBody(RequestModel):
    words: list[str] = Field(min_length=1, max_length=MOST_VECTORS, description="Words or phrases, taken literally.")
    model: str | None = Field(default=None, description="Name of a served model.")


class ModelPath(RequestModel):
    name: str = Field(description="Name of a served model.", min_length=1)


class EmbeddingsBody(BaseModel):
    """The body of OpenAI's ``POST /v1/embeddings``; names that it does not have here are ignored, as there."""

    model_config = ConfigDict(frozen=True)

    input: str | Annotated[list[str], Field(min_length=1, max_length=MOST_INPUTS)] = Field(
        description="A text or up to 2,048 texts. Token numbers are refused."
    )
    model: str = Field(description="Name of a served model.")
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = Field(default=None, ge=1, le=_MOST_ROWS, description="Only the model's own.")
    user: str | None = None

    @field_validator("input", mode="before")
    @classmethod
    def _is_text(cls, value: object) -> object:
        texts = value if isinstance(value, list) else [value]
        if any(isinstance(text, int | list) for text in texts):
            raise ValueError(
                "must be texts. These are numbers of OpenAI's tokens, which the models here do not have; clients that "
                "count tokens can be told to send texts, LangChain's by check_embedding_ctx_length=False"
            )
        if not all(isinstance(text, str) and text.strip() for text in texts):
            raise ValueError("must be a text or a list of texts, none of them empty")
        if len(texts) > MOST_INPUTS or not texts:
            raise ValueError(f"must be 1 to {MOST_INPUTS:,} texts, and these are {len(texts):,}")
        return value


# ---- What is given


class ResultBody(BaseModel):
    word: str
    score: float
    rank: int | None
    display: str | None = Field(default=None, description="Usual spelling of the word, if known.")
    description: str | None = Field(default=None, description="What it is, in one line, if known.")


class TermBody(BaseModel):
    text: str
    resolved: str
    words: list[str]
    weight: float


class AnswerBody(BaseModel):
    """An answer. ``took_ms`` is left out where answers can be cached (GET): it is in the header Server-Timing."""

    query: str
    kind: str
    read_as: str
    terms: list[TermBody]
    results: list[ResultBody]
    model: str
    method: str
    took_ms: float | None = None
    score: float | None = None
    shared: list[ResultBody] | None = None
    apart: list[ResultBody] | None = None
    explanation: dict[str, Any] | None = None
    notes: list[str] | None = None
    without: str | None = None


class NeighboursBody(AnswerBody):
    """A page of neighbours."""

    offset: int
    next_offset: int | None = Field(description="Offset of the next page; null on the last one.")


class ErrorBody(BaseModel):
    """Why there is no answer in this place."""

    type: str
    detail: str
    column: int | None = None
    example: str | None = None
    word: str | None = None
    suggestions: list[str] | None = None


class FailureBody(BaseModel):
    query: str
    error: ErrorBody


class AnswersBody(BaseModel):
    answers: list[AnswerBody | FailureBody]


class CompletedWord(BaseModel):
    word: str
    rank: int
    display: str | None = Field(
        default=None, description="Usual spelling of the word, if it is known and a query can use it."
    )


class VocabularyBody(BaseModel):
    prefix: str
    model: str
    words: list[CompletedWord]
    offset: int
    next_offset: int | None = Field(description="Offset of the next page; null on the last one.")


class WordBody(BaseModel):
    word: str
    model: str
    known: bool
    resolved: str | None
    words: list[str]
    rank: int | None
    count: int | None
    suggestions: list[str]
    neighbours: list[ResultBody]


class Vector(BaseModel):
    word: str
    resolved: str
    words: list[str]
    vector: list[float]


class MissingVector(BaseModel):
    word: str
    error: ErrorBody


class VectorsAnswer(BaseModel):
    model: str
    dimension: int
    vectors: list[Vector | MissingVector]


class ModelBody(BaseModel):
    """The card of a model; more can be in it."""

    model_config = ConfigDict(extra="allow")

    name: str
    dimension: int
    count: int
    method: str
    corpus: str
    licence: str


class ModelsBody(BaseModel):
    default: str
    models: list[ModelBody]


class Embedding(BaseModel):
    object: Literal["embedding"]
    index: int
    embedding: list[float] | str = Field(description="Numbers, or with base64 the little-endian float32 of them.")
    unknown: list[str] | None = Field(default=None, description="Words of the text that the model does not know.")


class EmbeddingsAnswer(BaseModel):
    object: Literal["list"]
    data: list[Embedding]
    model: str
    usage: dict[str, int]


class OpenAIPath(RequestModel):
    model: str = Field(description="Name of a served model.", min_length=1)


class OpenAIModel(BaseModel):
    id: str
    object: Literal["model"]
    created: int = Field(description="Seconds since 1970; 0 where it is not known.")
    owned_by: str


class OpenAIModels(BaseModel):
    object: Literal["list"]
    data: list[OpenAIModel]


class OpenAIErrorDetail(BaseModel):
    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIError(BaseModel):
    """An error as OpenAI's API shows it."""

    error: OpenAIErrorDetail


class Problem(BaseModel):
    """Problem details, RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    column: int | None = None
    example: str | None = None
    word: str | None = None
    suggestions: list[str] | None = None
    errors: list[dict[str, str]] | None = None
