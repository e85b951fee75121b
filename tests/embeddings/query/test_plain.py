"""The shortcut for plain queries reads them as the grammar does."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embeddings.query.parser import parse
from embeddings.query.plain import parse_plain

WORDS = st.sampled_from(["king", "new york", "united_states", "A", "is", "to", "as", "is to", "this is", "to b"])
SIGNS = st.sampled_from([" + ", " - ", " : ", ":", " :: ", "::", " ", " : ?", ":?"])


@given(st.lists(st.tuples(WORDS, SIGNS), min_size=1, max_size=5))
@settings(max_examples=300, deadline=None)
def test_a_plain_query_is_read_as_the_grammar_reads_it(parts: list[tuple[str, str]]) -> None:
    text = "".join(f"{word}{sign}" for word, sign in parts).rstrip(" :+-")
    plain = parse_plain(text, 64)
    if plain is None:
        return
    slow = parse(text + "\t")  # which is not plain, and means the same
    assert slow == plain
    assert [term.column for term in slow.terms] == [term.column for term in plain.terms]
    assert [(term.quoted, term.counted) for term in slow.terms] == [(term.quoted, term.counted) for term in plain.terms]
    assert (slow.notes, slow.doubtful) == (plain.notes, plain.doubtful)


@pytest.mark.parametrize(
    "text", ["coffee", "new york", "king - man + woman", "king:man::queen:?", "United States : dollar :: Mexico : ?"]
)
def test_plain_queries_take_the_shortcut(text: str) -> None:
    assert parse_plain(text, 64) is not None


@pytest.mark.parametrize(
    "text", ["a is to b", "a - b - c", "vice-president", "-king", "king  - man", "café", "2 kings"]
)
def test_others_are_left_to_the_grammar(text: str) -> None:
    assert parse_plain(text, 2) is None
