"""Terms in small letters."""

import numpy as np

from embeddings.text import FIRST_WORD, TokenParameters, find_terms, joined_word, term_links, tokenise
from embeddings.text.terms import term_words


def test_terms_stand_where_nouns_stand_and_have_no_function_words_at_their_edges() -> None:
    random = np.random.default_rng(1)
    fillers = [f"word{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
    fillers = [word.replace("word", "wort") for word in fillers]
    lines = []
    for _ in range(400):
        one, two, three = random.choice(fillers, 3)
        lines.append(f"the film noir of {one} was rather than {two} and he wrested control of {three}")
    tokens = tokenise("\n".join(lines), TokenParameters())
    counts = np.bincount(tokens.ids, minlength=len(tokens.words) + FIRST_WORD)
    edges = term_words(tokens.words, counts, np.zeros(len(counts), bool))
    links = term_links(tokens.words, counts, edges)
    found = find_terms(tokens.ids, tokens.words, counts, links)
    assert {joined_word(parts, tokens.words) for parts in found.parts} == {"film_noir"}
