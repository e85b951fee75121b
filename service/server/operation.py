"""What those who run the service need: is it alive, is it ready, its figures, new models."""

import hmac

from flask import Blueprint, Response, abort, current_app, request

from embeddings.errors import ModelError
from service.api import as_json, served_models_of_app
from service.host import KeyRefused, NotReady, ReloadRefused, log, metrics

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
    """Check the models' files and exchange the models in all processes, or none if one fails."""
    serving = served_models_of_app()
    token = serving.settings.admin_token
    if not token:
        abort(404)
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not hmac.compare_digest(given.encode(), token.encode()):
        raise KeyRefused("The token is not the one in the setting admin_token. Send it as Authorization: Bearer TOKEN.")
    try:
        changed = serving.reload()
    except ModelError as error:
        log("error", "reload refused", reason=str(error))
        place = str(current_app.config["HOME_FOLDER"])
        raise ReloadRefused(f"{str(error).replace(place, '')} The models go on as they were.") from error
    log("info", "models reloaded", changed=changed)
    return as_json({"models": serving.names, "changed": changed})
