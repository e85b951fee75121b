"""A model of singers and cities, small enough that one sees what is near what."""

from pathlib import Path

import numpy as np
import pytest

from embeddings.models import Band, Card, Content, Model, open_model, pack, unpack
from scripts.default_model.descriptions import NEIGHBOURS


@pytest.fixture
def model(tmp_path: Path) -> Model:
    """Rows of singers and of cities, each near the words that describe such; `kobe` is a city, `jet_li` a singer."""
    words, vectors = ["singer", "city"], [[1.0, 0.0], [0.0, 1.0]]
    for number in range(NEIGHBOURS + 1):
        words += [f"singer_{number}", f"city_{number}"]
        vectors += [[1.0, 0.01 * number], [0.01 * number, 1.0]]
    words += ["kobe", "jet_li", "tea"]
    vectors += [[0.1, 1.0], [1.0, 0.1], [0.7, 0.7]]
    shown = [None if word in ("singer", "city", "tea") else word.replace("_", " ").title() for word in words]
    content = Content(words, np.array(vectors, np.float32) / 2, range(len(words), 0, -1), Card("m", joiner="_"), shown)
    pack(tmp_path / "m.packed", content, [Band(len(words), 0.005)])
    unpack(tmp_path / "m.packed", tmp_path / "m")
    return open_model(tmp_path / "m")
