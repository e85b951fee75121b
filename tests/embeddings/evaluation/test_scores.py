"""Evaluation: the same figures as gensim's on the same vectors."""

import json
from pathlib import Path

import numpy as np
import pytest
from gensim.models import KeyedVectors

from embeddings.answers import Method
from embeddings.errors import CorpusError
from embeddings.evaluation.datasets import DATASETS, find_dataset
from embeddings.evaluation.scores import AnalogyReport, PairsReport, correlation, evaluate
from embeddings.models.model import Card, Model, open_model
from embeddings.models.writer import save_model

FREQUENT = 30_000


@pytest.fixture(scope="module")
def peer(glove: Model) -> KeyedVectors:
    vectors = KeyedVectors(glove.dimension)
    vectors.add_vectors(glove.vocabulary.words(range(FREQUENT)), glove.vectors[:FREQUENT])
    return vectors


def few_questions(folder: Path, each: int) -> Path:
    """The first ``each`` questions of every section of Google's set."""
    path = folder / "few.txt"
    kept, number = [], 0
    for line in find_dataset("google").read_text().splitlines():
        number = 0 if line.startswith(":") else number + 1
        if number <= each:
            kept.append(line)
    path.write_text("\n".join(kept))
    return path


def test_analogies_score_as_in_gensim_section_by_section(glove: Model, peer: KeyedVectors, tmp_path: Path) -> None:
    path = few_questions(tmp_path, 60)
    ours = evaluate(glove, str(path), exact=True, restrict=FREQUENT)
    assert isinstance(ours, AnalogyReport)
    accuracy, theirs = peer.evaluate_word_analogies(str(path), restrict_vocab=FREQUENT)
    for our, their in zip(ours.sections, theirs, strict=False):
        right, wrong = len(their["correct"]), len(their["incorrect"])
        assert (our.name, our.correct, our.questions) == (their["section"], right, right + wrong)
    assert ours.total.accuracy == pytest.approx(accuracy)
    assert ours.total.out_of_vocabulary > 0
    assert [group.name for group in ours.groups] == ["semantic", "syntactic"]


def test_analogies_by_3cosmul_score_as_by_gensims_most_similar_cosmul(
    glove: Model, peer: KeyedVectors, tmp_path: Path
) -> None:
    """Asked one by one: gensim's own evaluation takes most_similar whatever similarity_function is given (4.4.0)."""
    path = few_questions(tmp_path, 10)
    ours = evaluate(glove, str(path), method=Method.MULTIPLY, exact=True, restrict=FREQUENT)
    assert isinstance(ours, AnalogyReport)
    questions = [line.lower().split() for line in path.read_text().splitlines() if not line.startswith(":")]
    known = [words for words in questions if all(word in peer for word in words)]
    right = [peer.most_similar_cosmul([b, c], [a], topn=1)[0][0] == expected for a, b, c, expected in known]
    assert (ours.total.correct, ours.total.questions) == (sum(right), len(known))


def test_forms_that_differ_in_case_are_counted_as_in_gensim(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    words = [f"word{number}" for number in range(60)]
    words += [word.capitalize() for word in words[::2]] + [word.upper() for word in words[::3]]
    rng.shuffle(words)
    vectors = rng.normal(size=(len(words), 4)).astype(np.float32)
    lines = [" ".join(rng.choice(words, 4)) for _ in range(2000)]
    (tmp_path / "q.txt").write_text(": one\n" + "\n".join(lines))
    save_model(tmp_path / "m", words, vectors, Card("m"))
    peer = KeyedVectors(4)
    peer.add_vectors(words, vectors)
    ours = evaluate(open_model(tmp_path / "m"), str(tmp_path / "q.txt"))
    _, theirs = peer.evaluate_word_analogies(str(tmp_path / "q.txt"))
    assert isinstance(ours, AnalogyReport)
    assert 20 < ours.sections[0].correct == len(theirs[0]["correct"])
    assert ours.sections[0].questions == 2000


def test_googles_whole_set_through_the_index(glove: Model) -> None:
    seen: list[tuple[str, int, int]] = []
    ours = evaluate(glove, progress=lambda *stage: seen.append(stage))
    assert isinstance(ours, AnalogyReport)
    assert ours.total.questions + ours.total.out_of_vocabulary == 19_544
    # Exact search over all 400,000 words scores 46.24 %.
    assert ours.total.accuracy == pytest.approx(0.4624, abs=0.001)
    assert seen[-1][1] == seen[-1][2] == ours.total.questions


@pytest.mark.parametrize("name", ["wordsim353", "simlex999"])
def test_similarities_correlate_as_in_gensim(glove: Model, peer: KeyedVectors, name: str) -> None:
    ours = evaluate(glove, name, restrict=FREQUENT)
    assert isinstance(ours, PairsReport)
    pearson, spearman, unknown = peer.evaluate_word_pairs(str(find_dataset(name)))
    assert ours.pearson == pytest.approx(pearson[0], abs=1e-5)
    assert ours.spearman == pytest.approx(spearman[0], abs=1e-5)
    assert (1 - ours.coverage) * 100 == pytest.approx(unknown)
    assert ours.as_dict()["pairs"] == ours.pairs


def test_questions_without_a_section_count_too(tiny_model: Model, tmp_path: Path) -> None:
    (tmp_path / "q.txt").write_text("man king woman queen\nman king woman bread\nman king woman nowhere\n")
    ours = evaluate(tiny_model, str(tmp_path / "q.txt"))
    assert isinstance(ours, AnalogyReport)
    assert [section.as_dict() for section in ours.sections] == [
        {
            "name": "(no section)",
            "correct": 1,
            "questions": 2,
            "out_of_vocabulary": 1,
            "accuracy": 0.5,
            "coverage": 0.666667,
        }
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a b c d\na b c\n", "line 2: a question has four words, and this line has 3"),
        ("a\tb\t1\na\tb\n", "line 2: two words and a number"),
        ("a\tb\t1\na\tb\tx\n", "line 2: two words and a number"),
        ("a\tb\tx\n", "one pair, which makes no question"),
        ("x\ty\t1\n", "Nothing could be scored: of the 1 pairs of .*, 0 have both words"),
        ("x y z w\n", "Nothing could be scored: of the 1 questions of .*, none has all its words in tiny"),
        ("x\ty\nz\tw\n", "Nothing could be scored: of the 2 questions"),
        ("a\tb\t1\na\tb\tnan\n", "line 2: two words and a number"),
        ("a\tb\t1\na\tb\t1_0\n", "line 2: two words and a number"),
        ("king;queen;1\nking;queen\n", "line 2: two words and a number are expected between semicolons"),
        ("a b c\n", "line 1: a question has four words, and this line has 3"),
        ("", "holds no questions"),
        ("# nothing\n\n", "holds no questions"),
    ],
)
def test_a_file_that_is_no_set_is_refused(tiny_model: Model, tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "q.txt"
    path.write_text(content.replace("\ta\t", "\tking\t").replace("a\tb", "king\tqueen"))
    with pytest.raises(CorpusError, match=said):
        evaluate(tiny_model, str(path))


def test_correlations_are_scipys_and_are_none_where_there_are_none(tiny_model: Model, tmp_path: Path) -> None:
    from scipy.stats import pearsonr, spearmanr

    from embeddings.evaluation.scores import _ranks

    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 9, 200).astype(float), rng.normal(size=200)
    assert correlation(one, other) == pytest.approx(pearsonr(one, other)[0])
    assert correlation(_ranks(one), _ranks(other)) == pytest.approx(spearmanr(one, other)[0])
    (tmp_path / "s.tsv").write_text("king\tqueen\t5\nman\twoman\t5\n")
    report = evaluate(tiny_model, str(tmp_path / "s.tsv"))
    assert isinstance(report, PairsReport)
    assert report.pearson is None
    shown = json.dumps(report.as_dict(), allow_nan=False)
    assert json.loads(shown)["spearman"] is None
    assert "All judgements are the same" in report.notes[0]


def test_a_set_that_does_not_exist_is_refused(tiny_model: Model) -> None:
    with pytest.raises(CorpusError, match="no set and no file called 'gogle'. There are: google, wordsim353, simlex"):
        evaluate(tiny_model, "gogle")
    assert all(find_dataset(name).exists() for name in DATASETS)
