"""/admin/uploads: a file in parts, progress as server-sent events, and the model that comes of it."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from typing import Any, Literal

import orjson
from flask import Blueprint, Flask, Response, request
from pydantic import BaseModel, ConfigDict, Field

from embeddings.catalogue import home, model_path
from embeddings.errors import ModelError
from service.host import (
    InvalidRequest,
    ServedModels,
    UploadRefused,
    WrongContentType,
    add_uploaded_model,
    check_admin,
    log,
    log_exception,
    served_models_of_app,
)
from service.uploads.store import Upload, UploadKind, UploadRequest, UploadState, UploadStore

_RETRY_MS = 1000
"""After which a browser's EventSource asks for the events that came since."""

uploads = Blueprint("uploads", __name__, url_prefix="/admin/uploads")


class UploadBody(BaseModel):
    """What ``POST /admin/uploads`` takes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    kind: UploadKind
    size: int = Field(ge=1)
    file_name: str = Field(default="", max_length=255)
    corpus: str = Field(default="unknown", max_length=1000)
    licence: str = Field(default="unknown", max_length=1000)
    preset: Literal["auto", "small", "medium", "large"] = "auto"
    dimension: int | None = Field(default=None, ge=2, le=1000)
    epochs: int | None = Field(default=None, ge=1, le=100)


def register_uploads(app: Flask) -> None:
    """Give ``app`` the addresses, if its settings have uploads."""
    if served_models_of_app(app).settings.uploads:
        app.register_blueprint(uploads)


@uploads.before_request
def _admin_alone() -> None:
    check_admin(served_models_of_app().settings)


def _store() -> UploadStore:
    return UploadStore(home() / "uploads")


def _upload(upload_id: str) -> Upload:
    """An upload; its model is served now if the process that was to do so has ended."""
    upload = _store().get(upload_id)
    if upload.is_left:
        _serve(upload, served_models_of_app())
    return upload


@uploads.post("")
def create_upload() -> tuple[Response, int]:
    """Begin an upload; its parts follow by PUT."""
    if request.mimetype != "application/json":
        raise WrongContentType("The body must be JSON, with Content-Type: application/json.")
    body = UploadBody.model_validate_json(request.get_data(), strict=True)
    limit = served_models_of_app().settings.upload_bytes
    if body.size > limit:
        detail = f"A file can have {limit:,} bytes (the setting upload_bytes), and this one has {body.size:,}."
        raise InvalidRequest.of("size", detail)
    try:
        place = model_path(body.name)
    except ModelError as error:
        raise InvalidRequest.of("name", str(error)) from error
    if body.name in served_models_of_app().names or place.exists():
        raise UploadRefused(f"There is a model '{body.name}' already. Choose another name.")
    upload = _store().create(UploadRequest(**body.model_dump()))
    log("info", "upload begun", upload=upload.id, model=body.name, bytes=body.size)
    return _shown(upload), 201


@uploads.put("/<upload_id>")
def put_part(upload_id: str) -> Response:
    """Take the next part, which begins at ``offset``; with the last one the work begins."""
    upload = _store().get(upload_id)
    offset = request.args.get("offset", "0")
    if not (offset.isascii() and offset.isdigit()):
        raise InvalidRequest.of("offset", "offset is the byte of the file at which the part begins.")
    if upload.state is not UploadState.RECEIVING:
        raise UploadRefused(f"The upload is {upload.state}, and takes no more parts.")
    upload.append(int(offset), request.get_data(cache=False))
    if upload.received == upload.wanted.size:
        _begin(upload, served_models_of_app())
    return _shown(upload)


@uploads.get("/<upload_id>")
def show_upload(upload_id: str) -> Response:
    """How far an upload is."""
    return _shown(_upload(upload_id))


@uploads.get("/<upload_id>/events")
def show_events(upload_id: str) -> Response:
    """The events since ``Last-Event-ID``, for a browser's EventSource: it asks again by itself, until a 204."""
    upload = _upload(upload_id)
    state = upload.state
    events = list(upload.events())
    known = request.headers.get("Last-Event-ID", "")
    first = int(known) if known.isascii() and known.isdigit() else 0
    if first >= len(events) and state in (UploadState.DONE, UploadState.FAILED):
        return Response(status=204)
    lines = [f"retry: {_RETRY_MS}\n\n"]
    for number, event in enumerate(events[first:], first + 1):
        lines.append(f"id: {number}\nevent: {event['event']}\ndata: {orjson.dumps(event['data']).decode()}\n\n")
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Response("".join(lines), headers=headers, content_type="text/event-stream; charset=utf-8")


@uploads.delete("/<upload_id>")
def cancel_upload(upload_id: str) -> tuple[str, int]:
    """End an upload and forget it. A model that was made stays."""
    store = _store()
    upload = store.get(upload_id)
    if upload.state is UploadState.WORKING and upload.process is not None:
        _end(upload.process)
    store.remove(upload)
    log("info", "upload removed", upload=upload_id)
    return "", 204


def _shown(upload: Upload) -> Response:
    state = upload.state
    events = list(upload.events())
    content: dict[str, Any] = {
        "id": upload.id,
        "name": upload.wanted.name,
        "kind": upload.wanted.kind,
        "state": state,
        "size": upload.wanted.size,
        "received": upload.wanted.size if state is not UploadState.RECEIVING else upload.received,
        "part_bytes": served_models_of_app().settings.max_body_bytes,
        "last_event": events[-1] if events else None,
    }
    return Response(orjson.dumps(content), content_type="application/json", headers={"Cache-Control": "no-store"})


# ---- The work


def _begin(upload: Upload, models: ServedModels) -> None:
    """Start the work, and a thread that serves what comes of it."""
    seconds = models.settings.upload_seconds
    upload.tell("progress", {"stage": "received", "done": upload.received, "total": upload.wanted.size})
    command = [sys.executable, "-m", "service.uploads.job", str(upload.folder), str(seconds)]
    job = subprocess.Popen(  # noqa: S603  # all of it is ours
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True
    )
    upload.begin(job.pid)
    threading.Thread(target=_attend, args=(upload, models, job, seconds), daemon=True).start()


def _attend(upload: Upload, models: ServedModels, job: "subprocess.Popen[bytes]", seconds: int) -> None:
    """Wait for the work, and serve the model."""
    try:
        job.wait(seconds)
    except subprocess.TimeoutExpired:
        _end(job.pid)
        job.wait()
    if not upload.folder.exists():
        return
    try:
        if upload.last_event == "built":
            _serve(upload, models)
        elif upload.last_event != "failed":
            detail = f"The work was stopped: it may take {seconds:,} seconds (the setting upload_seconds)."
            if job.returncode not in (-signal.SIGALRM, -signal.SIGKILL):
                detail = "The work failed because of a defect. The log of the service has the details."
            upload.tell("failed", {"detail": detail})
            upload.drop_file()
    except OSError as error:
        log_exception("an upload could not be ended", error, upload=upload.id)


def _serve(upload: Upload, models: ServedModels) -> None:
    name = upload.wanted.name
    try:
        add_uploaded_model(name)
        models.reload()
    except ModelError as error:
        upload.tell("failed", {"detail": f"The model was made, but is not served: {error}"})
    else:
        upload.tell("done", {"model": name})
        log("info", "upload served", upload=upload.id, model=name)


def _end(process: int) -> None:
    """End the work with all its processes, which are a session of their own."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process, signal.SIGKILL)
