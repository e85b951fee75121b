"""An answer as JSON, and back."""

import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embeddings.answers import Answer, Failure, Method, Options, ask, ask_many
from embeddings.models.model import Model
from service.cli.answer_lines import show_answer
from service.cli.display import as_line


def test_an_answer_is_plain_json_with_the_documented_names(glove: Model) -> None:
    content = json.loads(json.dumps(ask(glove, "United States:Dollar :: Mexico:?", Options(k=3)).as_dict()))
    assert list(content) == ["query", "kind", "read_as", "terms", "results", "model", "method", "took_ms"]
    assert content["terms"][0] == {
        "text": "United States",
        "resolved": "composed",
        "words": ["united", "states"],
        "weight": -1.0,
    }
    assert content["results"][0] == {"word": "peso", "score": pytest.approx(0.78, abs=0.001), "rank": 8159}
    odd = ask(glove, "a, b, c").as_dict()
    assert {"shared", "apart"} <= odd.keys()
    assert "score" in ask(glove, "a <> b").as_dict()
    explained = ask(glove, "king - man + woman", Options(explain=True, k=3)).as_dict()["explanation"]
    assert list(explained) == ["cosines", "relation", "margin", "points"]


EVERY_KIND = [
    "king",
    "2*King - 0.5*(man + united states)",
    "king : man :: ? : woman",
    "man:king, woman:queen :: united:?",
    "king, queen, new york, bread",
    "king <> Queen",
    "king (",
    "quen",
    "king - king",
]


@settings(deadline=None)
@given(
    query=st.sampled_from(EVERY_KIND),
    options=st.builds(
        Options,
        k=st.integers(1, 20),
        method=st.sampled_from(Method),
        exact=st.booleans(),
        explain=st.booleans(),
        restrict=st.none() | st.integers(1, 20),
        all_forms=st.booleans(),
        without=st.sampled_from([None, "man:woman", "bread", "nosuchword"]),
    ),
)
def test_json_holds_all_of_an_answer(tiny_model: Model, query: str, options: Options) -> None:
    [answer] = ask_many(tiny_model, [query], options)
    content = json.loads(json.dumps(answer.as_dict()))
    again = (Answer if isinstance(answer, Answer) else Failure).from_dict(content)
    assert type(again) is type(answer)
    assert again.as_dict() == answer.as_dict()
    assert display(again) == display(answer)


def display(answer: Answer | Failure) -> str:
    """Every way in which it is shown."""
    out = io.StringIO()
    if isinstance(answer, Answer):
        show_answer(answer, out)
    return out.getvalue() + as_line(answer)


@pytest.mark.parametrize("missing", ["query", "kind", "terms", "results", "took_ms"])
def test_what_is_no_answer_is_not_taken_for_one(tiny_model: Model, missing: str) -> None:
    content = ask(tiny_model, "king").as_dict()
    for wrong in ({key: value for key, value in content.items() if key != missing}, {**content, missing: 7}):
        if wrong.get(missing) != 7 or missing not in ("query", "took_ms"):
            with pytest.raises((KeyError, TypeError, ValueError)):
                Answer.from_dict(wrong)
