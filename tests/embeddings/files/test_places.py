"""What was there stays or is exchanged in one step; what a user made is never removed; litter is recognised."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from embeddings.errors import ModelError
from embeddings.files import places
from embeddings.files.locks import lock_place
from embeddings.files.places import (
    MARKER,
    carry_over,
    fetching_folder,
    file_in_place,
    is_work_folder,
    made_by_program,
    mark,
    output_folder_of,
    place_of,
    put_in_place,
    remove_work_folder,
    work_folder,
)


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def make(folder: Path, content: str) -> Path:
    folder.mkdir()
    (folder / "file").write_text(content)
    return folder


@pytest.mark.parametrize("can_exchange", [True, False])
def test_what_stood_there_is_exchanged_for_the_new(
    tmp_path: Path, can_exchange: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not can_exchange:
        monkeypatch.setattr(places, "_renamed", lambda *_: False)
    for content in ("one", "two"):
        with work_folder(tmp_path / "news") as work:
            put_in_place(make(work / "new", content), tmp_path / "news")
        assert (tmp_path / "news" / "file").read_text() == content
        assert names(tmp_path) == ["news"]
    with work_folder(tmp_path / "file") as work:
        (work / "file").write_text("text")
        put_in_place(work / "file", tmp_path / "file")
    assert names(tmp_path) == ["file", "news"]


def test_a_folder_that_turns_up_meanwhile_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with work_folder(tmp_path / "news") as work:
        new = make(work / "new", "mine")
        make(tmp_path / "news", "theirs")
        monkeypatch.setattr(os.path, "lexists", lambda _: False)
        with pytest.raises(FileExistsError):
            put_in_place(new, tmp_path / "news")
    assert (tmp_path / "news" / "file").read_text() == "theirs"


def test_only_what_bears_the_marker_is_removed(tmp_path: Path) -> None:
    theirs = make(tmp_path / ".news.writing-0123456789abcdef", "precious")
    linked = tmp_path / "linked"
    linked.symlink_to(theirs)
    for folder in (theirs, linked):
        assert not is_work_folder(folder)
        remove_work_folder(folder)
    with work_folder(tmp_path / "news"):
        assert (theirs / "file").read_text() == "precious"
    (theirs / MARKER).write_text("another program's")
    remove_work_folder(theirs)
    assert (theirs / "file").read_text() == "precious"
    (theirs / MARKER).unlink()
    mark(tmp_path / "ours")
    (theirs / MARKER).symlink_to(tmp_path / "ours" / MARKER)
    remove_work_folder(theirs)
    assert (theirs / "file").read_text() == "precious"
    remove_work_folder(tmp_path / "ours")
    assert not (tmp_path / "ours").exists()


def test_what_a_link_in_a_work_folder_leads_to_stays(tmp_path: Path) -> None:
    theirs = make(tmp_path / "theirs", "precious")
    with work_folder(tmp_path / "news") as work:
        (work / "link").symlink_to(theirs)
        (work / "file").symlink_to(theirs / "file")
    assert (theirs / "file").read_text() == "precious"


def test_litter_of_every_place_nobody_writes_is_removed(tmp_path: Path) -> None:
    for name in (".news.writing-0123456789abcdef", ".other.writing-0123456789abcdef", ".busy.writing-0123456789abcdef"):
        mark(tmp_path / name)
        (tmp_path / name / "half").write_text("x")
    (tmp_path / ".gone.writing-0123456789abcdef").mkdir()  # killed before it had a marker
    make(tmp_path / ".news.writing-nothex", "a user's")
    with lock_place(tmp_path / "busy"), lock_place(tmp_path / "news"), work_folder(tmp_path / "news"):
        pass
    assert names(tmp_path) == [".busy.writing-0123456789abcdef", ".news.writing-nothex"]


def test_what_was_there_comes_back_where_a_system_cannot_exchange(tmp_path: Path) -> None:
    """Killed between the two renames: the old model is in the work folder, and nothing in its place."""
    work = tmp_path / ".news.writing-0123456789abcdef"
    mark(work)
    make(work / "replaced", "old")
    with work_folder(tmp_path / "other"):
        assert work.exists(), "only who holds its lock touches it"
    with work_folder(tmp_path / "news"):
        assert (tmp_path / "news" / "file").read_text() == "old"


@pytest.mark.parametrize("moment", range(6))
def test_a_marker_that_was_not_finished_keeps_nobody(tmp_path: Path, moment: int) -> None:
    """Killed at each step of making and of removing a work folder."""
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from embeddings.files import places\n"
        "left = [int(sys.argv[2])]\n"
        "def hook(event, arguments):\n"
        "    if event in ('open', 'os.mkdir', 'os.remove', 'os.rmdir') and str(arguments[0]).startswith(sys.argv[1]):\n"
        "        left[0] -= 1\n"
        "        if left[0] < 0: os.kill(os.getpid(), signal.SIGKILL)\n"
        "sys.addaudithook(hook)\n"
        "with places.work_folder(Path(sys.argv[1]) / 'news') as work:\n"
        "    (work / 'half').write_text('x')\n"
    )
    done = subprocess.run([sys.executable, "-c", script, tmp_path, str(moment)], check=False)
    assert done.returncode in (0, -9)
    with work_folder(tmp_path / "news"):
        pass
    assert names(tmp_path) == []


def test_a_file_is_written_beside_and_has_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), file_in_place(path) as new:
        new.write_text("half")
        raise ZeroDivisionError
    assert (path.read_text(), names(tmp_path)) == ("old", ["keys"])
    with file_in_place(path, mode=0o600) as new:
        new.write_text("new")
        assert path.read_text() == "old"
    assert (path.read_text(), path.stat().st_mode & 0o777, names(tmp_path)) == ("new", 0o600, ["keys"])


def test_what_was_fetched_in_part_is_gone_on_with(tmp_path: Path) -> None:
    folder = fetching_folder(tmp_path / "copy")
    (folder / "part").write_text("x")
    with work_folder(tmp_path / "copy"), work_folder(tmp_path / "other"):
        pass
    assert fetching_folder(tmp_path / "copy") == folder
    assert (folder / "part").exists()
    (folder / MARKER).unlink()
    assert fetching_folder(tmp_path / "copy") != folder, "without its marker it is a user's"


def test_a_user_s_files_go_along_into_a_new_model(tmp_path: Path) -> None:
    old, new = make(tmp_path / "old", "the program's"), make(tmp_path / "new", "new")
    (old / "README.md").write_text("mine")
    make(old / "notes", "mine too")
    (old / "link").symlink_to("README.md")
    (old / "model.json").write_text("old")
    carry_over(old, new, {"model.json"})
    assert names(new) == ["README.md", "file", "link", "notes"]
    assert (new / "file").read_text() == "new"
    assert (new / "link").read_text() == (new / "README.md").read_text() == "mine"
    assert (new / "notes" / "file").read_text() == "mine too"
    carry_over(tmp_path / "nothing", new, set())


def test_outputs_are_known_by_what_is_in_them(tmp_path: Path) -> None:
    theirs = make(tmp_path / "news.training", "text")
    assert output_folder_of(theirs / "file") is None
    (theirs / "model.json").write_text('{"layers": 3}')
    assert not made_by_program(theirs)
    mark(tmp_path / "work")
    make(tmp_path / "work" / "stage", "text")
    assert output_folder_of(tmp_path / "work" / "stage" / "file") == tmp_path / "work"
    make(tmp_path / "model", "text")
    (tmp_path / "model" / "model.json").write_text('{\n  "format_version": 1,\n  "name": "x"')
    assert output_folder_of(tmp_path / "model" / "file") == tmp_path / "model"


def test_a_link_is_followed_to_its_end(tmp_path: Path) -> None:
    make(tmp_path / "real", "x")
    (tmp_path / "link").symlink_to("real")
    assert place_of(tmp_path / "link") == tmp_path / "real"
    assert place_of(Path("here")) == Path.cwd() / "here"


def test_names_as_long_as_a_file_system_has_them(tmp_path: Path) -> None:
    for name in ("n" * 255, "é" * 127):
        with lock_place(tmp_path / name), file_in_place(tmp_path / name) as new:
            new.write_text("x")
        assert names(tmp_path) == [name]
        (tmp_path / name).unlink()
    with pytest.raises(ModelError, match="too long"), file_in_place(tmp_path / ("n" * 256)) as new:
        new.write_text("x")
