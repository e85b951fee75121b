"""Numbers of words: the same by the kernel and by the regular expression, whatever the text and however it is cut."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from embeddings.text import numbering as module
from embeddings.text.kernel import has_kernel
from embeddings.text.numbering import Numbering, find_tokens
from embeddings.text.tokens import Case, Digits, Splitting, TokenParameters
from tests.embeddings.text.kernel.test_token_table import texts

needs_kernel = pytest.mark.skipif(not has_kernel(), reason="no kernel is compiled here")


def numbered(blocks: list[str], parameters: TokenParameters, *, by_kernel: bool) -> tuple[list[str], list[list[int]]]:
    numbering = Numbering(parameters, by_kernel=by_kernel)
    ids = [numbering.add(find_tokens(block, parameters.splitting, by_kernel=by_kernel)).tolist() for block in blocks]
    return list(numbering.words), ids


@needs_kernel
@given(
    st.lists(texts, min_size=1, max_size=3),
    st.builds(
        TokenParameters,
        splitting=st.sampled_from(Splitting),
        case=st.sampled_from(Case),
        digits=st.sampled_from(Digits),
        min_word_length=st.integers(1, 3),
        min_sentence_length=st.integers(1, 3),
    ),
)
@example(["Don\u2019t DON'T don't.", "", "don't e\u0301 \u00e9 " + "x" * 1001 + " \ufb01ne fine"], TokenParameters())
def test_both_number_the_same_words(blocks: list[str], parameters: TokenParameters) -> None:
    assert numbered(blocks, parameters, by_kernel=True) == numbered(blocks, parameters, by_kernel=False)


@pytest.mark.parametrize("by_kernel", [pytest.param(True, marks=needs_kernel), False])
def test_pieces_of_a_text_make_no_difference(monkeypatch: pytest.MonkeyPatch, by_kernel: bool) -> None:
    text = "One word, two words.\nThree words and U.S. words " * 20
    whole = numbered([text], TokenParameters(), by_kernel=by_kernel)
    monkeypatch.setattr(module, "_PIECE", 50)
    assert numbered([text], TokenParameters(), by_kernel=by_kernel) == whole
    assert whole[0][:3] == ["one", "word", "two"]
