"""Pictures: places that agree with the plane of an explanation, and files that can be opened."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from embeddings import Model, ModelError, QueryError, UnknownWord
from embeddings.answers.explanation import principal_plane
from embeddings.plotting.picture import PictureError, Projection, arrange, draw

PAIRS = ["France:Paris", "Italy:Rome", "Japan:Tokyo", "Spain:Madrid", "Germany:Berlin", "United States:Washington"]


def test_pairs_of_a_country_and_its_capital_point_the_same_way(glove: Model) -> None:
    picture = arrange(glove, PAIRS)
    assert len(picture.labels) == 12
    assert [(picture.labels[one], picture.labels[other]) for one, other in picture.pairs][-1] == (
        "United States",
        "Washington",
    )
    offsets = np.array([picture.places[other] - picture.places[one] for one, other in picture.pairs])
    offsets /= np.linalg.norm(offsets, axis=1, keepdims=True)
    assert np.linalg.norm(offsets.mean(axis=0)) > 0.8, "1 if all arrows are parallel"


def test_places_are_those_of_the_principal_plane(tiny_model: Model) -> None:
    picture = arrange(tiny_model, ["king", "queen:king", "bread"])
    assert picture.labels == ["king", "queen", "bread"]
    assert picture.pairs == [(1, 0)]
    rows = [tiny_model.vocabulary.row(word) for word in picture.labels]
    assert np.allclose(picture.places, principal_plane(tiny_model.vectors[rows]))


def test_umap_keeps_neighbours_together_and_repeats(glove: Model) -> None:
    words = ["cat", "dog", "horse", "mouse", "tiger", "paris", "london", "berlin", "madrid", "rome"]
    picture = arrange(glove, words, Projection.UMAP)
    assert np.array_equal(picture.places, arrange(glove, words, Projection.UMAP).places)
    distances = np.linalg.norm(picture.places[:, None] - picture.places[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    nearest = distances.argmin(axis=1)
    assert np.mean((nearest < 5) == (np.arange(10) < 5)) >= 0.8


@pytest.mark.parametrize(
    ("terms", "error", "message"),
    [
        (["cat", "dog"], QueryError, "needs three words or more, and 2 came"),
        (["a:b:c", "cat", "dog"], QueryError, "neither a word nor a pair"),
        (["a:", "cat", "dog"], QueryError, "neither a word nor a pair"),
        (["cat", "dog", "Brlin"], UnknownWord, "'Brlin' is not in glove-6b-50d. Did you mean"),
    ],
)
def test_what_cannot_be_drawn(glove: Model, terms: list[str], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        arrange(glove, terms)


def test_files_of_each_kind(glove: Model, tmp_path: Path) -> None:
    picture = arrange(glove, [*PAIRS, "coffee", "$5 x$" if "$5 x$" in glove.vocabulary else "tea"])
    draw(picture, tmp_path / "p.png")
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
    draw(picture, tmp_path / "p.svg")
    texts = {element.text for element in ElementTree.parse(tmp_path / "p.svg").iter("{http://www.w3.org/2000/svg}text")}
    assert {*picture.labels, "glove-6b-50d, PCA"} <= texts
    draw(picture, tmp_path / "p.pdf")
    assert (tmp_path / "p.pdf").read_bytes().startswith(b"%PDF")
    assert len(list(tmp_path.iterdir())) == 3


def test_files_that_cannot_be_written(glove: Model, tmp_path: Path) -> None:
    picture = arrange(glove, PAIRS)
    with pytest.raises(PictureError, match=r"has to end in \.png, \.svg, \.pdf"):
        draw(picture, tmp_path / "p.gif")
    (tmp_path / "p.png").write_text("mine")
    with pytest.raises(PictureError, match="exists already"):
        draw(picture, tmp_path / "p.png")
    assert (tmp_path / "p.png").read_text() == "mine"
    draw(picture, tmp_path / "p.png", overwrite=True)
    with pytest.raises(ModelError, match="cannot be written. There is no folder"):
        draw(picture, tmp_path / "nowhere" / "p.png")
