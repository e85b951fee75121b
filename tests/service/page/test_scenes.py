"""What is where: sums tip to tail, neighbours by distance, two groups, captions and numbers."""

import numpy as np
import pytest

from embeddings import Model, Options, ask
from embeddings.answers import resolve
from service.page.scenes import numbers_of, scene_of


def test_a_sum_goes_from_tip_to_tail_and_ends_at_the_ring(tiny_model: Model) -> None:
    answer = ask(tiny_model, "king - man + 2*woman", Options(k=3))
    scene = scene_of(answer, tiny_model)
    ends = [(one, other) for one, other, _ in scene.arrows]
    assert [one for one, _ in ends[1:]] == [other for _, other in ends[:-1]]
    assert scene.spots[ends[0][0]].role == "origin"
    assert scene.spots[ends[-1][1]].role == "target"
    assert [kind for _, _, kind in scene.arrows] == ["tp-arrow", "tp-arrow-minus", "tp-arrow"]
    steps = [scene.places[other] - scene.places[one] for one, other in ends]
    whole = scene.places[ends[-1][1]] - scene.places[ends[0][0]]
    assert np.sum(steps, axis=0) == pytest.approx(whole, abs=1e-5)
    labels = {spot.label for spot in scene.spots}
    assert {"+king", "−man", "+2 × woman"} <= labels
    assert "tip to tail" in scene.caption


def test_a_sum_of_two_is_drawn_without_any_loss(tiny_model: Model) -> None:
    scene = scene_of(ask(tiny_model, "king + bread", Options(k=1)), tiny_model)
    first, second = ((one, other) for one, other, _ in scene.arrows)
    lengths = [np.linalg.norm(scene.places[other] - scene.places[one]) for one, other in (first, second)]
    assert max(lengths) <= 1 + 1e-5
    assert min(lengths) > 0.9


def test_neighbours_are_as_far_out_as_their_cosines_are_small(tiny_model: Model) -> None:
    answer = ask(tiny_model, "king", Options(k=6))
    scene = scene_of(answer, tiny_model)
    assert scene.places[0] == pytest.approx([0, 0])
    distances = np.linalg.norm(scene.places[1:], axis=1)
    vector = resolve(tiny_model, "king").vector
    exact = [1 - float(resolve(tiny_model, result.word).vector @ vector) for result in answer.results]
    least = 0.14 * max(exact)
    assert distances == pytest.approx([max(value, least) for value in exact], abs=1e-5)
    turns = np.sort(np.arctan2(scene.places[1:, 1], scene.places[1:, 0]))
    assert np.diff(turns) == pytest.approx(2 * np.pi / 6, abs=1e-4)
    assert scene.rings[0][1].startswith("cosine")


def test_an_odd_one_out_is_two_groups(tiny_model: Model) -> None:
    answer = ask(tiny_model, "king, queen, throne, bread")
    scene = scene_of(answer, tiny_model)
    (group, _), (odd, kind) = scene.hulls
    assert kind.endswith("tp-hull-odd")
    assert {scene.spots[number].label for number in group} >= {"king", "queen", "throne"}
    assert scene.spots[next(iter(odd))].label == "bread"
    assert not set(group) & set(odd)
    assert "bread, the odd one out" in scene.caption


def test_captions_and_numbers_say_what_is_seen(tiny_model: Model) -> None:
    answer = ask(tiny_model, "woman : queen :: man : ?", Options(k=2))
    caption = scene_of(answer, tiny_model).caption
    assert "The arrow from man to king, beside that from woman to queen" in caption
    assert (
        numbers_of(answer)
        == f"Scores: king {answer.results[0].score:.3f}, {answer.results[1].word} {answer.results[1].score:.3f}."
    )
    several = ask(tiny_model, "woman : queen, woman : throne :: man : ?", Options(k=1))
    assert "those from woman to queen and woman to throne" in scene_of(several, tiny_model).caption
