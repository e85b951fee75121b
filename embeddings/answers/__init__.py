"""A query and a model give an answer: terms are resolved, targets searched, results explained."""

from embeddings.answers.answer import Answer, Failure, TermReading
from embeddings.answers.ask import ask, ask_in_blocks, ask_many
from embeddings.answers.axes import Axis, axis_of, directions_of, places_on, terms_of_list, vectors_asked, without
from embeddings.answers.elsewhere import ModelElsewhere
from embeddings.answers.explanation import Explanation, principal_plane
from embeddings.answers.methods import LocalModel, QueryMethods
from embeddings.answers.options import Method, Options
from embeddings.answers.resolution import Reading, Resolution, complete, find_entry, find_word, resolve, suggest
from embeddings.answers.result import Result
from embeddings.answers.running_text import TextReading, read_text

__all__ = [
    "Answer",
    "Axis",
    "Explanation",
    "Failure",
    "LocalModel",
    "Method",
    "ModelElsewhere",
    "Options",
    "QueryMethods",
    "Reading",
    "Resolution",
    "Result",
    "TermReading",
    "TextReading",
    "ask",
    "ask_in_blocks",
    "ask_many",
    "axis_of",
    "complete",
    "directions_of",
    "find_entry",
    "find_word",
    "places_on",
    "principal_plane",
    "read_text",
    "resolve",
    "suggest",
    "terms_of_list",
    "vectors_asked",
    "without",
]
