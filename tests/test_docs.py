"""The documents are true: commands are run and their output compared, links lead somewhere, the site builds."""

import doctest
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest

from embeddings.formats.conversion import FORMATS
from scripts.manual import OUTSIDE, filled
from service.cli.command import cli

ROOT = Path(__file__).parent.parent
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
}
BLOCKS = [
    (name, kind, block)
    for name, text in PAGES.items()
    for kind, block in re.findall(r"^```(\w+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
]
LENIENT = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
SESSIONS = {
    command: (name, expected)
    for name, kind, block in BLOCKS
    if kind == "console"
    for command, _, expected in (part.partition("\n") for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:])
}
"""By command: several pages may show the same, with the same output, and it is run once."""


def test_a_command_that_several_pages_show_has_the_same_output_on_each() -> None:
    for name, kind, block in BLOCKS:
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:] if kind == "console" else ():
            command, _, expected = part.partition("\n")
            assert SESSIONS[command][1] == expected or "..." in expected + SESSIONS[command][1], (name, command)


@pytest.mark.usefixtures("glove", "wikipedia")
@pytest.mark.parametrize("command", SESSIONS)
def test_a_command_of_the_documents_gives_the_output_that_stands_below_it(command: str) -> None:
    page, expected = SESSIONS[command]
    environment = dict(
        os.environ, COLUMNS="100", PATH=f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"
    )
    environment.pop("THISPLUSTHAT_MODEL", None)  # the documents ask the model that comes along
    done = subprocess.run(
        command, shell=True, check=False, text=True, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert doctest.OutputChecker().check_output(expected, done.stdout, LENIENT), f"{page}:\n{done.stdout}"


@pytest.mark.usefixtures("glove", "wikipedia")
@pytest.mark.parametrize("page", sorted({page for page, kind, _ in BLOCKS if kind == "python"}))
def test_python_of_the_documents_gives_what_stands_below_it(page: str) -> None:
    """The blocks of a page are one session."""
    blocks = "\n".join(block for other, kind, block in BLOCKS if other == page and kind == "python")
    test = doctest.DocTestParser().get_doctest(blocks, {}, page, page, 0)
    runner = doctest.DocTestRunner(optionflags=LENIENT)
    said: list[str] = []
    runner.run(test, out=said.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(said)


def test_every_command_option_and_format_is_in_the_manual() -> None:
    pages = {name: filled(text) for name, text in PAGES.items()}
    commands = pages["docs/reference/command-line.md"]
    written = "\n".join(text for name, text in PAGES.items() if name != "docs/reference/command-line.md")
    for name in cli.list_commands(None):  # type: ignore[arg-type]
        assert name == "query" or re.search(rf"thisplusthat {name}\b", written), name
        assert f"### {name}\n" in commands
    for parameter in cli.commands["query"].params:
        assert parameter.opts[-1] in commands or parameter.name == "text"
    for entry in FORMATS.values():
        imports = pages["docs/how-to/import.md"]
        assert not entry.write or any(f"`{suffix}`" in imports for suffix in entry.suffixes), entry.name


def test_the_generated_pages_hold_what_the_code_has() -> None:
    api = filled(PAGES["docs/reference/http-api.md"])
    for address in ("GET /api/v1/query", "POST /api/v1/query", "GET /api/v1/words/{word}", "POST /v1/embeddings"):
        assert f"### {address}\n" in api
    assert "| `k` | query | default 10 | Number of results. |" in api
    assert "<!-- generated" not in "".join(map(filled, PAGES.values()))


@pytest.mark.parametrize("page", ["README.md", *OUTSIDE])
def test_links_of_documents_outside_of_the_site_lead_to_files(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        assert target.startswith("https://") or (ROOT / page).parent.joinpath(target).exists(), target


def test_the_readme_is_a_page_that_is_read_in_five_minutes() -> None:
    assert 120 <= len(PAGES["README.md"].splitlines()) <= 150


def test_the_site_is_built_and_every_link_in_it_leads_somewhere(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    settings = (tmp_path / "site" / "reference" / "settings" / "index.html").read_text(encoding="utf-8")
    assert "<code>rate_limit_storage</code>" in settings
    assert (tmp_path / "site" / "explanation" / "architecture" / "index.html").exists()


def test_versions_and_commands_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert f"## [{project['version']}]" in changelog
    assert "## [Unreleased]" in changelog
    pins = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = {line.partition("==")[0].lower().replace("_", "-") for line in pins}
    for requirement in project["dependencies"] + project["optional-dependencies"]["dev"]:
        assert (
            requirement.startswith("thisplusthat[")
            or re.split(r"[\[<>=]", requirement)[0].lower().replace("_", "-") in pinned
        )
    makefile = (ROOT / "Makefile").read_text()
    for tool in ("ruff check", "ruff format --check", "mypy", "lint-imports"):
        assert tool in makefile
        assert f".venv/bin/{tool}" in (ROOT / "CONTRIBUTING.md").read_text()
    assert "make test" in (ROOT / ".ci" / "run").read_text()
