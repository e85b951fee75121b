"""How good vectors are: analogy questions answered, and similarities compared with what people said.

The rules are those of gensim's `evaluate_word_analogies` and `evaluate_word_pairs`, so the figures can be compared with
published ones: a word of a question stands for the most frequent word that is equal but for its case, a question with
a word that is not there is not counted, and the first answer that is none of the three given words has to be right.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from embeddings.answers import Method
from embeddings.errors import CorpusError
from embeddings.models import WordVectors
from embeddings.progress import Progress, no_progress
from embeddings.search import Rows, SearchKind, search_cosmul

DATASETS = {"google": "questions-words.txt", "wordsim353": "wordsim353.tsv", "simlex999": "simlex999.txt"}
"""Sets that come with gensim, by the names of their files in its test data."""
_BATCH = 512
_FORWARD = 5
"""How many results, the given words left out, are looked through for one that is no other form of them."""


@dataclass(frozen=True, slots=True)
class SectionScore:
    """The questions of one section: ``questions`` were asked, ``out_of_vocabulary`` more had a word not known."""

    name: str
    correct: int
    questions: int
    out_of_vocabulary: int

    @property
    def accuracy(self) -> float:
        """Share of the questions asked that were answered right, 0 where none was asked."""
        return self.correct / self.questions if self.questions else 0.0

    @property
    def coverage(self) -> float:
        """Share of all questions whose words are known."""
        everything = self.questions + self.out_of_vocabulary
        return self.questions / everything if everything else 0.0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"accuracy": round(self.accuracy, 6), "coverage": round(self.coverage, 6)}


@dataclass(frozen=True, slots=True)
class AnalogyReport:
    """Scores of an analogy set."""

    dataset: str
    model: str
    method: str
    sections: tuple[SectionScore, ...]

    @property
    def total(self) -> SectionScore:
        """All sections together."""
        return self._sum("total", self.sections)

    @property
    def groups(self) -> tuple[SectionScore, ...]:
        """The two halves that Google's set is reported in: sections named ``gram…`` are about forms of words."""
        syntactic = [section for section in self.sections if section.name.startswith("gram")]
        semantic = [section for section in self.sections if not section.name.startswith("gram")]
        if not syntactic or not semantic:
            return ()
        return self._sum("semantic", semantic), self._sum("syntactic", syntactic)

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON shows it."""
        return {
            "dataset": self.dataset,
            "model": self.model,
            "method": self.method,
            "sections": [section.as_dict() for section in self.sections],
            "groups": [group.as_dict() for group in self.groups],
            "total": self.total.as_dict(),
        }

    @staticmethod
    def _sum(name: str, sections: Sequence[SectionScore]) -> SectionScore:
        return SectionScore(
            name,
            sum(section.correct for section in sections),
            sum(section.questions for section in sections),
            sum(section.out_of_vocabulary for section in sections),
        )


@dataclass(frozen=True, slots=True)
class PairsReport:
    """How cosines go with people's judgements of similarity."""

    dataset: str
    model: str
    pairs: int
    """Pairs compared; ``out_of_vocabulary`` more had a word not known."""
    out_of_vocabulary: int
    pearson: float
    spearman: float

    @property
    def coverage(self) -> float:
        """Share of all pairs whose words are known."""
        return self.pairs / (self.pairs + self.out_of_vocabulary)

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON shows it."""
        figures = {"pearson": round(self.pearson, 6), "spearman": round(self.spearman, 6)}
        return asdict(self) | figures | {"coverage": round(self.coverage, 6)}


def evaluate(
    model: WordVectors,
    dataset: str = "google",
    *,
    method: Method = Method.ADD,
    exact: bool = False,
    restrict: int | None = None,
    progress: Progress = no_progress,
) -> AnalogyReport | PairsReport:
    """Score ``model`` on a set by its name in `DATASETS`, or on a file.

    Four words a line are analogy questions (with ``: section`` lines between), two words and a number between tabs are
    judgements of similarity, and two names between tabs a relation (``France<tab>Paris``), of which every two lines
    make a question.

    ``restrict`` knows and finds only the most frequent words. Raises `CorpusError` naming a line that is neither.
    """
    path = find_dataset(dataset) if dataset in DATASETS else Path(dataset)
    lines = list(_lines(path, dataset))
    if not lines:
        raise CorpusError(f"{path} holds no questions.")
    first = next((line for _, line in lines if not line.startswith(":")), "").split("\t")
    if len(first) > 2 and _is_number(first[2]):
        return _evaluate_pairs(model, dataset, path, lines, restrict)
    read = _questions_of_relation if len(first) > 1 else _questions
    how: Any = {"exact": exact, "restrict": restrict}
    return _evaluate_analogies(model, dataset, read(path, lines), method, how, progress)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def find_dataset(name: str) -> Path:
    """Where a set that comes with gensim is. Raises `CorpusError` if it is not there."""
    spec = find_spec("gensim")
    for folder in spec.submodule_search_locations or [] if spec else []:
        path = Path(folder) / "test" / "test_data" / DATASETS[name]
        if path.exists():
            return path
    raise CorpusError(f"{DATASETS[name]}, which comes with gensim, is not there. Run: pip install gensim")


def _lines(path: Path, dataset: str) -> Iterator[tuple[int, str]]:
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                if line.strip() and not line.startswith("#"):
                    yield number, line.strip("\n")
    except FileNotFoundError as error:
        known = ", ".join(DATASETS)
        raise CorpusError(f"There is no set and no file called '{dataset}'. There are: {known}.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path} cannot be read: {error}.") from error


# ---- Analogies


@dataclass(frozen=True, slots=True)
class _Questions:
    sections: list[str]
    of: list[tuple[int, list[str]]]
    """Each question's section, and its four words."""
    of_relation: bool = False
    """Whether they are all of one relation, in which a name can have several right answers (a country's currencies)."""


def _questions(path: Path, lines: list[tuple[int, str]]) -> _Questions:
    found = _Questions(["(no section)"], [])
    for number, line in lines:
        if line.startswith(":"):
            found.sections.append(line[1:].strip())
            continue
        words = line.split()
        if len(words) != 4:
            raise CorpusError(f"{path}, line {number:,}: a question has four words, and this line has {len(words)}.")
        found.of.append((len(found.sections) - 1, words))
    return found


def _questions_of_relation(path: Path, lines: list[tuple[int, str]]) -> _Questions:
    pairs = []
    for number, line in lines:
        names = [name.strip() for name in line.split("\t")]
        if len(names) < 2 or not all(names[:2]):
            raise CorpusError(f"{path}, line {number:,}: two names are expected between tabs.")
        pairs.append(names[:2])
    found = [(0, [*one, *other]) for one in pairs for other in pairs if one[0] != other[0]]
    if not found:
        raise CorpusError(f"{path} has one pair, which makes no question; or were two words and a number meant?")
    return _Questions([path.stem], found, of_relation=True)


def _evaluate_analogies(
    model: WordVectors, dataset: str, questions: _Questions, method: Method, how: Any, progress: Progress
) -> AnalogyReport:
    known = _Known(model, how["restrict"])
    rows = np.array([[known.row(word) for word in words] for _, words in questions.of], np.int64).reshape(-1, 4)
    section_of = np.array([section for section, _ in questions.of], np.int64)
    asked = (rows >= 0).all(axis=1)
    accepted = set(map(tuple, rows[:, 2:].tolist())) if questions.of_relation else set()
    right = np.zeros(len(rows), bool)
    places = np.flatnonzero(asked)
    for start in range(0, len(places), _BATCH):
        progress("questions", start, len(places))
        some = places[start : start + _BATCH]
        answers = _answer(model, rows[some], known, method, how)
        right[some] = [
            answer == row[3] or (int(row[2]), answer) in accepted
            for answer, row in zip(answers, rows[some], strict=True)
        ]
    progress("questions", len(places), len(places))
    scores = []
    for section, name in enumerate(questions.sections):
        here = section_of == section
        if here.any() or section:
            scores.append(
                SectionScore(name, int(right[here].sum()), int((here & asked).sum()), int((here & ~asked).sum()))
            )
    return AnalogyReport(dataset, model.name, method.value, tuple(scores))


def _answer(model: WordVectors, rows: Rows, known: "_Known", method: Method, how: Any) -> list[int]:
    """The row of the answer to each question of ``rows`` [n, 4], -1 where there is none."""
    vectors = model.vectors_of(rows[:, :3])
    wanted = _FORWARD + 3
    if method is Method.MULTIPLY:
        weights = np.array([-1, 1, 1], np.float32)
        found = [search_cosmul(model.index, inputs, weights, wanted, **how)[1] for inputs in vectors]
    else:
        targets = vectors[:, 1] - vectors[:, 0] + vectors[:, 2]
        lengths = np.linalg.norm(targets, axis=1, keepdims=True)
        targets /= np.where(lengths > 0, lengths, 1)
        found = list(model.index.search(targets, wanted, asked=SearchKind.FIRST, **how)[1])
    return [known.first_other(near, given[:3]) for near, given in zip(found, rows, strict=True)]


class _Known:
    """The words that count: those of the vocabulary, or its most frequent, one for all ways to write it in capitals."""

    def __init__(self, model: WordVectors, restrict: int | None) -> None:
        self._vocabulary = model.vocabulary
        self._joiner = model.manifest.card.joiner
        self._end = min(restrict or len(model), len(model))
        self._rows: dict[str, int] = {}

    def row(self, word: str) -> int:
        """The row of ``word`` whatever its case, its words joined if they are several, -1 if there is none."""
        if word not in self._rows:
            row = self._vocabulary.row_whatever_case(self._joiner.join(word.split()))
            self._rows[word] = -1 if row is None or row >= self._end else row
        return self._rows[word]

    def first_other(self, near: Rows, given: Rows) -> int:
        """The first of the rows ``near``, as the most frequent form of its word, that is none of those ``given``."""
        others = [row for row in near.tolist() if row not in given][:_FORWARD]
        forms = (self.row(self._vocabulary.word(row)) for row in others)
        return next((row for row in forms if row not in given), -1)


# ---- Similarities


def _evaluate_pairs(
    model: WordVectors, dataset: str, path: Path, lines: list[tuple[int, str]], restrict: int | None
) -> PairsReport:
    from scipy.stats import pearsonr, spearmanr

    known = _Known(model, restrict)
    said, rows = [], []
    for number, line in lines:
        try:
            one, other, judgement = line.split("\t")
            pair = (known.row(one.strip()), known.row(other.strip()))
            if min(pair) >= 0:
                said.append(float(judgement))
                rows.append(pair)
        except ValueError as error:
            raise CorpusError(f"{path}, line {number:,}: two words and a number are expected between tabs.") from error
    if len(rows) < 2:
        raise CorpusError(f"Of the {len(lines):,} pairs of {path}, {len(rows)} have both words in {model.name}.")
    vectors = model.vectors_of(np.array(rows))
    cosines = np.einsum("ij,ij->i", vectors[:, 0], vectors[:, 1])
    pearson, spearman = pearsonr(said, cosines)[0], spearmanr(said, cosines)[0]
    return PairsReport(dataset, model.name, len(rows), len(lines) - len(rows), float(pearson), float(spearman))
