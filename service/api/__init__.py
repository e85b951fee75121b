"""JSON over HTTP: /api/v1, the OpenAI-compatible /v1, and the document that describes them."""

from service.api.endpoints import api, as_json
from service.api.examples import EXAMPLES, ExampleCall
from service.api.examples import RESPONSES as EXAMPLES_FILE
from service.api.openai import compatible
from service.api.openapi import complete_document, documentation
from service.api.problem_pages import PROBLEM_PAGES, problem_pages
from service.api.replies import REPLIES, timing_of
from service.api.routes import AnyText
from service.api.vectors import vectors

BLUEPRINTS = (api, vectors, compatible)
"""All routes that the document describes."""

__all__ = [
    "BLUEPRINTS",
    "EXAMPLES",
    "EXAMPLES_FILE",
    "PROBLEM_PAGES",
    "REPLIES",
    "AnyText",
    "ExampleCall",
    "as_json",
    "complete_document",
    "documentation",
    "problem_pages",
    "timing_of",
]
