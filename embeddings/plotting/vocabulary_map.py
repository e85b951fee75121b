"""The most frequent words of a model as points of a plane: computed once, kept in the model's folder as map.json.

The map is no part of the model: model.json does not list it. It carries the checksum of the vectors that it shows,
and a map of other vectors is refused.
"""

import base64
import json
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from embeddings.errors import ModelError
from embeddings.files import lock_place, open_regular, place_of, put_in_place, sync_folder, work_folder, writing
from embeddings.models import MAP_FILE, VECTORS_FILE, Model, WordVectors, read_manifest
from embeddings.plotting.landmarks import landmark_layout
from embeddings.progress import Progress, no_progress
from embeddings.search import Matrix, exact_search

_FORMAT_VERSION = 1
_SCALE = 32_767
_MOST_BYTES = 16 << 20
_FEWEST = 5
_TOO_COMMON = 150
"""The first so many words name no group: they are used everywhere."""


class MapMethod(StrEnum):
    """How words are laid out."""

    UMAP = "umap"
    """McInnes, Healy and Melville 2018."""
    TSNE = "tsne"
    """Van der Maaten and Hinton 2008."""
    LANDMARKS = "landmarks"
    """t-SNE of a few hundred means with the words between them: rougher, in seconds, and without other packages."""


@dataclass(frozen=True, slots=True)
class MapParameters:
    """How a map is computed; saved in it."""

    words: int = field(default=20_000, metadata={"help": "So many of the most frequent.", "min": 5})
    """Or as many as there are."""
    method: MapMethod = field(default=MapMethod.UMAP, metadata={"help": "How words are laid out."})
    neighbours: int = 15
    """Words near each word that it is to stay near to (t-SNE's perplexity is twice as much)."""
    min_distance: float = 0.1
    """How close UMAP packs neighbours."""
    clusters: int = 16
    """Groups of words with a colour each."""
    seed: int = field(default=1, metadata={"help": "Of the layout.", "min": 0})


@dataclass(frozen=True, slots=True, eq=False)
class VocabularyMap:
    """Words, most frequent first, their places and their groups."""

    words: Sequence[str]
    coordinates: Matrix
    """[words, 2], from -1 to 1."""
    clusters: npt.NDArray[np.uint8]
    """The number of each word's group."""
    cluster_words: Sequence[str]
    """Of each group a word that is typical of it."""
    parameters: MapParameters

    def as_dict(self) -> dict[str, Any]:
        """The map for a page: places are pairs of little-endian 16-bit integers, groups are bytes, both in base64."""
        return {"words": list(self.words)} | _packed(self)

    def as_json(self, display: Mapping[str, str] | None = None) -> bytes:
        """`as_dict` as compact JSON; with ``display``, how words are written that stand otherwise in the vocabulary."""
        more = {"display": dict(display)} if display is not None else {}
        return json.dumps(self.as_dict() | more, ensure_ascii=False, separators=(",", ":")).encode()


def make_map(model: Model, parameters: MapParameters | None = None, progress: Progress = no_progress) -> VocabularyMap:
    """Compute the map of ``model`` and keep it in the model's folder. The same parameters give the same map.

    Raises `ModelError` if the extra that lays words out is not installed, or the folder cannot be written to.
    """
    parameters = parameters or MapParameters()
    count = min(parameters.words, len(model))
    if count < _FEWEST:
        raise ModelError(f"A map needs {_FEWEST} words or more, and this one would have {count}.")
    folder = place_of(model.folder)
    with lock_place(folder):
        if read_manifest(folder) != model.manifest:
            raise ModelError(f"{model.name} has been replaced by another process meanwhile. Make the map of that one.")
        made = compute_map(model, replace(parameters, words=count), progress)
        progress("writing", 3, 4)
        _save(made, model, folder)
        progress("done", 4, 4)
    return made


def compute_map(model: WordVectors, parameters: MapParameters, progress: Progress = no_progress) -> VocabularyMap:
    """The map of ``model``, which is kept nowhere. Raises `ModelError` if what lays words out is not installed."""
    rows = range(min(parameters.words, len(model)))
    vectors = np.ascontiguousarray(model.vectors_of(rows))
    words = model.vocabulary.words(rows)
    progress("loading", 0, 4)
    lay_out = _LAYOUTS[parameters.method]()
    progress("neighbours and layout, some minutes for many words", 1, 4)
    coordinates = _scaled(lay_out(vectors, parameters))
    progress("groups", 2, 4)
    clusters, names = _groups(vectors, words, parameters)
    return VocabularyMap(words, coordinates, clusters, [words[row] for row in names], parameters)


def open_map(model: Model) -> VocabularyMap | None:
    """The map of ``model``, None if none was made. Raises `ModelError` if it is damaged, or of other vectors."""
    path = model.folder / MAP_FILE
    remedy = f"Run: thisplusthat map {model.name}"
    try:
        if not path.exists():
            return None
        with open_regular(path) as file:
            content = json.loads(file.read(_MOST_BYTES))
        if content["format_version"] > _FORMAT_VERSION:
            raise ModelError(f"{path} is of a newer version of this program. Update it, or compute the map. {remedy}")
        if content["vectors_sha256"] != model.manifest.files[VECTORS_FILE].sha256:
            raise ModelError(f"{path} is a map of other vectors than {model.name} has now. {remedy}")
        parameters = dict(content["parameters"])
        parameters["method"] = MapMethod(parameters["method"])
        coordinates = np.frombuffer(base64.b64decode(content["coordinates"]), "<i2").reshape(-1, 2)
        clusters = np.frombuffer(base64.b64decode(content["clusters"]), np.uint8)
        if not 0 < len(coordinates) == len(clusters) <= len(model):
            raise ValueError(f"{len(coordinates)} places and {len(clusters)} groups")
        return VocabularyMap(
            model.vocabulary.words(range(len(coordinates))),
            (coordinates / np.float32(_SCALE)).astype(np.float32),
            clusters,
            list(map(str, content["cluster_words"])),
            MapParameters(**parameters),
        )
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(f"{path} is damaged: {type(error).__name__}: {str(error)[:200]}. {remedy}") from error


def _save(made: VocabularyMap, model: Model, folder: Path) -> None:
    """Put the map into ``folder``, that of ``model``, whose lock is held."""
    content: dict[str, Any] = {
        "format_version": _FORMAT_VERSION,
        "vectors_sha256": model.manifest.files[VECTORS_FILE].sha256,
    }
    path = folder / MAP_FILE
    text = json.dumps(content | _packed(made), ensure_ascii=False)
    with work_folder(folder) as work, writing(path):
        new = work / MAP_FILE
        new.write_text(text, encoding="utf-8")
        sync_folder(work)
        put_in_place(new, path)


def _packed(made: VocabularyMap) -> dict[str, Any]:
    coordinates = np.round(made.coordinates * _SCALE).astype("<i2")
    return {
        "coordinates": base64.b64encode(coordinates.tobytes()).decode(),
        "clusters": base64.b64encode(made.clusters.tobytes()).decode(),
        "cluster_words": list(made.cluster_words),
        "parameters": asdict(made.parameters),
    }


# ---- Laying out


_Layout = Callable[[Matrix, MapParameters], Matrix]


def _umap() -> _Layout:
    with _as_extra(), warnings.catch_warnings():
        warnings.simplefilter("ignore", ImportWarning)  # of a part of it that is not needed
        import umap

    def lay_out(vectors: Matrix, parameters: MapParameters) -> Matrix:
        neighbours = min(parameters.neighbours, len(vectors) - 1)
        reducer = umap.UMAP(
            n_neighbors=neighbours,
            min_dist=parameters.min_distance,
            metric="cosine",
            init="pca",
            random_state=parameters.seed,
            # Found here, exactly: UMAP would look for them by an approximation that takes longer.
            precomputed_knn=_neighbours(vectors, neighbours),
            force_approximation_algorithm=True,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the seed, which makes it run in one thread, and of new words later
            places: Matrix = reducer.fit_transform(vectors)
        return places

    return lay_out


def _tsne() -> _Layout:
    with _as_extra():
        from sklearn.manifold import TSNE

    def lay_out(vectors: Matrix, parameters: MapParameters) -> Matrix:
        perplexity = min(2 * parameters.neighbours, (len(vectors) - 1) / 3)
        places: Matrix = TSNE(
            perplexity=perplexity, metric="cosine", init="random", random_state=parameters.seed
        ).fit_transform(vectors)
        return places

    return lay_out


def _landmarks() -> _Layout:
    return lambda vectors, parameters: landmark_layout(vectors, parameters.seed)


_LAYOUTS = {MapMethod.UMAP: _umap, MapMethod.TSNE: _tsne, MapMethod.LANDMARKS: _landmarks}


@contextmanager
def _as_extra() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise ModelError(
            'What lays words out is not installed. Run: pip install "thisplusthat[umap]", which brings both UMAP and '
            "t-SNE."
        ) from error


def _neighbours(vectors: Matrix, count: int) -> tuple[npt.NDArray[np.int32], Matrix]:
    """Of each row the ``count`` nearest rows, itself the first, and their distances, 1 - cosine."""
    cosines, rows = exact_search(vectors, vectors, count)
    return rows.astype(np.int32), np.maximum(1 - cosines, 0)


def _scaled(places: Matrix) -> Matrix:
    """``places`` moved and brought to -1 … 1, with the same scale on both axes."""
    low, high = places.min(axis=0), places.max(axis=0)
    scaled: Matrix = ((places - (low + high) / 2) / max(float((high - low).max()) / 2, 1e-9)).astype(np.float32)
    return np.clip(scaled, -1, 1)


def _groups(
    vectors: Matrix, words: Sequence[str], parameters: MapParameters
) -> tuple[npt.NDArray[np.uint8], list[int]]:
    """The group of each row by k-means over directions, and of each group the row of a word that is typical of it."""
    import faiss  # here, since whoever trains or serves imports this room

    count = max(1, min(parameters.clusters, 256, len(vectors) // 10))
    means = faiss.Kmeans(
        vectors.shape[1], count, niter=20, seed=parameters.seed, spherical=True, min_points_per_centroid=1
    )
    means.train(vectors)
    assert means.centroids is not None
    cosines = vectors @ means.centroids.T
    clusters = cosines.argmax(axis=1).astype(np.uint8)
    names = np.array([_is_a_name(word) and row >= min(_TOO_COMMON, len(words) // 10) for row, word in enumerate(words)])
    return clusters, [_typical(cosines, clusters == number, names, number) for number in range(count)]


def _typical(cosines: Matrix, group: npt.NDArray[np.bool_], names: npt.NDArray[np.bool_], number: int) -> int:
    """The row of the word that says best what a group is: near its middle, far from the others', and not too rare."""
    rows = np.flatnonzero(group & names)
    if len(rows) == 0:
        rows = np.flatnonzero(group) if group.any() else np.arange(len(cosines))
    rows = rows[: max(10, len(rows) // 2)]  # the more frequent half
    others = np.delete(cosines[rows], number, axis=1)
    distinct = others.max(axis=1) if others.shape[1] else np.zeros(len(rows), np.float32)
    return int(rows[(cosines[rows, number] - 0.5 * distinct).argmax()])


def _is_a_name(word: str) -> bool:
    """Whether people would call a region so: letters, and more than a few."""
    plain = word.replace("_", "").replace(" ", "").replace("-", "")
    return len(plain) > 3 and plain.isalpha()
