"""Kinds of queries that are plain terms with a sign between them: the table is all that the parser goes by."""

import pytest

from embeddings import QueryError
from embeddings.query import Kind, parse
from embeddings.query.kinds import SEPARATORS


@pytest.mark.parametrize("kind", SEPARATORS)
def test_the_example_of_each_is_of_its_kind_and_canonical(kind: Kind) -> None:
    query = parse(SEPARATORS[kind].example)
    assert query.kind is kind
    assert str(query) == SEPARATORS[kind].example


@pytest.mark.parametrize("kind", SEPARATORS)
def test_too_few_and_too_many_terms_are_refused_with_a_form_that_is_right(kind: Kind) -> None:
    separator = SEPARATORS[kind]
    for number in {separator.least - 1, (separator.most or 64) + 1} - {1}:
        with pytest.raises(QueryError) as raised:
            parse(separator.between.join(f"w{place}" for place in range(number)))
        assert raised.value.example is None or parse(raised.value.example)
        assert str(raised.value).startswith("Column ") or "at most 64 terms" in str(raised.value)


def test_the_first_character_of_a_longer_sign_is_a_part_of_a_word() -> None:
    assert [term.text for term in parse("a<b").terms] == ["a<b"]
