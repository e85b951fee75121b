"""Runs of capitalised words, counted."""

from embeddings.text import FIRST_WORD, Case, TokenParameters, spellings_of, tokenise
from embeddings.text.capitals import RunCounter, count_capitals


def test_runs_and_the_runs_within_them_are_counted_over_blocks() -> None:
    text = "we saw Tower Bridge Road and Kew.\nthen we saw Tower Bridge.\nTOWER BRIDGE is old.\n"
    tokens = tokenise(text, TokenParameters(case=Case.KEEP))
    spellings = spellings_of(tokens.words, Case.LOWER)
    blocks = [tokens.ids, tokens.ids]
    capitals = count_capitals(blocks, spellings)
    counter = RunCounter(spellings, capitals)
    for block in blocks:
        counter.add(block)
    runs = counter.finish(1, np.concatenate(blocks))
    found = {
        " ".join(spellings.words[number - FIRST_WORD] for number in numbers if number): (met, whole)
        for numbers, met, whole in zip(runs.words.tolist(), runs.met.tolist(), runs.whole.tolist(), strict=True)
    }
    assert found["tower bridge road and kew"] == (2, 2)
    assert found["tower bridge road"] == (2, 2)
    assert found["tower bridge"] == (4, 2)
    assert found["bridge road"] == (2, 0)
    subjects = {" ".join(spellings.words[number - FIRST_WORD] for number in subject) for subject in counter.subjects}
    assert subjects == {"tower bridge"}
    number = list(spellings.words).index("tower") + FIRST_WORD
    assert (capitals.met[number], capitals.within[number], capitals.capital[number]) == (6, 4, 4)
