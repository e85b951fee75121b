"""The costliest requests: all routes are among them, and what takes too long is said."""

from itertools import product
from pathlib import Path

import numpy as np

from embeddings import load_model
from embeddings.models import Card, save_model
from scripts.benchmark.http_costs import measure_costs, over_budget


def test_every_route_is_measured_and_what_takes_too_long_is_named(tmp_path: Path) -> None:
    words = ["".join(letters) for letters in product("abcdefghijklmnop", repeat=3)]
    vectors = np.random.default_rng(0).standard_normal((len(words), 8), np.float32)
    words += ["king", "Man", "woman", "coffee", "tea"]
    save_model(tmp_path / "words", words, np.concatenate([vectors, vectors[:5] + 1]), Card("words"))
    found = measure_costs(load_model(str(tmp_path / "words")))
    assert {figures["status"] for figures in found.values()} <= {200, 302, 400, 404, 422}
    assert "refused" in found["1,000 explained"]
    found["home"]["ms/query"] = 51
    assert "home" in over_budget(found)
