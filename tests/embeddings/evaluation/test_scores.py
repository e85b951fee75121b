"""Evaluation: the same figures as gensim's on the same vectors."""

import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from gensim.models import KeyedVectors

from embeddings.answers.answer import Method
from embeddings.errors import CorpusError
from embeddings.evaluation import datasets
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


JUDGED = [("king", "queen", 8.5), ("man", "woman", 7.25), ("king", "bread", 0.5), ("woman", "bread", 1.0)]


@pytest.mark.parametrize(
    "lines",
    [
        ["{}\t{}\t{}"],
        ["Word 1,Word 2,Human (mean)", "{},{},{}"],
        ["Word 1,Word 2,Human (mean),1,2", "{},{},{},9,7"],
        ["word1\tword2\tPOS\tSimLex999\tconc(w1)", "{}\t{}\tN\t{}\t4.5"],
        ["{};{};{}"],
        ["a;b;mean", "{};{};{}"],
        ['"{}", "{}", {}'],
        ["{} {} {}"],
        ["word1 word2 score", "{} {} {}"],
        ["# a comment", ",word1,word2,score", "1,{},{},{}"],
        ["word1,word2,score", "{}\t{}\t{}"],
    ],
)
def test_judgements_are_read_whatever_is_between(tiny_model: Model, tmp_path: Path, lines: list[str]) -> None:
    *before, line = lines
    rows = [line.format(*row) for row in JUDGED]
    for name, content in (
        ("plain", "\n".join([*before, *rows])),
        ("crlf", "\ufeff" + "\r\n".join([*before, *rows, ""])),
    ):
        (tmp_path / name).write_text(content, encoding="utf-8", newline="")
        report = evaluate(tiny_model, str(tmp_path / name))
        assert isinstance(report, PairsReport)
        assert (report.pairs, report.out_of_vocabulary) == (4, 0)
        rows_of = [[tiny_model.vocabulary.row(word) for word in pair[:2]] for pair in JUDGED]
        cosines = [float(tiny_model.vectors[one] @ tiny_model.vectors[other]) for one, other in rows_of]
        assert report.pearson == pytest.approx(np.corrcoef([score for *_, score in JUDGED], cosines)[0, 1], abs=1e-6)
        assert bool(report.notes) == any(not text.startswith("#") for text in before)


def test_decimal_commas_are_read(tiny_model: Model, tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("king;queen;8,5\nman;woman;7,25\nking;bread;0,5\nwoman;bread;1\n")
    (tmp_path / "t.csv").write_text("king;queen;8.5\nman;woman;7.25\nking;bread;0.5\nwoman;bread;1\n")
    one, other = (evaluate(tiny_model, str(tmp_path / name)) for name in ("s.csv", "t.csv"))
    assert isinstance(one, PairsReport)
    assert isinstance(other, PairsReport)
    assert one.spearman == other.spearman is not None


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


def test_a_folder_is_a_set_with_several_right_answers(tiny_model: Model, tmp_path: Path) -> None:
    """As BATS is: a folder a category, a file a relation."""
    for place, content in {
        "1_Forms/I01 [a - b].txt": "king\tqueen\nman\tnowhere/woman\n",
        "1_Forms/I02.txt": "nowhere\tnothing\nnobody\tnone\n",
        "2_Meanings/L01.txt": "king\tbread/queen\nman\tnowhere/woman/bread\n",
        "README.txt": "what this is\n",
        ".hidden/x.txt": "-\n",
    }.items():
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_text(content)
    report = evaluate(tiny_model, str(tmp_path))
    assert isinstance(report, AnalogyReport)
    assert [(one.name, one.correct, one.questions, one.out_of_vocabulary) for one in report.sections] == [
        ("I01 [a - b]", 2, 2, 0),
        ("I02", 0, 0, 2),
        ("L01", report.sections[2].correct, 2, 0),
    ]
    assert [group.name for group in report.groups] == ["1_Forms", "2_Meanings"]
    assert report.as_dict()["sections"][1]["accuracy"] is None
    (tmp_path / "2_Meanings" / "s.txt").write_text("king\tqueen\t3\n")
    with pytest.raises(CorpusError, match="judgements of similarity"):
        evaluate(tiny_model, str(tmp_path))
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match="holds no set"):
        evaluate(tiny_model, str(tmp_path / "empty"))


@pytest.mark.parametrize("between", ["\t", ",", ";", " ", ", "])
def test_questions_and_relations_are_read_whatever_is_between(tiny_model: Model, tmp_path: Path, between: str) -> None:
    for rows in ([("man", "king", "woman", "queen")], [("man", "king"), ("woman", "queen")]):
        (tmp_path / "q.csv").write_text("\n".join(between.join(row) for row in rows))
        report = evaluate(tiny_model, str(tmp_path / "q.csv"))
        assert isinstance(report, AnalogyReport)
        assert report.total.correct == report.total.questions == len(rows)
    (tmp_path / "q.txt").write_text("Portland,_Oregon Oregon Seattle,_W Washington\nman king woman queen\n")
    report = evaluate(tiny_model, str(tmp_path / "q.txt"))
    assert isinstance(report, AnalogyReport)
    assert report.total.questions == report.total.out_of_vocabulary == 1


def test_a_large_relation_is_sampled_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert datasets.MOST_QUESTIONS == 100_000
    monkeypatch.setattr(datasets, "MOST_QUESTIONS", 2000)
    names = [f"n{number}" for number in range(1500)]
    vectors = np.random.default_rng(0).normal(size=(3000, 8)).astype(np.float32)
    save_model(tmp_path / "m", [*names, *(f"{name}x" for name in names)], vectors, Card("m"))
    path = tmp_path / "relation.tsv"
    path.write_text("".join(f"{name}\t{name}x\n" for name in names))
    tracemalloc.start()
    report = evaluate(open_model(tmp_path / "m"), str(path))
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()
    assert isinstance(report, AnalogyReport)
    assert report.total.questions == 2000
    assert report.notes == ("relation: 2,000 of its 2,248,500 questions, a sample that is always the same",)
    one, other = datasets.read_dataset(str(path)), datasets.read_dataset(str(path))
    assert one == other
    assert isinstance(one, datasets.AnalogySet)
    assert len(set(one.sections[0].questions)) == 2000
    path.write_text("a\tb\n" * 20_000 + "c\td\n")  # hardly two lines with different names
    sampled = datasets.read_dataset(str(path))
    assert isinstance(sampled, datasets.AnalogySet)
    assert {question[0] for question in sampled.sections[0].questions} <= {"a", "c"}


def test_a_set_that_does_not_exist_is_refused(tiny_model: Model) -> None:
    with pytest.raises(CorpusError, match="no set and no file called 'gogle'. There are: google, wordsim353, simlex"):
        evaluate(tiny_model, "gogle")
    assert all(find_dataset(name).exists() for name in DATASETS)
