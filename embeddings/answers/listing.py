"""Results of many questions together: results.c writes them as JSON, and they become values when somebody looks."""

import ctypes
from collections.abc import Iterator, Sequence
from itertools import zip_longest

import numpy as np
import numpy.typing as npt
import orjson

from embeddings.answers.options import Options
from embeddings.answers.question import Question
from embeddings.answers.result import Result, new_result
from embeddings.models import Model, WordVectors, fold_each
from embeddings.native import address, load_library, missing_kernel
from embeddings.search import Matrix, Rows

_ROOM, _SPARE_ROOM = 128, 1 << 14
"""Bytes for a result, and more for one that is longer."""
_POINTER, _SIZE = ctypes.c_void_p, ctypes.c_int64


class ResultList:
    """The results of one question."""

    __slots__ = ("_scores", "json")

    def __init__(self, json: bytes, scores: bytes) -> None:
        """``scores`` are float32: those in ``json`` are rounded."""
        self.json = json
        self._scores = scores

    def __len__(self) -> int:
        return len(self._scores) // 4

    def results(self) -> tuple[Result, ...]:
        scores = memoryview(self._scores).cast("f").tolist()
        return tuple(
            [
                new_result((shown["word"], score, shown["rank"], shown.get("display"), shown.get("description")))
                for shown, score in zip(orjson.loads(self.json), scores, strict=True)
            ]
        )


class _Texts(ctypes.Structure):
    """results.c's Texts."""

    _fields_ = (("offsets", _POINTER), ("bytes", _POINTER))


class _Vocabulary(ctypes.Structure):
    """results.c's Vocabulary."""

    _fields_ = (("words", _Texts), ("displays", _Texts), ("descriptions", _Texts))


class _Found(ctypes.Structure):
    """results.c's Found."""

    _fields_ = (
        *(("questions", _SIZE), ("width", _SIZE), ("rows", _POINTER), ("scores", _POINTER)),
        *(("owns", _SIZE), ("own", _POINTER), ("forms", ctypes.c_char_p), ("of_each", _POINTER)),
        *(("k", _SIZE), ("all_forms", _SIZE)),
    )


def list_together(
    model: WordVectors, questions: Sequence[Question], scores: Matrix, rows: Rows, options: Options
) -> list[ResultList | None]:
    """Results of each question among the ``rows`` found for it [questions, n]; None where they need a closer look."""
    if not isinstance(model, Model) or options.explain or missing_kernel("embeddings.answers") is not None:
        return [None] * len(questions)
    words, *others = model.texts
    forms, of_each = _forms_of(questions, model.manifest.card.joiner)
    if words is None or forms.count(b"\0") != of_each.sum() or rows.max(initial=-1) >= len(model):
        return [None] * len(questions)
    own = np.array(list(zip_longest(*[question.rows for question in questions], fillvalue=-1)), np.int64).T.copy()
    vocabulary = _Vocabulary(*[_Texts(*each.addresses) if each is not None else _Texts() for each in (words, *others)])
    found = _Found(
        *rows.shape,
        address(rows, np.int64, rows.size, "rows"),
        address(scores, np.float32, rows.size, "scores"),
        own.shape[1],
        own.ctypes.data,
        forms,
        of_each.ctypes.data,
        options.k,
        options.all_forms,
    )
    return list(_listings(vocabulary, found))


def _listings(vocabulary: _Vocabulary, found: _Found) -> Iterator[ResultList | None]:
    """What the kernel lists."""
    questions, k = found.questions, found.k
    arguments = [_POINTER, _POINTER, _SIZE, _POINTER, _SIZE, _POINTER, _POINTER]
    write = load_library("embeddings.answers").function("write_results", _SIZE, arguments)
    listed, ends = np.empty((questions, k), np.float32), np.empty(questions, np.int64)
    given = ctypes.byref(vocabulary), ctypes.byref(found)
    place, spare = 0, _SPARE_ROOM
    while place < questions:
        to = np.empty((questions - place) * k * _ROOM + spare, np.uint8)
        end = write(*given, place, to.ctypes.data, len(to), listed.ctypes.data, ends.ctypes.data)
        yield from _cut(to, ends[place:end], listed[place:end])
        place, spare = end, 4 * spare


def _cut(written: npt.NDArray[np.uint8], ends: npt.NDArray[np.int64], scores: Matrix) -> Iterator[ResultList | None]:
    """The listing of each question, None where nothing was written or what was written is no text."""
    content, of_scores = written[: ends[-1] if len(ends) else 0].tobytes(), scores.tobytes()
    try:
        content.decode()
    except UnicodeDecodeError:
        yield from [None] * len(ends)
        return
    start, size = 0, 4 * scores.shape[1]
    for place, end in enumerate(ends.tolist()):
        yield ResultList(content[start:end], of_scores[place * size : (place + 1) * size]) if end > start else None
        start = end


def _forms_of(questions: Sequence[Question], joiner: str) -> tuple[bytes, npt.NDArray[np.int64]]:
    """The folded spellings of the questions' terms, a NUL behind each, and how many there are of each question: none
    if its terms are words of the vocabulary as they stand.
    """
    forms: list[str] = []
    of_each = np.zeros(len(questions), np.int64)
    for place, question in enumerate(questions):
        if question.found is not None:
            spellings = fold_each(question.spellings(joiner))
            forms += spellings
            of_each[place] = len(spellings)
    return "".join([form + "\0" for form in forms]).encode(), of_each
