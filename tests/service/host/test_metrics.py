"""The figures: what is counted, under which labels."""

from prometheus_client.parser import text_string_to_metric_families

from embeddings.models.model import Model
from service.host.metrics import activity
from service.host.settings import Settings
from service.server.app import create_app


def test_requests_answers_resolutions_errors_cache_and_models_are_counted(tiny_model: Model) -> None:
    client = create_app(Settings(models=(str(tiny_model.folder),), log_requests=False)).test_client()

    def figures() -> dict[tuple[str, ...], float]:
        text = client.get("/metrics").text
        return {
            (sample.name, *map(str, sample.labels.values())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    before = figures()
    for query in ("king <> new york", "king <> new york", "united states", "king (", "nowhere"):
        client.get("/api/v1/query", query_string={"q": query})
    client.post("/api/v1/query", json={"queries": ["king", "nowhere"]})
    client.get("/one/of/many/addresses")
    after = figures()

    def grown(*key: str) -> float:
        return after.get(key, 0) - before.get(key, 0)

    name = "thisplusthat_"
    assert grown(f"{name}requests_total", "GET", "/api/v1/query", "200") == 3
    assert grown(f"{name}request_seconds_count", "/api/v1/query") == 6
    assert grown(f"{name}answer_seconds_count", "similarity") == 2
    assert grown(f"{name}resolutions_total", "phrase") == 2
    assert grown(f"{name}resolutions_total", "composed") == 1
    assert grown(f"{name}errors_total", "query-error") == 1
    assert grown(f"{name}errors_total", "UnknownWord") == 1
    assert grown(f"{name}cache_hits_total") == 2
    assert grown(f"{name}request_seconds_count", "none") == 1
    assert after[f"{name}index_recall", "tiny"] == 1
    assert any(key[0] == f"{name}model_info" and "tiny" in key for key in after)


def test_what_people_are_told_is_of_all_requests(tiny_model: Model) -> None:
    client = create_app(Settings(models=(str(tiny_model.folder),), log_requests=False)).test_client()
    before = activity()
    for _ in range(3):
        client.get("/api/v1/query", query_string={"q": "king + bread + café"})
    after = activity()
    assert after.requests - before.requests == 3
    assert after.faults == before.faults
    assert after.usual_ms is not None
    assert after.slow_ms is not None
    assert 0 < after.usual_ms <= after.slow_ms
    assert after.cached is not None
    assert 0 < after.cached < 1
