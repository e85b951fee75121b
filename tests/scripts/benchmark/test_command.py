"""The benchmark and the other scripts: run small, every part gives its figures; what is computed in them is right."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embeddings import ask
from embeddings.models.model import Model

ROOT = Path(__file__).parents[3]


def run(*arguments: str | Path, fails: bool = False, environment: dict[str, str] | None = None) -> str:
    command = [sys.executable, *map(str, arguments)]
    variables = {**os.environ, **(environment or {})}
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    assert (done.returncode != 0) == fails, done.stderr
    return done.stdout + done.stderr


@pytest.mark.usefixtures("glove")
def test_every_part_gives_its_figures(tmp_path: Path) -> None:
    output = tmp_path / "benchmark.json"
    arguments = ("--rows", "4000", "--queries", "60", "--every", "40", "--runs", "1", "--output", output)
    shown = run("-m", "scripts.benchmark", *arguments)
    found = json.loads(output.read_text())["glove-6b-50d, 4,000 words"]
    assert (found["rows"], found["dimension"]) == (4000, 50)
    for name in ("gensim", "numpy, brute force", "this project, exact", "this project"):
        assert name in shown
        assert 0 < found["whole"]["whole query"][name]["p50_ms"] <= found["whole"]["whole query"][name]["p99_ms"]
    for kind in ("analogies", "expressions", "neighbours"):  # so few rows are searched exactly
        assert {entry["recall@10"] for entry in found["search"][kind].values()} == {1}
    assert len({entry["accuracy_%"] for entry in found["evaluate"]["evaluation"].values()}) == 1
    assert found["open"]["opening"]["this project"]["open_ms"] > 0
    processes = found["cli"]["a whole process"]
    assert (
        0 < processes["this project, without interpreter and imports"]["p50_ms"] < processes["this project"]["p99_ms"]
    )
    # Another run adds to the same file, and tables and plots are made of both.
    growing = ("--sizes", "2000,4000", "--queries", "20", "--peer", "this project", "--peer", "FAISS Flat")
    run("-m", "scripts.benchmark", "growth", *growing, *arguments[:2], *arguments[-2:])
    run("-m", "scripts.benchmark", "import", "--size", "2000x10", *arguments[-2:])
    tables = run("-m", "scripts.benchmark", "report", "--markdown", "--plots", tmp_path / "plots", output)
    assert "| recall@10 on analogy targets | 1.0000 | 1.0000 | 1.0000 | 1.0000 | 1.0000 |" in tables
    assert "import, times faster than gensim" in tables
    assert {path.name for path in (tmp_path / "plots").iterdir()} == {"search-4000x50.svg", "growth-4000x50.svg"}


def test_a_synthetic_model_answers_and_is_kept(
    glove: Model, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from scripts.benchmark.command import synthetic_model

    model = synthetic_model("3000x60", tmp_path, glove)
    assert model.vectors.shape == (3000, 60)
    assert len(ask(model, "the - of + and").results) == 10
    assert "making 3,000 × 60 rows" in capsys.readouterr().err
    assert synthetic_model("3000x60", tmp_path, glove).folder == model.folder
    assert capsys.readouterr().err == ""
    assert "is no size" in run("-m", "scripts.benchmark", "open", "--synthetic", "3000", fails=True)


@pytest.mark.usefixtures("glove")
def test_scripts_are_the_commands() -> None:
    assert "Usage: thisplusthat evaluate" in run("scripts/evaluate.py", "--help")
    assert "Usage: thisplusthat index" in run("scripts/build_index.py", "--help")


def test_what_a_training_imports_again_is_light() -> None:
    """The processes that it starts import the main module; gensim and numpy in it would be charged to preparing."""
    script = "import sys, benchmark; print(sorted({'gensim', 'numpy', 'faiss', 'rich'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT / "scripts", capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


# ---- Synthetic rows


def test_synthetic_rows_are_the_same_for_a_seed_and_stream_to_a_file(tmp_path: Path) -> None:
    from scripts.benchmark.synthetic import BLOCK_ROWS, Synthetic

    rows = Synthetic(BLOCK_ROWS + 5000, 12, seed=3)
    rows.write(tmp_path / "rows.npy")
    written = np.load(tmp_path / "rows.npy", allow_pickle=False)
    assert (written.shape, written.dtype) == ((BLOCK_ROWS + 5000, 12), np.float32)
    assert np.allclose(np.linalg.norm(written, axis=1), 1, atol=1e-5)
    assert np.array_equal(written, np.concatenate(list(Synthetic(BLOCK_ROWS + 5000, 12, seed=3).blocks())))
    assert not np.array_equal(written[:100], next(Synthetic(BLOCK_ROWS + 5000, 12, seed=4).blocks())[:100])
    assert len(np.unique(written[:, 0])) > 0.99 * len(written)


def test_synthetic_rows_have_the_spectrum_norms_and_neighbours_of_the_real_ones(glove: Model) -> None:
    """On all rows of both; a mixture without structure would have a tenth neighbour at half the cosine."""
    from scripts.benchmark.synthetic import Structure, Synthetic, measure

    number = len(glove)
    made = Synthetic(number, 50)
    rows, norms = np.concatenate(list(made.blocks())), made.norms()
    known = Structure.load(50)
    found = measure(rows, norms, known)
    assert np.allclose(np.cumsum(found.eigenvalues), np.cumsum(known.eigenvalues), rtol=0.15)
    lengths = np.interp(known.ranks, found.ranks, np.linalg.norm(found.means, axis=1))[:-3]
    assert lengths == pytest.approx(np.linalg.norm(known.means, axis=1)[:-3], abs=0.1)
    assert found.norms[-1] == pytest.approx(float(glove.norms[50_000:number].mean()), rel=0.1)

    def tenth(vectors: Any) -> float:
        asked = vectors[np.random.default_rng(0).integers(0, number, 200)]
        return float(np.partition(asked @ vectors.T, -11, axis=1)[:, -11].mean())

    assert tenth(rows) == pytest.approx(tenth(glove.vectors), abs=0.05)


def test_rare_rows_are_not_near_frequent_ones_as_in_the_real_rows(glove: Model) -> None:
    """Rows within .1 of the tenth neighbour of frequent ones: if places did not depend on ranks, four times the rows
    would have 1.4 times as many.
    """
    from scripts.benchmark.synthetic import Synthetic

    def grows(rows: Any) -> float:
        cosines = rows[np.random.default_rng(0).integers(0, 10_000, 200)] @ rows.T
        tenths = [np.partition(each, -11, axis=1)[:, -11:-10] for each in (cosines[:, :25_000], cosines)]
        within = [
            (cosines >= tenth - 0.1)[:, :number].sum(axis=1)
            for tenth, number in zip(tenths, (25_000, 100_000), strict=True)
        ]
        return float(np.median(within[1]) / np.median(within[0]))

    made = grows(np.concatenate(list(Synthetic(100_000, 50).blocks())))
    assert made == pytest.approx(grows(glove.vectors[:100_000]), abs=0.15)
    assert made < 1.2


def test_the_first_rows_are_those_of_a_smaller_vocabulary() -> None:
    """Beyond the rows that were measured; scattered over the nodes of all rows they would be .06 farther apart."""
    from dataclasses import replace

    from scripts.benchmark.synthetic import Structure, Synthetic

    known = replace(Structure.load(50), rows=20_000)

    def tenth(count: int) -> float:
        rows = next(Synthetic(count, 50, structure=known).blocks())[:20_000]
        return float(np.partition(rows[:5000:20] @ rows.T, -11, axis=1)[:, -11].mean())

    assert tenth(320_000) == pytest.approx(tenth(20_000), abs=0.03)


def test_scores_of_near_rows_agree_as_those_of_real_ones_do() -> None:
    """As measured; were rows given nodes by chance, agreement would be 0."""
    from scripts.benchmark.synthetic import Structure, Synthetic, measure

    known = Structure.load(50)
    rows = np.concatenate(list(Synthetic(40_000, 50, seed=1).blocks()))
    found = measure(rows, np.ones(len(rows), np.float32), known).agreements
    assert found == pytest.approx(known.agreements, abs=0.15)


def test_eigenvalues_go_on_by_their_power_law() -> None:
    from scripts.benchmark.synthetic import Structure

    values = Structure.load(600).spectrum(600)
    assert values.sum() == pytest.approx(1)
    assert (np.diff(values[4:]) < 1e-12).all()  # the first are the axes of the means
    slopes = [np.log(values[first - 1] / values[599]) / np.log(600 / first) for first in (250, 400, 500)]
    assert slopes[1] == pytest.approx(slopes[2])  # beyond what was measured
    assert slopes[0] == pytest.approx(slopes[2], rel=0.15)


def test_words_are_all_different() -> None:
    from scripts.benchmark.synthetic import words

    real = ["a", "b", "c", "a_b", "x2"]
    made = list(words(real, 11))
    assert made[:5] == real
    assert len(set(made)) == len(made) == 11
    assert all("_" in word for word in made[5:])


# ---- Recall


def test_recall_leaves_the_inputs_out_in_the_same_manner() -> None:
    from scripts.benchmark.peers import recall

    truth = np.array([[1, 2], [3, 4]])
    inputs = np.array([[9, -1], [8, 7]])
    assert recall([[1, 2], [3, 4]], truth, inputs, k=2) == 1
    assert recall([[9, 2, 1], [7, 8, 3, 4]], truth, inputs, k=2) == 1  # inputs do not take places
    assert recall([[5, 1, 2], [3, 6, 4]], truth, inputs, k=2) == 0.5  # others do, and past the second it is too late
    assert recall([[5, 6], []], truth, inputs, k=2) == 0


def test_targets_of_each_kind_and_their_truth(tiny_model: Model) -> None:
    from scripts.benchmark.search_benchmark import targets_of_each_kind

    kinds = targets_of_each_kind(tiny_model, 40, meaningful=True)
    assert set(kinds) == {"analogies", "expressions", "neighbours"}
    for targets, inputs, truth in kinds.values():
        assert np.allclose(np.linalg.norm(targets, axis=1), 1, atol=1e-5)
        scores = targets @ tiny_model.vectors.T
        for given, true, of in zip(inputs.tolist(), truth.tolist(), scores, strict=True):
            others = [row for row in range(len(of)) if row not in given]
            best = sorted((float(of[row]) for row in others), reverse=True)
            right = [row for row in true if row not in given]
            assert [float(of[row]) for row in right] == pytest.approx(best[: len(right)], abs=1e-6)


@pytest.mark.parametrize("name", ["FAISS HNSW", "Annoy", "usearch", "voyager", "vicinity, basic", "pymagnitude-light"])
def test_each_peer_finds_neighbours_or_says_what_is_missing(name: str, tmp_path: Path) -> None:
    from embeddings.search.recall import analogy_targets, nearest_but_inputs
    from scripts.benchmark.peers import PEERS, missing

    peer = PEERS[name]
    if (why := missing(peer)) is not None:
        assert why == "not installed: pip install thisplusthat[benchmark]"
        return
    rows = np.random.default_rng(0).standard_normal((500, 8)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    targets, inputs = analogy_targets(rows, 20, seed=0)
    np.save(tmp_path / "vectors.npy", rows)
    parts = {"targets": targets, "inputs": inputs, "truth": nearest_but_inputs(rows, targets, inputs)}
    np.savez(tmp_path / "targets.npz", **{f"analogies:{part}": each for part, each in parts.items()})
    printed = run(
        "-W", "ignore", "-m", "scripts.benchmark.peers", name, tmp_path, environment={"PYTHONPATH": str(ROOT)}
    )
    [found] = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    assert max(entry["recall@10"] for entry in found["kinds"]["analogies"].values()) > 0.98
    assert len(found["kinds"]["analogies"]) == len(peer.settings)


def test_a_peer_that_is_not_installed_is_named(glove: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    from scripts.benchmark import peers
    from scripts.benchmark.search_benchmark import measure_search

    absent = peers.Peer("absent", "no-such-package", (), peers.PEERS["gensim"].build)
    monkeypatch.setitem(peers.PEERS, "absent", absent)
    found = measure_search(glove, 20, ["absent"])
    assert found["not measured"] == {"absent": {"why": "not installed: pip install thisplusthat[benchmark]"}}


# ---- What is made of the figures


def test_a_loss_of_more_than_a_fifth_is_named() -> None:
    from scripts.benchmark.ratios import losses

    committed = {"query": 10.0, "open": 20.0, "import": 5.0, "gone": 2.0, "faster": 1.0}
    lost = losses({"query": 8.01, "open": 15.9, "import": 2.0, "faster": 3.0, "new": 0.1}, committed)
    assert [loss.name for loss in lost] == ["gone", "import", "open"]  # the worst first
    assert str(lost[1]) == "import: 5 was committed, 2 now (60 % less)"
    assert "not measured" in str(lost[0])
    assert losses({"query": 8.0}, {"query": 10.0}) == []


def test_a_part_with_a_loss_is_measured_once_more_and_the_better_counts() -> None:
    from scripts.benchmark.ratios import check

    figures = {"steady": iter([5.0]), "shaken": iter([1.0, 4.9]), "slower": iter([1.0, 1.1])}
    said: list[str] = []
    parts = {name: lambda name=name: {"ratios": {name: next(figures[name])}} for name in figures}
    lost = check(parts, {name: {name: 5.0} for name in parts}, said.append)
    assert [(loss.name, loss.now) for loss in lost] == [("slower", 1.1)]
    assert [line.split()[0] for line in said] == ["5", "shaken:", "4.9", "slower:", "1.1"]


def test_what_is_committed_is_the_lowest_of_two_runs() -> None:
    from scripts.benchmark.ratios import lowest

    figures = {"one": iter([5.0, 4.0]), "two": iter([1.0, 2.0])}
    parts = {name: lambda name=name: {"ratios": {name: next(figures[name])}} for name in figures}
    assert lowest(parts) == {"one": {"one": 4.0}, "two": {"two": 1.0}}


def test_the_committed_ratios_can_be_read() -> None:
    from scripts.benchmark.ratios import load

    ratios = load()
    assert ratios["whole"]["whole query, times faster than gensim"] > 1
    assert set(ratios) == {"whole", "search", "open", "cli", "evaluate", "import"}
    assert all(value > 0 for of in ratios.values() for value in of.values())


def test_the_front_leaves_out_what_another_setting_beats() -> None:
    from scripts.benchmark.plots import front

    assert front([(0.9, 100), (0.8, 50), (0.99, 40), (0.95, 30), (0.99, 20)]) == [(0.9, 100), (0.99, 40)]


def test_settings_of_a_peer_are_not_those_of_one_whose_name_is_longer() -> None:
    from scripts.benchmark.report import settings_of

    table = {"this project": 1, "this project wanted recall 0.9": 2, "this project, exact": 3, "usearch": 4}
    assert settings_of(table, "this project", ["this project", "this project, exact"]) == {
        "": 1,
        "wanted recall 0.9": 2,
    }
    assert settings_of(table, "this project, exact", ["this project", "this project, exact"]) == {"": 3}


def test_figures_of_a_later_run_stand_beside_the_others(tmp_path: Path) -> None:
    from scripts.benchmark.report import load, merge

    path = tmp_path / "benchmark.json"
    merge(path, "glove", {"rows": 9, "search": {"analogies": {"Annoy": {"a": 1, "b": 2}, "numpy": {"a": 3}}}})
    merge(path, "glove", {"rows": 9, "open": {"opening": {"numpy": {"a": 4}}}})
    merge(path, "glove", {"search": {"analogies": {"Annoy": {"a": 5}}}}, to_tables=True)
    assert load([path])["glove"] == {
        "rows": 9,
        "search": {"analogies": {"Annoy": {"a": 5}, "numpy": {"a": 3}}},
        "open": {"opening": {"numpy": {"a": 4}}},
    }
    merge(path, "glove", {"search": {"analogies": {"Annoy": {"a": 6}}}})
    assert load([path])["glove"]["search"] == {"analogies": {"Annoy": {"a": 6}}}


def test_some_questions_keep_their_sections() -> None:
    from scripts.benchmark.evaluation_benchmark import some_questions

    text = ": one\na b c d\ne f g h\n: two\ni j k l\nm n o p\n"
    assert some_questions(text, 2) == ": one\na b c d\n: two\ni j k l\n"
    assert some_questions(text, 1) == text


def test_import_times_are_each_modules_own() -> None:
    from scripts.benchmark.cli_benchmark import parse_import_times

    text = """import time: self [us] | cumulative | imported package
import time:      1500 |       2000 |   numpy.linalg
import time:       500 |       2500 | numpy
"""
    assert parse_import_times(text) == {"numpy.linalg": 1.5, "numpy": 0.5}
