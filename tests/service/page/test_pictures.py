"""Pictures of answers: geometry worked out by hand, links, hostile words, and the same bytes every time."""

import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, unquote
from xml.etree import ElementTree

import numpy as np
import pytest

from embeddings import Model, Options, ask
from embeddings.models.model import Card, open_model
from embeddings.models.writer import save_model
from service.page.addresses import word_address
from service.page.pictures import NARROW, WIDE, draw, plane_along

SVG = "{http://www.w3.org/2000/svg}"
QUERIES = [
    "king : man :: queen : ?",
    "? : man :: queen : woman",
    "king : man, queen : woman :: throne : ?",
    "king - man + woman",
    "2*king - 0.5*(man + bread)",
    "king",
    "united states",
    "king, queen, throne, bread",
    "king <> queen",
    "king : king :: king : ?",
]


def _circles(picture: str) -> dict[str, tuple[float, float]]:
    """Where each point is, by the beginning of its tooltip."""
    places = {}
    for group in ElementTree.fromstring(picture).iter():
        title, circle = group.find(f"{SVG}title"), group.find(f"{SVG}circle")
        if title is not None and circle is not None:
            name = str(title.text).split(" · ")[0]
            places[name] = (float(circle.attrib["cx"]), float(circle.attrib["cy"]))
    return places


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_every_kind_is_valid_named_and_the_same_every_time(tiny_model: Model, query: str, width: int) -> None:
    answer = ask(tiny_model, query)
    picture = draw(answer, tiny_model, width=width)
    assert draw(ask(tiny_model, query), tiny_model, width=width) == picture
    root = ElementTree.fromstring(picture)
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert description is not None
    assert answer.read_as in str(title.text)
    assert root.attrib["aria-labelledby"] == title.attrib["id"]
    assert root.attrib["aria-describedby"] == description.attrib["id"]
    assert root.attrib["viewBox"].startswith(f"0 0 {width} ")
    assert "style" not in picture
    assert "nan" not in picture
    ElementTree.fromstring(draw(answer, tiny_model, width=width, link=None))


def test_the_plane_holds_the_direction_and_shows_the_widest_spread() -> None:
    # The arrow is along the first axis; the pairs lie 4 apart along the third and 2 along the second.
    points = np.array([[0, 0, 0], [3, 0, 0], [0, 2, 4], [3, 2, 4]], np.float32)
    places = plane_along(points[1] - points[0], np.array([[1.5, 0, 0], [1.5, 2, 4]], np.float32), points)
    assert np.ptp(places, axis=0) == pytest.approx([3, np.hypot(2, 4)])
    assert places[1] - places[0] == pytest.approx([3, 0], abs=1e-6)
    assert places.mean(axis=0) == pytest.approx([0, 0], abs=1e-6)


def test_of_a_perfect_analogy_a_true_parallelogram_is_seen(tmp_path: Path) -> None:
    # Unit vectors with b - a = d - c = (0, 0, 1.2): a rectangle with sides of 1.2 and 1.6.
    words = {"a": (0.8, 0, -0.6), "b": (0.8, 0, 0.6), "c": (-0.8, 0, -0.6), "d": (-0.8, 0, 0.6), "e": (0, 1, 0)}
    save_model(tmp_path / "m", list(words), np.array(list(words.values()), np.float32), Card("m"))
    model = open_model(tmp_path / "m")
    answer = ask(model, "a : b :: c : ?", Options(k=1))
    assert answer.results[0].word == "d"
    at = _circles(draw(answer, model))
    assert np.subtract(at["b"], at["a"]) == pytest.approx(np.subtract(at["d"], at["c"]), abs=0.2)
    assert at["target"] == pytest.approx(at["d"], abs=0.2)
    arrow, side = np.linalg.norm(np.subtract(at["b"], at["a"])), np.linalg.norm(np.subtract(at["c"], at["a"]))
    assert side / arrow == pytest.approx(1.6 / 1.2, abs=0.01)


def test_tiny_model_by_hand(tiny_model: Model) -> None:
    """woman : queen :: man : ? finds king: both arrows go the same way, with the ring at man + (queen - woman)."""
    answer = ask(tiny_model, "woman : queen :: man : ?", Options(k=1))
    assert answer.results[0].word == "king"
    at = _circles(draw(answer, tiny_model))
    example, found = np.subtract(at["queen"], at["woman"]), np.subtract(at["king"], at["man"])
    aim = np.subtract(at["target"], at["man"])
    assert aim == pytest.approx(example, abs=0.2)  # the ring closes the parallelogram
    # queen - woman = (.707, 0, -.293, 0), king - man = (.707, -.293, 0, 0): as seen here, the mirror images of each
    # other about their mean, of length .721 along it, and half of their difference across it.
    cosine = example @ found / np.linalg.norm(example) / np.linalg.norm(found)
    assert np.linalg.norm(example) == pytest.approx(np.linalg.norm(found), abs=0.5)
    assert cosine == pytest.approx((0.7361**2 - 0.2071**2) / (0.7361**2 + 0.2071**2), abs=0.01)


def test_terms_are_drawn_without_the_directions_that_the_query_leaves_out(tiny_model: Model) -> None:
    query = "man : king :: woman : ?"
    apart = _circles(draw(ask(tiny_model, query, Options(k=1)), tiny_model))
    together = _circles(draw(ask(tiny_model, query, Options(k=1, without="man:woman")), tiny_model))
    assert np.linalg.norm(np.subtract(apart["man"], apart["woman"])) > 20
    assert together["man"] == pytest.approx(together["woman"], abs=0.2)


def test_results_are_links_in_the_page_and_none_in_a_file(tiny_model: Model) -> None:
    answer = ask(tiny_model, "king - man + woman")
    links = re.findall(r'<a href="/word/([^"]+)" class="tp-link" aria-label="([^"]+)">', draw(answer, tiny_model))
    assert {unquote(word) for word, _ in links} == {term.text for term in answer.terms} | {
        r.word for r in answer.results
    }
    [queen] = [name for word, name in links if word == "queen"]
    assert queen == f"queen · result 1 · score {answer.results[0].score:.3f} · frequency rank 5"
    assert "<a " not in draw(answer, tiny_model, link=None)


def test_the_terms_come_first_and_results_follow_in_order(tiny_model: Model) -> None:
    answer = ask(tiny_model, "king - man + woman")
    words = re.findall(r'<a href="/word/([^"]+)"', draw(answer, tiny_model))
    assert words == ["king", "man", "woman", *(quote(result.word) for result in answer.results)]


def test_the_odd_one_out_lies_outside_the_group(tiny_model: Model) -> None:
    answer = ask(tiny_model, "king, queen, throne, bread")
    picture = draw(answer, tiny_model)
    assert answer.results[0].word == "bread"
    assert 'class="tp-hull"' in picture
    at = _circles(picture)
    group = np.array([at[word] for word in ("king", "queen", "throne")])
    inner = np.linalg.norm(group - group.mean(axis=0), axis=1).max()
    assert np.linalg.norm(np.subtract(at["bread"], group.mean(axis=0))) > 1.2 * inner


def test_an_answer_without_results_is_drawn_too(tiny_model: Model) -> None:
    for query in ("the : the :: the : ?", "the", "the - king + the"):
        answer = ask(tiny_model, query, Options(restrict=1))
        assert answer.results == ()
        assert 'class="tp-point' in draw(answer, tiny_model)


HOSTILE = ["<script>alert(1)</script>", "\"'&", "a\x1bb\u200f", "شاي", "👩‍🚀👑", "x" * 300, "a/b?c#d", "\ufffe", "]]>"]


def test_hostile_words_are_text(tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).normal(size=(len(HOSTILE) + 2, 8)).astype(np.float32)
    save_model(tmp_path / "m", ["tea", "coffee", *HOSTILE], vectors, Card("m"))
    model = open_model(tmp_path / "m")
    for query in ("tea", "tea - coffee", "tea <> coffee", "tea : coffee :: coffee : ?", 'tea, coffee, "<script>"'):
        answer = ask(model, query.replace('"<script>"', '"<script>alert(1)</script>"'))
        for link in (word_address, None):
            picture = draw(answer, model, link=link)
            root = ElementTree.fromstring(picture)
            assert not [element for element in root.iter() if element.tag.endswith("script")]
            assert "<script" not in picture
    texts = [str(text.text) for text in ElementTree.fromstring(draw(ask(model, "tea"), model)).iter(f"{SVG}text")]
    assert "شاي" in texts
    assert "👩‍🚀👑" in texts
    assert max(map(len, texts)) <= 26


def test_many_results_are_drawn_as_far_as_they_can_be_read(glove: Model) -> None:
    answer = ask(glove, "coffee", Options(k=1000))
    assert draw(answer, glove).count('class="tp-point') == 25
    assert draw(answer, glove, width=NARROW).count('class="tp-point') == 13


def test_a_real_analogy_has_long_and_nearly_parallel_arrows(glove: Model) -> None:
    answer = ask(glove, "United States:Dollar :: Mexico:?")
    at = _circles(draw(replace(answer), glove))
    example, found = np.subtract(at["Dollar"], at["United States"]), np.subtract(at["peso"], at["Mexico"])
    assert example @ found / np.linalg.norm(example) / np.linalg.norm(found) > 0.98
    assert min(np.linalg.norm(example), np.linalg.norm(found)) > 200
