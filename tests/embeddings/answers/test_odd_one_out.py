import numpy as np
from gensim.models import KeyedVectors

from embeddings.answers.odd_one_out import oddness, rows_apart, shared_rows
from embeddings.search.index import Index


def test_oddness_is_the_mean_cosine_with_the_others() -> None:
    vectors = np.array([[1, 0], [0.6, 0.8], [0, 1]], np.float32)
    np.testing.assert_allclose(oddness(vectors), [0.3, 0.7, 0.4], atol=1e-6)


def test_the_odd_one_is_the_one_that_gensim_finds() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(2000, 20)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    peer = KeyedVectors(20)
    peer.add_vectors([str(row) for row in range(2000)], vectors)
    for _ in range(300):
        rows = rng.choice(2000, rng.integers(3, 12), replace=False)
        assert rows[oddness(vectors[rows]).argmin()] == int(peer.doesnt_match([str(row) for row in rows]))


def test_reasons_are_near_all_of_the_rest_or_near_the_odd_one_alone() -> None:
    # Rows 0 and 1 are the rest, 2 is the odd one; 3 lies between the rest, 4 near one of them, 5 near the odd one.
    vectors = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.7, 0.7, 0.1], [0.99, 0.1, 0], [0.1, 0, 0.99]], np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index = Index(vectors, None, 0)
    scores, rows = shared_rows(index, vectors[:2])
    assert rows[0] == 3
    np.testing.assert_allclose(scores[0], (vectors[3] @ vectors[:2].T).min(), atol=1e-6)
    scores, rows = rows_apart(index, vectors[2], vectors[:2])
    assert rows[:2] == [2, 5]
    np.testing.assert_allclose(scores[1], vectors[5] @ vectors[2] - vectors[5] @ vectors[0] / 2, atol=1e-6)
