"""JSON over HTTP: /api/v1, the OpenAI-compatible /v1, and the document that describes them."""

from service.api.endpoints import api, as_json, served_models_of_app
from service.api.openai import compatible
from service.api.openapi import documentation
from service.api.routes import AnyText
from service.api.schemas import AnswerBody, AnswersBody, OpenAIError, Problem, VectorsAnswer

__all__ = [
    "AnswerBody",
    "AnswersBody",
    "AnyText",
    "OpenAIError",
    "Problem",
    "VectorsAnswer",
    "api",
    "as_json",
    "compatible",
    "documentation",
    "served_models_of_app",
]
