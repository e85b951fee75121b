"""The command as people run it: a real process, its output, its errors and its exit codes."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embeddings.models.model import Card, Model, open_model
from embeddings.models.writer import save_model

ROOT = Path(__file__).parents[3]
COMMAND = [sys.executable, "-m", "service.cli"]


def run(*arguments: str | Path, stdin: bytes | None = None, home: Path | None = None) -> Any:
    """Run the command; without ``stdin`` it gets none at all."""
    environment = dict(os.environ, COLUMNS="100")
    if home is not None:
        environment["THISPLUSTHAT_HOME"] = str(home)
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        check=False,
        **({"input": stdin} if stdin is not None else {"stdin": subprocess.DEVNULL}),  # type: ignore[call-overload]
    )
    done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
    return done


@pytest.fixture
def small_home(tmp_path: Path, tiny_model: Model) -> Path:
    """A THISPLUSTHAT_HOME with the tiny model in it."""
    shutil.copytree(tiny_model.folder, tmp_path / "home" / "models" / "tiny")
    return tmp_path / "home"


@pytest.mark.usefixtures("glove")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("United States:Dollar :: Mexico:?", "1  peso"),
        ("Paris - France + Italy", "1  rome"),
        ("Paris − France + Italy", "1  rome"),
        ("breakfast, cereal, dinner, lunch", "cereal is the odd one out."),
        ("king : man :: ? : woman", "1  queen"),
        ("coffee <> tea", "0.8080"),
    ],
)
def test_a_query_is_the_default_command(query: str, expected: str) -> None:
    done = run(query, "-k", "5")
    assert done.returncode == 0
    assert expected in done.stdout
    assert done.stdout.splitlines()[0].startswith(query.lower().replace("−", "-")[:4])
    assert done.stderr == ""
    assert run(*query.split(" ")).stdout.splitlines()[1:3] == run(query).stdout.splitlines()[1:3]


@pytest.mark.usefixtures("glove")
def test_a_query_may_begin_with_a_minus() -> None:
    answer = json.loads(run("-king + queen", "-k", "2", "--json").stdout)
    assert (answer["query"], answer["read_as"]) == ("-king + queen", "-king + queen")
    assert len(answer["results"]) == 2


@pytest.mark.usefixtures("glove")
def test_a_terminal_that_cannot_show_a_letter_is_no_reason_to_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    assert "m\\xe9xico" in run("México", "-k", "1").stdout
    assert "'zz\\xe9' is not in" in run("zzé").stderr


@pytest.mark.usefixtures("glove")
def test_what_was_understood_is_said_where_it_is_not_plain() -> None:
    lines = run("United States:Dollar :: Mexico:?").stdout.splitlines()
    assert lines[0].startswith("united states : dollar :: mexico : ?   analogy, 3cosadd, glove-6b-50d")
    assert "  United States → united + states (the mean of these words)" in lines
    assert not any(line.startswith("  Dollar") for line in lines)
    assert run("king - man + woman").stdout.count("→") == 0


@pytest.mark.usefixtures("glove")
def test_an_unknown_term_is_named_with_suggestions() -> None:
    done = run("Unted Staets : dollar :: Mexico : ?")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Error: 'Unted Staets' is not in glove-6b-50d. Did you mean 'united states'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("glove")
def test_options_change_the_search() -> None:
    answer = json.loads(run("king - man + woman", "--json", "--restrict", "2000", "-k", "3").stdout)
    assert len(answer["results"]) == 3
    assert all(result["rank"] <= 2000 for result in answer["results"])
    assert json.loads(run("king - man + woman", "--json", "--method", "3cosmul").stdout)["method"] == "3cosmul"
    assert "explanation" in json.loads(run("king - man + woman", "--json", "--explain").stdout)
    explained = run("king - man + woman", "--explain", "--exact").stdout
    assert "margin to the runner-up: 0.08" in explained
    assert "cosine with" in explained


@pytest.mark.parametrize(
    "arguments",
    [
        ["-k", "0", "king"],
        ["-k", "1001", "king"],
        ["--method", "best", "king"],
        ["--restrict", "0", "king"],
        ["--nosuch"],
        ["import", "file"],
        ["export", "only"],
    ],
)
def test_wrong_usage_is_exit_code_2(arguments: list[str]) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage:" in done.stderr


def test_a_model_that_is_not_there_is_exit_code_1(small_home: Path) -> None:
    done = run("king", "--model", "nosuch", home=small_home)
    assert done.returncode == 1
    assert "There is no model 'nosuch'. There are: glove-6b-50d, tiny, wikipedia." in done.stderr
    assert run("king", "--model", "../tiny", home=small_home).returncode == 1


def test_models_are_given_by_name_or_path(small_home: Path) -> None:
    for model in ("tiny", small_home / "models" / "tiny"):
        done = run("king : man :: ? : woman", "-m", model, home=small_home)
        assert "1  queen" in done.stdout
        assert "Queen" not in done.stdout
    assert "Queen" in run("king : man :: ? : woman", "-m", "tiny", "--all-forms", home=small_home).stdout


# ---- Pipes


@pytest.mark.usefixtures("glove")
def test_a_pipe_gets_an_answer_a_line_and_errors_in_their_lines() -> None:
    queries = b"king - man + woman\nbad (\n\ncoffee <> tea\r\nqueeen\nMexico"
    done = run("-k", "2", stdin=queries)
    assert done.returncode == 1
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert lines[0] == ["king - man + woman", "queen", "0.852360", "throne", "0.766433"]
    assert lines[1][:2] == ["bad (", "error"]
    assert lines[2][:2] == ["", "error"]
    assert lines[3] == ["coffee <> tea", "0.807965"]
    assert lines[4][2].startswith("'queeen' is not in glove-6b-50d. Did you mean 'queen'")
    assert lines[5][0] == "Mexico"
    assert len(lines) == 6
    assert done.stderr == ""


@pytest.mark.usefixtures("glove")
def test_a_pipe_gives_json_lines() -> None:
    done = run("--json", "-k", "1", stdin=b"paris - france + italy\nking (\n\xff\n")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert answers[0]["results"][0]["word"] == "rome"
    assert answers[1] == {
        "query": "king (",
        "error": {
            "type": "QueryError",
            "detail": answers[1]["error"]["detail"],
            "column": 6,
            "example": "king - man + woman",
        },
    }
    assert (answers[2]["query"], answers[2]["error"]["type"]) == ("\\xff", "QueryError")
    assert done.returncode == 1
    assert run(stdin=b"king\n").returncode == 0
    assert run(stdin=b"").returncode == 0


@pytest.mark.usefixtures("glove")
def test_somebody_who_waits_for_each_answer_gets_it() -> None:
    with subprocess.Popen([*COMMAND, "-k", "1"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for query, word in ((b"paris - france + italy\n", b"rome"), (b"king - man + woman\n", b"queen")):
            process.stdin.write(query)
            process.stdin.flush()
            assert word in process.stdout.readline()
        process.stdin.close()
        assert process.wait() == 0


@pytest.mark.usefixtures("glove")
def test_many_lines_are_answered_in_their_order() -> None:
    words = ["king", "queen", "paris", "coffee", "lunch"] * 300
    done = run("-k", "1", "--json", stdin="\n".join(words).encode())
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["query"] for answer in answers] == words
    assert all(answer["results"] == answers[place % 5]["results"] for place, answer in enumerate(answers))


@pytest.mark.usefixtures("glove")
def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    with subprocess.Popen(
        COMMAND, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(b"king\n")
        process.stdin.flush()
        process.stdout.readline()
        process.stdout.close()
        process.stdin.write(b"king\n" * 2000)
        process.stdin.close()
        assert b"Traceback" not in process.stderr.read()
        process.wait()


@pytest.mark.usefixtures("glove")
@pytest.mark.parametrize("before", [signal.SIG_DFL, signal.SIG_IGN], ids=["default", "ignored"])
def test_an_interrupt_ends_it_without_a_traceback(before: signal.Handlers) -> None:
    """Also where the shell that starts it in the background has it ignored, whatever this process was started with."""
    with subprocess.Popen(
        COMMAND,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, before),
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(b"king\n")
        process.stdin.flush()
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert b"Traceback" not in process.stderr.read()
        assert process.wait() != 0


# ---- Other commands


def test_a_file_is_imported_asked_verified_indexed_and_exported(tmp_path: Path) -> None:
    home = tmp_path / "home"
    rows = np.random.default_rng(0).normal(size=(50, 4))
    text = "\n".join(f"w{number} {' '.join(map(str, row))}" for number, row in enumerate(rows))
    (tmp_path / "glove.txt").write_text(text)
    done = run("import", tmp_path / "glove.txt", "--name", "mine", "--licence", "CC0", home=home)
    assert done.returncode == 0
    assert "50 words × 4 from glove" in done.stdout
    assert "thisplusthat --model mine" in done.stderr
    assert run("w1", "-m", "mine", home=home).returncode == 0
    again = run("import", tmp_path / "glove.txt", "--name", "mine", home=home)
    assert again.returncode == 1
    assert "exists already" in again.stderr
    assert "is whole" in run("verify", "mine", home=home).stdout
    assert "exact" in run("index", "mine", "--kind", "exact", home=home).stdout
    done = run("export", "mine", tmp_path / "out.vec", "--restrict", "10", home=home)
    assert "10 words × 4" in done.stdout
    assert (tmp_path / "out.vec").read_text().startswith("10 4\nw0 ")
    listed = run("models", home=home).stdout
    assert "mine" in listed
    assert "CC0" in listed
    assert "prepared at its first use" in listed
    vectors = home / "models" / "mine" / "vectors.npy"
    content = bytearray(vectors.read_bytes())
    content[-1] ^= 1
    vectors.write_bytes(content)
    done = run("verify", "mine", home=home)
    assert done.returncode == 1
    assert "vectors.npy is damaged" in done.stderr
    vectors.write_bytes(content[:-1])
    assert "damaged" in run("models", home=home).stdout
    assert "problem" in json.loads(run("models", "--json", home=home).stdout)[0]


def test_bad_rows_stop_an_import_or_are_counted(tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_text("a 1 2\nb 1\na 3 4\nc 0 0\n")
    home = tmp_path / "home"
    done = run("import", tmp_path / "bad.txt", "-n", "bad", "--format", "glove", home=home)
    assert done.returncode == 1
    assert "line 2: 1 numbers follow the word where 2 are expected" in done.stderr
    done = run("import", tmp_path / "bad.txt", "-n", "bad", "--on-error", "skip", "--format", "glove", home=home)
    assert "2 words × 2" in done.stdout
    assert "1 rows left out: their word came before" in done.stdout
    assert "1 words have a vector of zeros" in done.stdout
    assert "1 rows left out: something was wrong" in done.stdout
    done = run("c", "-m", "bad", home=home)
    assert "has a vector of zeros in bad, which points nowhere" in done.stderr


def test_pull_reads_gensims_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "gensim-data"
    (folder / "small").mkdir(parents=True)
    about = {"corpora": {}, "models": {"small": {"file_name": "small.txt", "license": "CC0"}}}
    (folder / "information.json").write_text(json.dumps(about))
    (folder / "small" / "small.txt").write_text("2 2\na 1 0\nb 0 1\n")
    monkeypatch.setenv("GENSIM_DATA_DIR", str(folder))
    done = run("pull", "small", home=tmp_path / "home")
    assert "2 words × 2" in done.stdout
    assert open_model(tmp_path / "home" / "models" / "small").manifest.card.licence == "CC0"
    assert "has no model 'large'. It has: small" in run("pull", "large", home=tmp_path / "home").stderr


def test_evaluation_is_shown_as_a_table_and_as_json(small_home: Path, tmp_path: Path) -> None:
    (tmp_path / "q.txt").write_text(": family\nman king woman queen\nman king woman nowhere\n: gram1\nthe a b c\n")
    done = run("evaluate", "--dataset", tmp_path / "q.txt", "--model", "tiny", home=small_home)
    assert ["family", "100.00%", "1", "1", "1", "50.0%"] in [line.split() for line in done.stdout.splitlines()]
    report = json.loads(run("evaluate", "-d", tmp_path / "q.txt", "-m", "tiny", "--json", home=small_home).stdout)
    assert report["total"]["correct"] == 1
    assert report["total"]["out_of_vocabulary"] == 2


@pytest.mark.usefixtures("glove")
def test_correlations_are_shown() -> None:
    done = run("evaluate", "--dataset", "wordsim353")
    assert "353 pairs, coverage 100.0%" in done.stdout
    assert "Spearman 0.4" in done.stdout or "Spearman 0.5" in done.stdout


def test_help_and_version() -> None:
    assert "thisplusthat, version 0.1.0" in run("--version").stdout
    for arguments in (["--help"], ["-h"], ["query", "--help"], ["import", "--help"], ["export", "--help"]):
        done = run(*arguments)
        assert done.returncode == 0
        assert "Usage: thisplusthat" in done.stdout


def test_the_default_is_prepared_with_progress_on_standard_error(tmp_path: Path) -> None:
    done = run("paris - france + italy", "--json", home=tmp_path)
    assert json.loads(done.stdout)["results"][0]["word"] == "rome"
    assert "preparing glove-6b-50d: reading vectors" in done.stderr
    assert run("paris", home=tmp_path).stderr == ""


def test_a_damaged_model_is_refused_by_the_name_of_the_file(tmp_path: Path) -> None:
    save_model(tmp_path / "m", ["a", "b"], np.eye(2), Card("m"))
    (tmp_path / "m" / "vocabulary.marisa").write_bytes(b"")
    done = run("a", "-m", tmp_path / "m")
    assert done.returncode == 1
    assert "vocabulary.marisa has 0 bytes" in done.stderr
