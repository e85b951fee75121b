"""Words as points in a plane, pairs of words as arrows: the picture of capitals of Mikolov et al. 2013."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from embeddings.answers import principal_plane, resolve
from embeddings.errors import EmbeddingsError, QueryError
from embeddings.files import file_in_place, lock_place, place_of
from embeddings.models import WordVectors
from embeddings.plotting.umap_of_few import umap_of_few
from embeddings.search import Matrix

FORMATS = ("png", "svg", "pdf")


class Projection(StrEnum):
    PCA = "pca"
    UMAP = "umap"


class PictureError(EmbeddingsError):
    """A picture that cannot be drawn or written."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Labels, their places [labels, 2], and the pairs of them that belong together."""

    labels: Sequence[str]
    places: Matrix
    pairs: Sequence[tuple[int, int]]
    title: str


def arrange(model: WordVectors, terms: Sequence[str], projection: Projection = Projection.PCA) -> Picture:
    """Places for ``terms``, each a term of the query language or a pair of them as ``France:Paris``.

    Raises `UnknownWord` for a term that ``model`` does not know and `QueryError` where there are too few.
    """
    labels: list[str] = []
    pairs: list[tuple[int, int]] = []
    for term in terms:
        parts = [part.strip() for part in term.split(":")]
        if len(parts) > 2 or not all(parts):
            raise QueryError(f"'{term}' is neither a word nor a pair.", example="France:Paris")
        for part in parts:
            if part not in labels:
                labels.append(part)
        if len(parts) == 2:
            pairs.append((labels.index(parts[0]), labels.index(parts[1])))
    if len(labels) < 3:
        raise QueryError(
            f"A picture needs three words or more, and {len(labels)} came.", example="France:Paris Italy:Rome"
        )
    vectors = np.stack([resolve(model, label).vector for label in labels])
    places = project(vectors, projection)
    return Picture(labels, places, pairs, f"{model.name}, {projection.value.upper()}")


def project(vectors: Matrix, projection: Projection) -> Matrix:
    """Places [n, 2] of ``vectors`` [n, dimension], three or more."""
    return principal_plane(vectors) if projection is Projection.PCA else umap_of_few(vectors)


def draw(picture: Picture, path: Path, *, overwrite: bool = False) -> None:
    """Write ``picture`` as the suffix of ``path`` says. Raises `PictureError` and `ModelError`."""
    kind = path.suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        raise PictureError(f"{path} has to end in {', '.join(f'.{known}' for known in FORMATS)}.")
    path = place_of(path)
    with lock_place(path, make_parents=False):
        if path.exists() and not overwrite:
            raise PictureError(f"{path} exists already. Choose another name, or add --overwrite.")
        _draw(picture, path, kind)


def _draw(picture: Picture, path: Path, kind: str) -> None:
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 8), layout="constrained")
    axes = figure.add_subplot(title=picture.title)
    axes.set_axis_off()
    for one, other in picture.pairs:
        arrow = {"arrowstyle": "-|>", "color": "tab:blue", "alpha": 0.5, "linestyle": "--", "shrinkA": 4, "shrinkB": 4}
        axes.annotate("", xy=picture.places[other], xytext=picture.places[one], arrowprops=arrow)
    axes.scatter(picture.places[:, 0], picture.places[:, 1], s=18, color="tab:blue", zorder=2)
    for label, place in zip(picture.labels, picture.places, strict=True):
        axes.annotate(label, xy=place, xytext=(5, 4), textcoords="offset points", parse_math=False)
    axes.margins(0.12)
    with (
        file_in_place(path) as partial,
        warnings.catch_warnings(),
        rc_context({"svg.fonttype": "none", "svg.hashsalt": picture.title}),
    ):
        warnings.filterwarnings("ignore", "Glyph", UserWarning)  # a letter that the font lacks is drawn as a box
        figure.savefig(partial, format=kind, dpi=150)
