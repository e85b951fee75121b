from pathlib import Path

import numpy as np
import pytest
from gensim.models import KeyedVectors

from embeddings.search.brute_force import Matrix
from embeddings.search.index import Index, open_index
from embeddings.search.index_building import build_index
from embeddings.search.recall import analogy_targets
from embeddings.search.report import IndexParameters
from embeddings.search.three_cos_mul import cosmul_scores, search_cosmul


def rows_in_clusters(count: int, dimension: int) -> Matrix:
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(200, dimension))
    rows = centres[rng.integers(0, 200, count)] + 0.6 * rng.normal(size=(count, dimension))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module", params=["lists", "fastscan"])
def index(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Index:
    vectors = rows_in_clusters(25_000, 16)
    folder = tmp_path_factory.mktemp("index")
    return open_index(vectors, build_index(vectors, IndexParameters(request.param), folder), folder)


def test_scores_worked_by_hand() -> None:
    vectors = np.array([[1, 0], [0, 1], [-1, 0]], np.float32)
    inputs = np.array([[1, 0], [0, 1]], np.float32)
    # Similarities to the two inputs, (1 + cos) / 2: 1 and ½; ½ and 1; 0 and ½.
    scores = cosmul_scores(vectors, inputs, np.array([1, -1], np.float32))
    np.testing.assert_allclose(scores, [1 / (0.5 + 1e-6), 0.5 / (1 + 1e-6), 0], rtol=1e-6)
    weighted = cosmul_scores(vectors, inputs, np.array([2, 0.5], np.float32))
    np.testing.assert_allclose(weighted, np.array([0.5**0.5, 0.25, 0]) / (1 + 1e-6), rtol=1e-6)


def test_exact_search_agrees_with_gensim(index: Index) -> None:
    vectors = index.vectors[:5000]
    names = [str(row) for row in range(len(vectors))]
    peer = KeyedVectors(16)
    peer.add_vectors(names, vectors)
    rng = np.random.default_rng(1)
    exact = Index(vectors, None, 0)
    for _ in range(200):
        rows = rng.choice(len(vectors), rng.integers(1, 6), replace=False)
        weights = rng.choice([-1, 1], len(rows)).astype(np.float32)
        weights[0] = 1
        expected = peer.most_similar_cosmul(
            positive=[str(row) for row in rows[weights > 0]], negative=[str(row) for row in rows[weights < 0]]
        )
        scores, found = search_cosmul(exact, vectors[rows], weights, 10 + len(rows))
        kept = [(score, row) for score, row in zip(scores, found, strict=True) if row not in rows][:10]
        np.testing.assert_allclose([score for score, _ in kept], [score for _, score in expected], rtol=2e-5)
        assert [str(row) for _, row in kept][:3] == [word for word, _ in expected][:3]


def test_recall_through_the_index_against_brute_force(index: Index) -> None:
    weights = np.array([-1, 1, 1], np.float32)
    _, inputs = analogy_targets(index.vectors, 200, seed=77)
    hits = 0
    for rows in inputs:
        _, truth = search_cosmul(index, index.vectors[rows], weights, 10, exact=True)
        scores, found = search_cosmul(index, index.vectors[rows], weights, 10)
        assert (np.diff(scores) <= 0).all()
        hits += len(set(truth.tolist()) & set(found.tolist()))
    assert hits / (10 * len(inputs)) >= 0.999


def test_restriction_and_few_rows(index: Index) -> None:
    inputs, weights = index.vectors[[5, 9]], np.array([1, 1], np.float32)
    assert search_cosmul(index, inputs, weights, 10, restrict=100)[1].max() < 100
    assert len(search_cosmul(index, inputs, weights, 10, restrict=4)[1]) == 4


def test_negative_terms_alone_have_an_answer(index: Index, tmp_path: Path) -> None:
    inputs, weights = index.vectors[[5]], np.array([-1], np.float32)
    truth = search_cosmul(index, inputs, weights, 5, exact=True)[1]
    assert truth.tolist() == np.argsort(index.vectors @ inputs[0], kind="stable")[:5].tolist()
