import zipfile
from pathlib import Path

import numpy as np
import pytest

from embeddings.errors import ModelError
from embeddings.models.model import Card, open_model
from embeddings.models.packed import Band, Content, pack, unpack


@pytest.fixture
def content() -> Content:
    numbers = np.random.default_rng(5)
    vectors = (numbers.standard_normal((500, 12)) * np.geomspace(1, 0.05, 12)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    words = [f"w{number}" for number in range(499)] + ["new_york"]
    texts = [None] * 499 + ["New York"]
    return Content(words, vectors, range(500, 0, -1), Card("small", corpus="none"), texts, texts)


BANDS = [Band(100, 0.01), Band(500, 0.03)]


def test_what_is_packed_is_unpacked(tmp_path: Path, content: Content) -> None:
    size = pack(tmp_path / "p", content, BANDS)
    assert size == (tmp_path / "p").stat().st_size < 8000
    unpack(tmp_path / "p", tmp_path / "m")
    model = open_model(tmp_path / "m")
    assert list(model.vocabulary) == list(content.words)
    assert model.counts.tolist() == list(content.counts)
    assert (model.name, model.manifest.card.corpus) == ("small", "none")
    assert (model.display(499), model.display(0), model.description(499)) == ("New York", None, "New York")
    lengths = model.norms[:, None]
    error = np.abs(model.vectors * lengths - content.vectors)
    assert error[:100].max() <= 0.005 + 1e-6
    assert 0.005 < error[100:].max() <= 0.015 + 1e-6


def test_the_same_content_gives_the_same_bytes(tmp_path: Path, content: Content) -> None:
    pack(tmp_path / "one", content, BANDS)
    pack(tmp_path / "two", content, BANDS)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_steps_that_do_not_fit_are_refused(tmp_path: Path, content: Content) -> None:
    with pytest.raises(ModelError, match="too small for numbers"):
        pack(tmp_path / "p", content, [Band(500, 0.001)])
    with pytest.raises(ModelError, match="do not cover 500 rows"):
        pack(tmp_path / "p", content, [Band(400, 0.01)])


@pytest.mark.parametrize("position", range(0, 100, 4))
def test_a_damaged_file_is_refused_and_leaves_nothing(tmp_path: Path, content: Content, position: int) -> None:
    pack(tmp_path / "p", content, BANDS)
    whole = (tmp_path / "p").read_bytes()
    (tmp_path / "p").write_bytes(whole[: len(whole) * position // 100])
    with pytest.raises(ModelError, match="p is not a packed model, or is damaged"):
        unpack(tmp_path / "p", tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_a_part_of_the_wrong_size_is_refused(tmp_path: Path, content: Content) -> None:
    pack(tmp_path / "p", content, BANDS)
    with zipfile.ZipFile(tmp_path / "p") as old, zipfile.ZipFile(tmp_path / "q", "w") as new:
        for name in old.namelist():
            part = old.read(name)
            new.writestr(name, old.read("codes1") if name == "codes0" else part)
    with pytest.raises(ModelError, match="numbers where 1,200 are announced"):
        unpack(tmp_path / "q", tmp_path / "m")
