"""An answer as lines for people. Without Rich, whose import would take as long as the answer."""

import os
import unicodedata
from collections.abc import Iterator, Sequence
from typing import TextIO

from embeddings import Answer
from embeddings.answers import Explanation, Result, TermReading

_CODES = {"bold": "1", "dim": "2", "yellow": "33"}
_CONTROLS = dict.fromkeys((*range(32), *range(127, 160)), "\ufffd")
_BETWEEN = "  "
Piece = tuple[str, str]
"""A text and its style, which may be none."""


def show_answer(answer: Answer, out: TextIO) -> None:
    """How the query was read, how its terms were found if that is not obvious, and the results."""
    is_styled = out.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    for line in _lines(answer):
        text = "".join([_styled(part, style) if is_styled else part for part, style in line])
        out.write(f"{text.rstrip()}\n")
    out.flush()


def _styled(text: str, style: str) -> str:
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if style else text


def _lines(answer: Answer) -> Iterator[Sequence[Piece]]:
    about = f"   {answer.kind}, {answer.method}, {answer.model}"
    yield [_piece(answer.read_as, "bold"), _piece(about, "dim")]
    for term in answer.terms:
        if not _is_plain(term):
            yield [_piece(f"  {_how(term)}", "dim")]
    for note in answer.notes:
        yield [_piece(f"  {note}", "yellow")]
    if answer.score is not None:
        yield [_piece(_decimals(answer.score), "bold")]
    elif answer.shared is not None and answer.apart is not None:
        yield [_piece(answer.results[0].shown, "bold"), _piece(" is the odd one out.")]
        yield from _results(answer, "mean cosine")
        yield [_piece(f"the rest share: {_listed(answer.shared)}")]
        yield [_piece(f"sets it apart:  {_listed(answer.apart)}")]
    else:
        yield from _results(answer, "score")
    if answer.explanation is not None:
        yield from _explanation(answer, answer.explanation)


def _piece(text: str, style: str = "") -> Piece:
    return text.translate(_CONTROLS), style


def _is_plain(term: TermReading) -> bool:
    """Whether a term is the entry that it was written as, or would be within a sentence."""
    return term.resolved == "exact" or (term.resolved == "case" and term.words == (term.text.lower(),))


def _how(term: TermReading) -> str:
    words = " + ".join(term.words)
    match term.resolved:
        case "case":
            return f"{term.text} → {words}"
        case "phrase":
            return f"{term.text} → {words} (a phrase of the vocabulary)"
        case "composed":
            return f"{term.text} → {words} (the mean of these words)"
    return f"{term.text} → from the character n-grams of {words}"


def _results(answer: Answer, score: str) -> Iterator[Sequence[Piece]]:
    relation = answer.explanation.relation if answer.explanation is not None else None
    names = ["", "word", score, "rank", *([] if relation is None else ["relation"])]
    rows = [
        [
            str(number),
            result.shown,
            _decimals(result.score),
            "" if result.rank is None else f"{result.rank:,}",
            *([] if relation is None else [_decimals(relation[number - 1])]),
        ]
        for number, result in enumerate(answer.results, start=1)
    ]
    return _table(names, rows, of_words=1, dim=(0, 3))


def _explanation(answer: Answer, explanation: Explanation) -> Iterator[Sequence[Piece]]:
    if explanation.margin is not None:
        yield [_piece(f"margin to the runner-up: {_decimals(explanation.margin)}")]
    asked = [f"cosine with {term.text}" for term in answer.terms] if explanation.cosines else []
    lines = iter(explanation.cosines)
    rows = []
    for point in explanation.points:
        cosines = [_decimals(cosine) for cosine in next(lines)] if point.role == "result" else []
        rows.append([point.word, _decimals(point.x, 3), _decimals(point.y, 3), *cosines])
    yield from _table(["in the plane (PCA)", "x", "y", *asked], rows)


def _table(
    names: Sequence[str], rows: Sequence[Sequence[str]], *, of_words: int = 0, dim: Sequence[int] = ()
) -> Iterator[Sequence[Piece]]:
    """A line of ``names`` and one for each row; the column ``of_words`` begins on the left, all others end on the
    right.
    """
    cells = [[_piece(text)[0] for text in row] for row in (names, *rows)]
    widths = [max([_width(row[column]) for row in cells if column < len(row)]) for column in range(len(names))]
    for number, row in enumerate(cells):
        pieces = []
        for column, (text, width) in enumerate(zip(row, widths, strict=False)):
            blanks = " " * (width - _width(text))
            shown = text + blanks if column == of_words else blanks + text
            style = "bold" if number == 0 else "dim" if column in dim else ""
            pieces.append((_BETWEEN * bool(column) + shown, style))
        yield pieces


def _width(text: str) -> int:
    """How many columns of a terminal ``text`` takes."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide - sum(unicodedata.category(letter) in ("Mn", "Me", "Cf") for letter in text)


def _decimals(number: float, places: int = 4) -> str:
    """``number`` as it is in JSON, with six decimals, rounded further, so that answers of a service look like local
    ones.
    """
    return f"{round(number, 6):.{places}f}"


def _listed(results: Sequence[Result]) -> str:
    return ", ".join(result.shown for result in results) or "nothing that stands out"
