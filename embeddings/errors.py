"""One hierarchy of all errors, whose messages are meant for people."""

from collections.abc import Mapping, Sequence
from typing import Any, Self


class EmbeddingsError(Exception):
    """Base of all errors that this library raises on purpose."""

    def as_dict(self) -> dict[str, object]:
        """The error as a batch, a pipe or an API body has it: ``type``, ``detail`` and whatever else is known."""
        return {"type": type(self).__name__, "detail": str(self)}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """The error that `as_dict` described, word for word."""
        return cls(str(content["detail"]))


class QueryError(EmbeddingsError):
    """A query that cannot be read, or that has no answer whatever the model.

    ``column`` counts characters of the text from 1; ``example`` is a correct form.
    """

    def __init__(self, detail: str, *, column: int | None = None, example: str | None = None) -> None:
        self.column = column
        self.example = example
        where = f"Column {column}: " if column is not None else ""
        remedy = f" Try: {example}" if example else ""
        super().__init__(f"{where}{detail}{remedy}")

    def as_dict(self) -> dict[str, object]:
        known = {"column": self.column, "example": self.example}
        return super().as_dict() | {key: value for key, value in known.items() if value is not None}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        column, example = content.get("column"), content.get("example")
        detail = str(content["detail"])
        if column is not None:
            detail = detail.removeprefix(f"Column {column}: ")
        if example is not None:
            detail = detail.removesuffix(f" Try: {example}")
        return cls(detail, column=column, example=example)


class UnknownWord(EmbeddingsError):
    """A term that the model has no vector for, with the closest spellings."""

    def __init__(self, word: str, suggestions: Sequence[str] = (), *, model: str = "the model") -> None:
        self.word = word
        self.suggestions = list(suggestions)
        self.model = model
        quoted = [f"'{suggestion}'" for suggestion in self.suggestions]
        choice = ", ".join(quoted[:-1]) + " or " + quoted[-1] if len(quoted) > 1 else "".join(quoted)
        hint = f" Did you mean {choice}?" if choice else ""
        super().__init__(f"'{word}' is not in {model}.{hint}")

    def as_dict(self) -> dict[str, object]:
        return super().as_dict() | {"word": self.word, "suggestions": self.suggestions}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        word, suggestions = str(content["word"]), tuple(map(str, content["suggestions"]))
        hint = str(cls("", suggestions, model="")).removeprefix("'' is not in ")
        model = str(content["detail"]).removeprefix(f"'{word}' is not in ").removesuffix(hint)
        return cls(word, suggestions, model=model)


class ModelError(EmbeddingsError):
    """A model, or a file of vectors, that is missing, damaged, unreadable or cannot be written."""


class CorpusError(EmbeddingsError):
    """Training text, or a test set, that cannot be read or has no usable content."""


class EngineError(EmbeddingsError):
    """The cluster for the work is missing, cannot be reached, or gave up."""


class MissingExtra(EmbeddingsError):
    """The request needs an extra that is not installed; the message says which."""


class KernelError(EmbeddingsError):
    """Compiled code is missing, or cannot run on this processor. Callers that can do without it say so and go on."""


def error_from_dict(content: Mapping[str, Any]) -> EmbeddingsError:
    """The error that `EmbeddingsError.as_dict` described. Raises KeyError or TypeError if it is none."""
    kinds = (QueryError, UnknownWord, ModelError, CorpusError, EngineError, KernelError, MissingExtra)
    return {kind.__name__: kind for kind in kinds}.get(content["type"], EmbeddingsError).from_dict(content)
