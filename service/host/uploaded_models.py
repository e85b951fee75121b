"""The names of models that were uploaded to a service, so that it serves them after a restart as well."""

from embeddings.catalogue import home, model_path
from embeddings.files import file_in_place, lock_place, place_of

_FILE = "uploaded-models"


def uploaded_models() -> tuple[str, ...]:
    """Uploaded models that still exist, in the order of upload."""
    try:
        lines = (home() / _FILE).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return ()
    return tuple(name for name in dict.fromkeys(lines) if model_path(name).exists())


def add_uploaded_model(name: str) -> None:
    """Serve this model, too, from the next reload on."""
    path = home() / _FILE
    with lock_place(place_of(path)):
        names = dict.fromkeys((*uploaded_models(), name))
        with file_in_place(place_of(path), mode=0o600) as new:
            new.write_text("".join(f"{known}\n" for known in names), encoding="utf-8")
