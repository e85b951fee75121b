"""The README is true: its commands are run and its output compared, its names exist, the wheel does what it says."""

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
from service.cli.command import cli

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
LENIENT = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
SESSIONS = [
    (command, expected)
    for kind, block in BLOCKS
    if kind == "console"
    for command, _, expected in (part.partition("\n") for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:])
]


@pytest.mark.usefixtures("glove")
@pytest.mark.parametrize(("command", "expected"), SESSIONS, ids=[command for command, _ in SESSIONS])
def test_a_command_of_the_readme_gives_the_output_that_stands_below_it(command: str, expected: str) -> None:
    environment = dict(
        os.environ, COLUMNS="100", PATH=f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"
    )
    done = subprocess.run(
        command, shell=True, check=False, text=True, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert doctest.OutputChecker().check_output(expected, done.stdout, LENIENT), done.stdout


@pytest.mark.usefixtures("glove")
@pytest.mark.parametrize("block", [block for kind, block in BLOCKS if kind == "python"])
def test_python_of_the_readme_gives_what_stands_below_it(block: str) -> None:
    test = doctest.DocTestParser().get_doctest(block, {}, "README", "README.md", 0)
    runner = doctest.DocTestRunner(optionflags=LENIENT)
    said: list[str] = []
    runner.run(test, out=said.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(said)


def test_every_command_option_and_format_is_in_the_readme() -> None:
    for name, command in cli.commands.items():
        assert name == "query" or re.search(rf"thisplusthat {name}\b", README), name
        for parameter in command.params if name == "query" else ():
            assert parameter.opts[-1] in README or parameter.name == "text"
    for entry in FORMATS.values():
        assert not entry.write or any(f"`{suffix}`" in README for suffix in entry.suffixes), entry.name


def test_versions_and_commands_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert f"## {project['version']}" in changelog
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
        assert f".venv/bin/{tool}" in README
    assert "exec make test" in (ROOT / ".ci" / "run").read_text()


def test_the_wheel_works_outside_the_sources(glove: object, home: Path, tmp_path: Path) -> None:
    """Built, installed into an environment of its own over the packages of this one, and asked from another folder."""
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", tmp_path, ROOT], check=True, capture_output=True
    )
    [wheel] = tmp_path.glob("thisplusthat-*.whl")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    binaries = tmp_path / "venv" / "bin"
    site = subprocess.run(
        [binaries / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    subprocess.run([binaries / "python", "-m", "pip", "install", "--quiet", "--no-deps", wheel], check=True)
    # The dependencies are those of the environment that runs the tests, but not the sources, which a .pth file names.
    (Path(site) / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    environment = {**os.environ, "THISPLUSTHAT_HOME": str(home)}
    done = subprocess.run(
        [binaries / "thisplusthat", "paris - france + italy"],
        cwd=tmp_path,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    assert "1  rome" in done.stdout
    where = subprocess.run(
        [binaries / "python", "-c", "import service.cli; print(service.cli.__file__)"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert str(tmp_path) in where.stdout
    script = """
from service.server.app import create_app
client = create_app().test_client()
for path in ("/", "/search/coffee", "/static/page.css", "/static/vendor/d3-map.js"):
    print(path, client.get(path, buffered=True).status_code)
"""
    pages = subprocess.run(
        [binaries / "python", "-c", script], cwd=tmp_path, env=environment, check=True, capture_output=True, text=True
    )
    assert pages.stdout.count(" 200\n") == 4, pages.stdout
