import zipfile
from pathlib import Path

import numpy as np
import pytest

from embeddings.errors import ModelError
from embeddings.models.model import Card, open_model
from embeddings.models.packed import Band, Content, Supplement, pack, pack_descriptions, unpack, unpack_descriptions


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


def test_other_descriptions_take_the_place_of_those_in_the_file(tmp_path: Path, content: Content) -> None:
    said = {"w3": "a third", "new_york": "city in the United States"}
    assert pack_descriptions(tmp_path / "d", said) == (tmp_path / "d").stat().st_size
    pack(tmp_path / "p", content, BANDS)
    unpack(tmp_path / "p", tmp_path / "m", supplement=Supplement(descriptions=unpack_descriptions(tmp_path / "d")))
    model = open_model(tmp_path / "m")
    assert [model.description(row) for row in (2, 3, 499)] == [None, "a third", "city in the United States"]
    assert model.display(499) == "New York"


def more_of(content: Content, dimension: int = 12) -> Content:
    vectors = content.vectors[[3, 3]][:, :dimension] * 0.99
    return Content(["mcdonald's", "c++"], vectors, [140, 376], Card("more"), ["McDonald's", "C++"])


def test_additions_stand_behind_all_others(tmp_path: Path, content: Content) -> None:
    pack(tmp_path / "p", content, BANDS)
    pack(tmp_path / "a", more_of(content), [Band(2, 0.01)])
    said = Supplement(descriptions={"w3": "a third", "c++": "language"}, additions=tmp_path / "a")
    manifest = unpack(tmp_path / "p", tmp_path / "m", supplement=said)
    model = open_model(tmp_path / "m")
    assert (manifest.count, manifest.card.name) == (len(model), "small") == (502, "small")
    assert list(model.vocabulary)[499:] == ["new_york", "mcdonald's", "c++"]
    assert [model.count_of(row) for row in (499, 500, 501)] == [1, 140, 376]
    assert [model.display(row) for row in (0, 499, 500, 501)] == [None, "New York", "McDonald's", "C++"]
    assert [model.description(row) for row in (3, 499, 500, 501)] == ["a third", None, None, "language"]
    assert np.abs(model.vectors[500] @ model.vectors[3] - 1) < 0.001


def test_additions_that_are_damaged_or_of_another_space_are_refused(tmp_path: Path, content: Content) -> None:
    pack(tmp_path / "p", content, BANDS)
    pack(tmp_path / "a", more_of(content, 6), [Band(2, 0.01)])
    supplement = Supplement(additions=tmp_path / "a")
    with pytest.raises(ModelError, match="a has 6 dimensions and .*p has 12"):
        unpack(tmp_path / "p", tmp_path / "m", supplement=supplement)
    pack(tmp_path / "a", more_of(content), [Band(2, 0.01)])
    whole = (tmp_path / "a").read_bytes()
    codes = whole.index(b"codes0") + 10
    for damaged in (whole[:-30], whole[:codes] + bytes([whole[codes] ^ 1]) + whole[codes + 1 :], b""):
        (tmp_path / "a").write_bytes(damaged)
        with pytest.raises(ModelError, match="a is not a packed model, or is damaged.*Install the package again"):
            unpack(tmp_path / "p", tmp_path / "m", supplement=supplement)
        assert not (tmp_path / "m").exists()
    pack(tmp_path / "a", content, BANDS)
    with pytest.raises(ModelError, match="500 words twice"):
        unpack(tmp_path / "p", tmp_path / "m", supplement=supplement)


def test_damaged_descriptions_are_refused(tmp_path: Path) -> None:
    pack_descriptions(tmp_path / "d", {"a": "letter"})
    (tmp_path / "d").write_bytes((tmp_path / "d").read_bytes()[:-9])
    with pytest.raises(ModelError, match="d holds no descriptions, or is damaged"):
        unpack_descriptions(tmp_path / "d")
    with pytest.raises(ModelError, match="cannot be read"):
        unpack_descriptions(tmp_path / "none")


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
