"""What operators need: is it alive, is it ready, its figures, new models."""

from flask import Blueprint, Response, abort, current_app

from embeddings.errors import ModelError
from service.api import as_json
from service.host import NotReady, ReloadRefused, check_admin, log, metrics, served_models_of_app

operation = Blueprint("operation", __name__)


@operation.get("/healthz")
def health() -> Response:
    """200 as long as the process lives."""
    return as_json({"status": "alive"})


@operation.get("/readyz")
def readiness() -> Response:
    """200 once this process has answered a query."""
    serving = served_models_of_app()
    if serving.away:
        serving.warm()
    if not serving.ready:
        raise NotReady("This process has not answered a query yet.")
    return as_json({"status": "ready", "models": serving.names})


@operation.get("/metrics")
def figures() -> Response:
    """The figures of all processes, for Prometheus."""
    serving = served_models_of_app()
    return Response(metrics.exposition(serving.opened.models.values()), content_type=metrics.CONTENT_TYPE)


@operation.post("/admin/reload")
def reload() -> Response:
    """Check the models' files and replace the models in all processes, or none if one fails."""
    serving = served_models_of_app()
    if not serving.settings.admin_token:
        abort(404)
    check_admin(serving.settings)
    try:
        changed = serving.reload()
    except ModelError as error:
        log("error", "reload refused", reason=str(error))
        place = str(current_app.config["HOME_FOLDER"])
        raise ReloadRefused(f"{str(error).replace(place, '')} The models stay as they were.") from error
    log("info", "models reloaded", changed=changed)
    return as_json({"models": serving.names, "changed": changed})
