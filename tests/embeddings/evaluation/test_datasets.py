"""Sets of other people: recognised by what is in their lines."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from embeddings.errors import CorpusError
from embeddings.evaluation import datasets
from embeddings.evaluation.scores import AnalogyReport, PairsReport, evaluate
from embeddings.models.model import Card, Model, open_model
from embeddings.models.writer import save_model

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
        ["{}-n {}-n {}"],
        ["score\tword1\tword2", "{2}\t{0}\t{1}"],
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


def test_lines_may_be_numbered_and_columns_named(tiny_model: Model, tmp_path: Path) -> None:
    rows = {
        "questions": ["king,queen,man,woman", "man,king,woman,queen"],
        "relation": ["king\tqueen", "man\twoman", "bread\tcafé"],
    }
    for name, lines in rows.items():
        between = "," if name == "questions" else "\t"
        numbered = [f"{number}{between}{line}" for number, line in enumerate(lines, 1)]
        header = between.join(["a", "b", "c", "d"] if name == "questions" else ["word1", "word2"])
        (tmp_path / name).write_text("\n".join(lines))
        expected = evaluate(tiny_model, str(tmp_path / name))
        for changed in (numbered, [header, *lines], [f"id{between}{header}", *numbered]):
            (tmp_path / name).write_text("\n".join(changed))
            assert evaluate(tiny_model, str(tmp_path / name)) == expected


def test_scores_before_the_words_are_scores(tiny_model: Model, tmp_path: Path) -> None:
    (tmp_path / "first").write_text("".join(f"{score} {one} {other}\n" for one, other, score in JUDGED))
    (tmp_path / "last").write_text("".join(f"{one} {other} {score}\n" for one, other, score in JUDGED))
    one, other = (evaluate(tiny_model, str(tmp_path / name)) for name in ("first", "last"))
    assert isinstance(one, PairsReport)
    assert isinstance(other, PairsReport)
    assert one.spearman == other.spearman is not None


def test_a_missing_score_in_the_first_line_is_no_name_of_a_column(tiny_model: Model, tmp_path: Path) -> None:
    (tmp_path / "s.tsv").write_text("king\tqueen\tnan\nman\twoman\t7\nking\tbread\t1\n")
    with pytest.raises(CorpusError, match=r"s\.tsv, line 1: two words and a number are expected"):
        evaluate(tiny_model, str(tmp_path / "s.tsv"))


def test_utf16_is_read(tiny_model: Model, tmp_path: Path) -> None:
    (tmp_path / "s.tsv").write_text("\n".join("\t".join(map(str, row)) for row in JUDGED), encoding="utf-16")
    assert evaluate(tiny_model, str(tmp_path / "s.tsv")).pairs == 4
