"""Health, readiness, figures and reloads by HTTP (processes: test_server.py)."""

from embeddings.models.model import Model
from service.host.settings import Settings
from service.server.app import create_app

TOKEN = "a-token-for-the-tests"


def test_a_process_is_alive_at_once_and_ready_after_a_query(tiny_model: Model) -> None:
    client = create_app(Settings(models=(str(tiny_model.folder),))).test_client()
    assert client.get("/healthz").status_code == 200
    early = client.get("/readyz")
    assert (early.status_code, early.headers["Retry-After"]) == (503, "1")
    client.get("/api/v1/query?q=king")
    assert client.get("/readyz").get_json() == {"status": "ready", "models": ["tiny"]}


def test_a_reload_wants_the_token_and_is_not_there_without_one(tiny_model: Model) -> None:
    assert create_app(Settings(models=(str(tiny_model.folder),))).test_client().post("/admin/reload").status_code == 404
    client = create_app(Settings(models=(str(tiny_model.folder),), admin_token=TOKEN)).test_client()
    for given in ("", "Bearer ", "Bearer wrong", "Bearer é", f"Bearer {TOKEN}x"):
        assert client.post("/admin/reload", headers={"Authorization": given}).status_code == 403
    answer = client.post("/admin/reload", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.get_json() == {"models": ["tiny"], "changed": []}
