"""The picture of axes: words stand at their numbers."""

import re

import pytest

from embeddings import Model
from service.page.axes import on_axes
from service.page.axes_picture import Scale, draw_axes


def test_points_are_where_the_scales_say(tiny_model: Model) -> None:
    placed = on_axes(tiny_model, ["man:woman", "bread"], "queen, bread, king")
    content, height, across, down = draw_axes(placed, 720, link=None)
    assert down
    circles = [(float(x), float(y)) for x, y in re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', content)]
    for (x, y), values in zip(circles, placed.places.tolist(), strict=True):
        assert x == pytest.approx(across.at(values[0]), abs=0.1)
        assert y == pytest.approx(down.at(values[1]), abs=0.1)
        assert 0 < y < height
    assert "woman →" in content
    assert "↑ bread" in content


def test_one_axis_is_a_list_in_its_order(tiny_model: Model) -> None:
    placed = on_axes(tiny_model, ["man:woman"], "queen, bread, king")
    content, _, _, down = draw_axes(placed, 340, link=None)
    assert down is None
    circles = [(float(x), float(y)) for x, y in re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', content)]
    assert sorted(circles) == sorted(circles, key=lambda place: place[1])


def test_a_scale_has_few_round_ticks() -> None:
    scale = Scale(-0.13, 0.42, 0, 100)
    assert scale.ticks == pytest.approx([-0.1, 0, 0.1, 0.2, 0.3, 0.4])
    assert (scale.at(-0.13), scale.at(0.42)) == (0, 100)
