"""Maps of vocabularies: neighbours stay neighbours, the same every time, and never shown for other vectors."""

import base64
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from embeddings.errors import ModelError
from embeddings.models.model import MAP_FILE, Card, Model, open_model, verify_model
from embeddings.models.writer import ModelWriter, rebuild_index, save_model
from embeddings.plotting.vocabulary_map import MapMethod, MapParameters, VocabularyMap, make_map, open_map
from embeddings.search import IndexParameters, Matrix, exact_search

WORDS = 1_500


@pytest.fixture(scope="module")
def small(glove: Model, tmp_path_factory: pytest.TempPathFactory) -> Model:
    """The most frequent words of GloVe as a model of their own."""
    folder = tmp_path_factory.mktemp("models") / "small"
    save_model(folder, glove.vocabulary.words(range(WORDS)), np.array(glove.vectors[:WORDS]), Card("small"))
    return open_model(folder)


@pytest.fixture(scope="module")
def whole(small: Model) -> VocabularyMap:
    return make_map(small, MapParameters(words=WORDS))


@pytest.fixture
def copy(small: Model, tmp_path: Path) -> Model:
    return open_model(shutil.copytree(small.folder, tmp_path / "copy", ignore=shutil.ignore_patterns(MAP_FILE)))


@pytest.fixture
def mapped(small: Model, whole: VocabularyMap, tmp_path: Path) -> Model:
    """A copy with the map that ``whole`` is."""
    return open_model(shutil.copytree(small.folder, tmp_path / "copy"))


def _neighbours_kept(vectors: Matrix, places: Matrix) -> float:
    """The mean share of a word's ten nearest words that are among its ten nearest on the map."""
    near = exact_search(vectors, vectors, 11)[1][:, 1:]
    distances = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    shown = np.argsort(distances, axis=1)[:, :10]
    return float(np.mean([len(set(one) & set(other)) / 10 for one, other in zip(near, shown, strict=True)]))


def test_neighbours_stay_neighbours_fifty_times_more_often_than_by_chance(small: Model, whole: VocabularyMap) -> None:
    kept = _neighbours_kept(np.array(small.vectors), whole.coordinates)
    assert kept > 0.3, f"{kept:.3f} of the ten nearest, where chance gives {10 / WORDS:.4f}"


def test_places_fill_the_square_and_groups_hold_words_that_are_alike(small: Model, whole: VocabularyMap) -> None:
    assert whole.coordinates.shape == (WORDS, 2)
    assert whole.coordinates.dtype == np.float32
    assert np.abs(whole.coordinates).max() == pytest.approx(1)
    vectors = np.array(small.vectors)
    cosines = vectors @ vectors.T
    same = whole.clusters[:, None] == whole.clusters[None]
    assert cosines[same].mean() > cosines[~same].mean() + 0.1
    assert len(whole.cluster_words) == whole.clusters.max() + 1
    assert set(whole.cluster_words) <= set(whole.words)


def test_what_was_made_is_what_is_opened(small: Model, whole: VocabularyMap) -> None:
    opened = open_map(small)
    assert opened is not None
    assert list(opened.words) == list(whole.words) == small.vocabulary.words(range(WORDS))
    assert opened.coordinates == pytest.approx(whole.coordinates, abs=2e-5)
    assert np.array_equal(opened.clusters, whole.clusters)
    assert (opened.cluster_words, opened.parameters) == (list(whole.cluster_words), whole.parameters)


def test_a_page_gets_it_compact(small: Model, whole: VocabularyMap) -> None:
    content = json.loads(whole.as_json())
    places = np.frombuffer(base64.b64decode(content["coordinates"]), "<i2").reshape(-1, 2) / 32_767
    assert places == pytest.approx(whole.coordinates, abs=2e-5)
    assert len(base64.b64decode(content["clusters"])) == len(content["words"]) == WORDS
    assert content["words"][:3] == ["the", ",", "."]
    assert content["parameters"]["method"] == "umap"
    assert len(whole.as_json()) < 20 * WORDS


@pytest.mark.parametrize("method", list(MapMethod))
def test_the_same_parameters_give_the_same_map(copy: Model, method: MapMethod) -> None:
    parameters = MapParameters(words=120, method=method)
    one, other = make_map(copy, parameters), make_map(copy, parameters)
    assert one.as_json() == other.as_json()
    assert np.isfinite(one.coordinates).all()
    assert _neighbours_kept(np.array(copy.vectors[:120]), one.coordinates) > 0.3  # by chance 0.08


def test_the_model_stays_whole_and_keeps_its_map_with_a_new_index(mapped: Model, whole: VocabularyMap) -> None:
    verify_model(mapped.folder)
    rebuild_index(mapped.folder, IndexParameters(kind="exact"))
    verify_model(mapped.folder)
    opened = open_map(open_model(mapped.folder))
    assert opened is not None
    assert opened.as_json() == whole.as_json()
    assert MAP_FILE not in open_model(mapped.folder).manifest.files


def test_a_map_of_other_vectors_is_refused(mapped: Model) -> None:
    kept = (mapped.folder / MAP_FILE).read_bytes()
    with ModelWriter(mapped.folder, 8, overwrite=True) as writer:
        writer.append(list("abcdefgh"), np.eye(8, dtype=np.float32))
        writer.finish(Card("mine"))
    changed = open_model(mapped.folder)
    assert open_map(changed) is None  # it went with the vectors
    (mapped.folder / MAP_FILE).write_bytes(kept)
    with pytest.raises(ModelError, match=r"map of other vectors than mine has now. Run: thisplusthat map mine"):
        open_map(changed)


@pytest.mark.parametrize(
    "change",
    [
        {"coordinates": "AAAA"},
        {"coordinates": "%"},
        {"clusters": ""},
        {"parameters": {}},
        {"parameters": {"method": "pca"}},
        {"cluster_words": 3},
    ],
)
def test_a_damaged_map_is_named(mapped: Model, change: dict[str, object]) -> None:
    path = mapped.folder / MAP_FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | change), encoding="utf-8")
    with pytest.raises(ModelError, match=r"map.json is damaged.*thisplusthat map"):
        open_map(mapped)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(ModelError, match="map.json is damaged"):
        open_map(mapped)


def test_vectors_of_zeros_and_twins_have_places_too(tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)
    vectors[3] = 0
    vectors[5] = vectors[6]
    save_model(tmp_path / "m", [f"w{number}" for number in range(40)], vectors, Card("m"))
    assert np.isfinite(make_map(open_model(tmp_path / "m")).coordinates).all()


def test_too_few_words_make_no_map(copy: Model) -> None:
    with pytest.raises(ModelError, match="A map needs 5 words or more, and this one would have 3"):
        make_map(copy, MapParameters(words=3))


@pytest.mark.parametrize(("method", "package"), [(MapMethod.UMAP, "umap"), (MapMethod.TSNE, "sklearn.manifold")])
def test_without_the_extra_it_says_what_to_install(
    copy: Model, monkeypatch: pytest.MonkeyPatch, method: MapMethod, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ModelError, match=r'pip install "thisplusthat\[umap\]"'):
        make_map(copy, MapParameters(words=60, method=method))
    assert open_map(copy) is None
