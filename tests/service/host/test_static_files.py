"""Static files: names that change, compressed once, asked for again when they are not of this version."""

import gzip
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.exceptions import NotFound

from service.host.static_files import StaticFiles


@pytest.fixture
def files(tmp_path: Path) -> StaticFiles:
    (tmp_path / "vendor").mkdir()
    (tmp_path / "vendor" / "long.js").write_text("export const x = 1; // " + "x" * 3000)
    (tmp_path / "main.js").write_text('import { x } from "./vendor/long.js";\nimport { y } from "./nowhere.js";\n')
    (tmp_path / "style.css").write_text("p { color: red }")
    found = StaticFiles.of_folder(tmp_path)
    found.prepare()
    return found


def test_scripts_ask_for_scripts_by_the_names_that_change_with_them(files: StaticFiles, tmp_path: Path) -> None:
    with Flask("x").test_request_context():
        script = files.send(files.hashed_name("main.js"))
    long = files.hashed_name("vendor/long.js")
    assert script.get_data(as_text=True).splitlines() == [
        f'import {{ x }} from "./{long}";',
        'import { y } from "./nowhere.js";',
    ]
    before = files.hashed_name("main.js")
    (tmp_path / "vendor" / "long.js").write_text("changed")
    assert StaticFiles.of_folder(tmp_path).hashed_name("main.js") != before


def test_files_are_kept_for_a_year_by_the_name_of_now_alone(files: StaticFiles) -> None:
    name = files.hashed_name("vendor/long.js")
    with Flask("x").test_request_context(headers={"Accept-Encoding": "gzip"}):
        packed = files.send(name)
    with Flask("x").test_request_context():
        plain = files.send(name)
        assert files.send("style.css").cache_control.no_cache
        assert files.send("style.000000000000.css").cache_control.no_cache
        for wrong in ("none.css", "../x", "vendor", "style.css/x", ""):
            with pytest.raises(NotFound):
                files.send(wrong)
    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["ETag"] != plain.headers["ETag"]
    for response in (packed, plain):
        assert response.cache_control.immutable
        assert response.cache_control.max_age == 365 * 24 * 3600
        assert response.headers["Vary"] == "Accept-Encoding"
        assert response.content_type == "text/javascript; charset=utf-8"
    with Flask("x").test_request_context(headers={"If-None-Match": plain.headers["ETag"]}):
        assert files.send(name).status_code == 304
