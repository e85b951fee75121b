"""Runs of capitalised words, counted."""

import numpy as np
import pytest

from embeddings.text import FIRST_WORD, Case, TokenParameters, spellings_of, tokenise
from embeddings.text.capitals import count_capitals, count_runs, find_subjects


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_runs_and_the_runs_within_them_are_counted_over_blocks(size: int) -> None:
    text = "we saw Tower Bridge Road and Kew.\nthen we saw Tower Bridge.\nTOWER BRIDGE is old.\n"
    tokens = tokenise(text, TokenParameters(case=Case.KEEP))
    spellings = spellings_of(tokens.words, Case.LOWER)
    ids = np.concatenate((tokens.ids, tokens.ids))
    blocks = [tokens.ids, tokens.ids]
    capitals = count_capitals(blocks, spellings)
    runs = count_runs(ids, spellings, capitals, 1, max(size, len(tokens.ids)))
    found = {
        " ".join(spellings.words[number - FIRST_WORD] for number in numbers if number): (met, whole, apart)
        for numbers, met, whole, apart in zip(
            runs.words.tolist(), runs.met.tolist(), runs.whole.tolist(), runs.apart.tolist(), strict=True
        )
    }
    assert found["tower bridge road and kew"] == (2, 2, len(tokens.ids))
    assert found["tower bridge road"] == (2, 2, len(tokens.ids))
    assert found["tower bridge"][:2] == (4, 2)
    assert found["bridge road"][:2] == (2, 0)
    subjects = {
        " ".join(spellings.words[number - FIRST_WORD] for number in subject)
        for subject in find_subjects(blocks, spellings)
    }
    assert subjects == {"tower bridge"}
    number = list(spellings.words).index("tower") + FIRST_WORD
    assert (capitals.met[number], capitals.within[number], capitals.capital[number]) == (6, 4, 4)
