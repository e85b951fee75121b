"""The map as a picture."""

import re
from xml.etree import ElementTree

import numpy as np

from embeddings.plotting import MapParameters, VocabularyMap
from service.page.map_picture import draw_map


def test_every_word_has_a_dot_and_regions_have_names() -> None:
    places = np.random.default_rng(0).uniform(-1, 1, size=(40, 2)).astype(np.float32)
    words = [f"<w{number}>" for number in range(40)]
    groups = (np.arange(40) % 3).astype(np.uint8)
    drawn = draw_map(
        VocabularyMap(words, places, groups, ["food", "royal & co", "none"], MapParameters()),
        str.upper,
        "Caption",
        "Source",
    )
    ElementTree.fromstring(drawn)
    assert len(re.findall(r"M[-0-9.]+ [-0-9.]+h2", drawn)) == 40
    assert "ROYAL &amp; CO" in drawn
    assert "Caption" in drawn
