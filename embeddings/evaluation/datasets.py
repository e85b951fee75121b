"""Files of questions and judgements that vectors are measured with, recognised by their content."""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import permutations
from pathlib import Path
from random import Random

from embeddings.errors import CorpusError

DATASETS = {"google": "questions-words.txt", "wordsim353": "wordsim353.tsv", "simlex999": "simlex999.txt"}
"""Sets that come with gensim, by the names of their files in its test data."""
MOST_QUESTIONS = 100_000
"""Of a relation: every ordered two of its pairs make a question up to so many, a sample of so many above."""
_MOST_IN_ALL = 1_000_000
"""Of all the relations of a folder."""
_MOST_FILES = 10_000
_MOST_COLUMNS = 64
_SUFFIXES = (".txt", ".tsv", ".csv", ".tab")
_ABOUT = re.compile(r"readme|licen[cs]e|changelog", re.IGNORECASE)
_NAMES = re.compile(r"(?:word|term|item|source|target|head|tail)[ _-]?[0-9a-d]?|w[0-9]", re.IGNORECASE)
"""What columns of words are called."""
_NO_NUMBER = re.compile(r"nan|n/?a|[-+]?inf(?:inity)?|null|none|[-?.]+", re.IGNORECASE)
"""What stands where a number is missing."""
_TAGGED = re.compile(r"(.+)-[anrvj]")
"""A word with its part of speech, as MEN has it: sun-n."""
_NUMBER = re.compile(r"[-+]?(?:[0-9]+[.,]?[0-9]*|[.,][0-9]+)(?:[eE][-+]?[0-9]{1,2})?")
_BETWEEN = {"\t": "tabs", ";": "semicolons", ",": "commas", None: "blanks"}

Question = tuple[str, str, str, str]
_Row = tuple[int, list[str]]
"""The number of a line, and its fields."""


@dataclass(frozen=True, slots=True)
class Section:
    """Questions of one kind."""

    name: str
    questions: Sequence[Question]
    pairs: Sequence[tuple[str, str]] = ()
    """Where they are of a relation: its names, and what is right for them; slashes are between several."""
    category: str = ""
    """The folder in which it is."""
    possible: int = 0
    """How many questions could be asked of the relation, where these are a sample of them."""


@dataclass(frozen=True, slots=True)
class AnalogySet:
    """Analogy questions, in sections."""

    sections: Sequence[Section]


@dataclass(frozen=True, slots=True)
class Judgements:
    """How similar people found two words."""

    path: Path
    pairs: Sequence[tuple[str, str, float]]
    header: str = ""
    """The first line, where it names the columns."""


def read_dataset(dataset: str) -> AnalogySet | Judgements:
    """The set called ``dataset`` in `DATASETS`, or that of a file or a folder. Raises `CorpusError`, with the line."""
    path = find_dataset(dataset) if dataset in DATASETS else Path(dataset)
    return _read_folder(path) if path.is_dir() else _read_file(path, dataset, MOST_QUESTIONS)


def find_dataset(name: str) -> Path:
    """Where a set that comes with gensim is. Raises `CorpusError` if it is not there."""
    spec = find_spec("gensim")
    for folder in spec.submodule_search_locations or [] if spec else []:
        path = Path(folder) / "test" / "test_data" / DATASETS[name]
        if path.exists():
            return path
    raise CorpusError(f"{DATASETS[name]}, which comes with gensim, is not there. Run: pip install gensim")


# ---- Folders


def _read_folder(folder: Path) -> AnalogySet:
    """The files of a folder and of those in it, such as BATS: a section or more each."""
    files = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in _SUFFIXES and path.is_file() and not _is_about(path.relative_to(folder))
    ]
    if not files:
        raise CorpusError(f"{folder} holds no set: files of questions or of relations end in {', '.join(_SUFFIXES)}.")
    if len(files) > _MOST_FILES:
        raise CorpusError(f"{folder} holds {len(files):,} files, and a set has at most {_MOST_FILES:,}.")
    sections: list[Section] = []
    for path in files:
        read = _read_file(path, str(path), min(MOST_QUESTIONS, _MOST_IN_ALL // len(files)))
        if isinstance(read, Judgements):
            raise CorpusError(
                f"{path} holds judgements of similarity. Evaluate it by itself; a folder is of analogies."
            )
        category = path.parent.name if path.parent != folder else ""
        for section in read.sections:
            name = section.name or path.stem
            sections.append(Section(name, section.questions, section.pairs, category, section.possible))
    return AnalogySet(sections)


def _is_about(path: Path) -> bool:
    return _ABOUT.match(path.name) is not None or any(part.startswith(".") for part in path.parts)


# ---- Files


def _read_file(path: Path, dataset: str, most: int) -> AnalogySet | Judgements:
    lines = list(_lines(path, dataset))
    rows = [(number, line) for number, line in lines if not line.startswith(":")]
    if not rows:
        raise CorpusError(f"{path} holds no questions.")
    delimiter, table = _table(path, rows)
    table = _without_header(_without_numbers(table))
    cells = [row for _, row in table]
    columns = _columns(cells)
    if columns is not None:
        return _judgements(path, table, columns, delimiter)
    if _width(cells) == 4 or (delimiter is None and _width(cells) != 2):
        sections = [Section(name, _questions(path, part)) for name, part in _parts(lines, table)]
    else:
        sections = [
            _relation(path, name or path.stem, part, delimiter, most) for name, part in _parts(lines, table) if part
        ]
    return AnalogySet([section for section in sections if section.name or section.questions])


def _lines(path: Path, dataset: str) -> Iterator[tuple[int, str]]:
    try:
        with path.open("rb") as packed:
            encoding = "utf-16" if packed.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"
        with path.open(encoding=encoding) as file:
            for number, line in enumerate(file, start=1):
                if line.strip() and not line.startswith("#"):
                    yield number, line.strip("\n")
    except FileNotFoundError as error:
        known = ", ".join(DATASETS)
        raise CorpusError(f"There is no set and no file called '{dataset}'. There are: {known}.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path} cannot be read: {error}.") from error


def _table(path: Path, lines: Sequence[tuple[int, str]]) -> tuple[str | None, list[_Row]]:
    """What is between the fields of most lines, None for blanks; and the fields."""
    by_blanks = [(number, line.split()) for number, line in lines]
    blanks = _width([row for _, row in by_blanks])
    for delimiter in ("\t", ";", ","):
        if 2 * sum(delimiter in line for _, line in lines) <= len(lines):
            continue
        table = [(number, _fields(path, number, line, delimiter)) for number, line in lines]
        cells = [row for _, row in table]
        # Commas may also be in words, of which there are four.
        if delimiter != "," or blanks != 4 or _width(cells) == 4 or _columns(cells) is not None:
            return delimiter, table
    return None, by_blanks


def _fields(path: Path, number: int, line: str, delimiter: str) -> list[str]:
    if delimiter == "\t":
        return [field.strip() for field in line.split("\t")]
    try:
        return [
            field.strip() for row in csv.reader([line], delimiter=delimiter, skipinitialspace=True) for field in row
        ]
    except csv.Error as error:
        raise CorpusError(f"{path}, line {number:,} cannot be read: {error}.") from error


def _without_numbers(table: list[_Row]) -> list[_Row]:
    """The table without a first column that numbers its lines."""
    if _width([row for _, row in table]) < 3 or len(table) < 2:
        return table
    first = [row[0] for _, row in table]
    begin = int(first[1]) if first[1].isdecimal() else 0
    if first[1:] != [str(begin + place) for place in range(len(first) - 1)]:
        return table
    if first[0] != str(begin - 1) and _number(first[0]) is not None:
        return table
    return [(number, row[1:]) for number, row in table]


def _without_header(table: list[_Row]) -> list[_Row]:
    """The table without a first line of nothing but names of columns, such as word1 and word2."""
    names = table[0][1]
    is_header = all(_NAMES.fullmatch(name) for name in names) or list(map(str.lower, names)) == ["a", "b", "c", "d"]
    return table[1:] if is_header and len(table) > 1 else table


def _width(rows: Sequence[list[str]]) -> int:
    """How many fields most rows have; the larger number where two are as frequent."""
    counts = Counter(map(len, rows))
    return max(counts, key=lambda width: (counts[width], width))


def _parts(lines: Sequence[tuple[int, str]], table: Sequence[_Row]) -> Iterator[tuple[str, list[_Row]]]:
    """The rows of each section, by its name; first those that are in none, whose name is empty."""
    parts: list[tuple[str, list[_Row]]] = [("", [])]
    rows = dict(table)
    for number, line in lines:
        if line.startswith(":"):
            parts.append((line[1:].strip(), []))
        elif number in rows:
            parts[-1][1].append((number, rows[number]))
    yield from parts


# ---- Judgements


def _columns(rows: Sequence[list[str]]) -> tuple[int, int] | None:
    """The columns of the first word and of the score: the first behind two words that has numbers in half of the rows
    or more, or the one before them; None if there is none.
    """
    width = min(_width(rows), _MOST_COLUMNS)
    counts = [sum(len(row) > column and _number(row[column]) is not None for row in rows) for column in range(width)]
    numbers = [2 * count >= len(rows) for count in counts]
    if numbers[:3] == [True, False, False]:
        return 1, 0 if not any(numbers[3:]) else numbers.index(True, 3)
    return (0, numbers.index(True, 2)) if any(numbers[2:]) else None


def _number(text: str) -> float | None:
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text.replace(",", "."))
    return number if abs(number) < 1e30 else None


def _judgements(path: Path, table: Sequence[_Row], columns: tuple[int, int], delimiter: str | None) -> Judgements:
    word, column = columns
    pairs, header = [], ""
    for place, (number, row) in enumerate(table):
        score = _number(row[column]) if len(row) > column else None
        if score is None and not place and len(table) > 1 and _is_header(row, column):
            header = " ".join(row)
            continue
        if score is None or not row[word] or not row[word + 1]:
            raise CorpusError(
                f"{path}, line {number:,}: two words and a number are expected between {_BETWEEN[delimiter]}."
            )
        pairs.append((row[word], row[word + 1], score))
    if all(_TAGGED.fullmatch(word) for pair in pairs for word in pair[:2]):
        pairs = [(one[:-2], other[:-2], score) for one, other, score in pairs]
    return Judgements(path, pairs, header)


def _is_header(row: Sequence[str], column: int) -> bool:
    """Whether a row has a name where others have a score, or other delimiters than they."""
    if len(row) > column:
        return row[column] != "" and not _NO_NUMBER.fullmatch(row[column])
    return len(row) == 1 and re.search(r"[\t;, ]", row[0]) is not None


# ---- Analogies


def _questions(path: Path, rows: Sequence[_Row]) -> list[Question]:
    questions = []
    for number, row in rows:
        if len(row) != 4:
            raise CorpusError(f"{path}, line {number:,}: a question has four words, and this line has {len(row)}.")
        questions.append((row[0], row[1], row[2], row[3]))
    return questions


def _relation(path: Path, name: str, rows: Sequence[_Row], delimiter: str | None, most: int) -> Section:
    """Of every two pairs a question, or of a sample of them that is the same each time."""
    pairs = []
    for number, row in rows:
        if len(row) < 2 or not row[0] or not row[1]:
            raise CorpusError(f"{path}, line {number:,}: two names are expected between {_BETWEEN[delimiter]}.")
        pairs.append((row[0], row[1]))
    alike = sum(count * count for count in Counter(given for given, _ in pairs).values())
    possible = len(pairs) ** 2 - alike
    if not possible:
        raise CorpusError(f"{path} has one pair, which makes no question; or were two words and a number meant?")
    if possible <= most:
        found = [(*one, *other) for one, other in permutations(pairs, 2) if one[0] != other[0]]
        return Section(name, found, pairs)
    random, chosen = Random(0), dict[tuple[int, int], None]()  # noqa: S311  # a sample, no secret
    for _ in range(20 * most):
        if len(chosen) == most:
            break
        one, other = random.randrange(len(pairs)), random.randrange(len(pairs))
        if pairs[one][0] != pairs[other][0]:
            chosen[one, other] = None
    return Section(name, [(*pairs[one], *pairs[other]) for one, other in chosen], pairs, possible=possible)
