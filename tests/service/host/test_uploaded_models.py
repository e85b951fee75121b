"""Names of uploaded models outlive the service; those that are gone are left out."""

from pathlib import Path

import pytest

from embeddings.catalogue import model_path
from service.host.uploaded_models import add_uploaded_model, uploaded_models


def test_names_are_kept_in_their_order_as_long_as_the_models_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THISPLUSTHAT_HOME", str(tmp_path))
    assert uploaded_models() == ()
    for name in ("b", "a"):
        model_path(name).mkdir(parents=True)
        add_uploaded_model(name)
    add_uploaded_model("b")
    assert uploaded_models() == ("b", "a")
    model_path("b").rmdir()
    assert uploaded_models() == ("a",)
