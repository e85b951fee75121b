"""Parameters made of what was written down."""

import pytest

from embeddings.answers import Method, Options
from embeddings.parameters import typed


def test_names_become_choices_again() -> None:
    assert typed(Options, {"k": 3, "method": "3cosmul"}) == Options(3, Method.MULTIPLY)


def test_what_is_no_choice_or_no_field_is_an_error() -> None:
    with pytest.raises(ValueError, match="is not a valid Method"):
        typed(Options, {"method": "cosine"})
    with pytest.raises(TypeError, match="unexpected keyword argument 'n'"):
        typed(Options, {"n": 3})
