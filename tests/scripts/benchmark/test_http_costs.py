"""The costliest requests: all routes are among them, and what takes too long is said."""

from embeddings.models import Model
from scripts.benchmark.http_costs import measure_costs, over_budget


def test_every_route_is_measured_and_what_takes_too_long_is_named(tiny_model: Model) -> None:
    found = measure_costs(tiny_model)
    assert {figures["status"] for figures in found.values()} <= {200, 302, 400, 404, 422}
    assert "refused" in found["1,000 explained"]
    found["home"]["ms/query"] = 51
    assert "home" in over_budget(found)
