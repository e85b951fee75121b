"""Replies as bytes."""

import json

import pytest
from pydantic import ValidationError

from embeddings.errors import UnknownWord
from embeddings.models import Model
from service.api.replies import REPLIES, analogy_text, timing_of
from service.host import InvalidRequest, ServedModels, Settings


def test_a_reply_is_the_same_bytes_each_time_and_has_its_tag(tiny_model: Model) -> None:
    serving = ServedModels(Settings(models=(str(tiny_model.folder),)))
    query = REPLIES["/api/v1/query"]
    first, again = (query(serving, "q=king+-+man+%2B+woman&k=2") for _ in range(2))
    assert (first.tag, first.body) == (again.tag, again.body)
    assert "took_ms" not in json.loads(first.body)
    assert first.answer is not None
    assert timing_of(first.answer).startswith("answer;dur=")
    assert query(serving, "q=king+-+man+%2B+woman&k=3").tag != first.tag
    analogy = REPLIES["/api/v1/analogy"](serving, "a=man&b=king&c=woman")
    assert json.loads(analogy.body)["results"][0]["word"] == "queen"
    words = REPLIES["/api/v1/vocabulary"](serving, "prefix=k&limit=1")
    assert json.loads(words.body)["words"][0]["word"] == "king"
    assert words.answer is None
    for _ in range(2):
        with pytest.raises(ValidationError):
            query(serving, "q=king&k=0")
    with pytest.raises(UnknownWord):
        query(serving, "q=nowhere")


def test_one_of_the_four_places_is_left_out() -> None:
    assert analogy_text("man", None, "woman", "queen") == '"man" : ? :: "woman" : "queen"'
    with pytest.raises(InvalidRequest, match="exactly three"):
        analogy_text("man", None, None, None)
