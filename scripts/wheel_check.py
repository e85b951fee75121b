"""The wheel as users get it: built with the system's compiler and with ziglang alone, installed afresh, trained with.

    python scripts/wheel_check.py

Both are built of the source distribution, the second with no compiler on the PATH, so that the build hook has to ask
for ziglang from PyPI. The first is installed into an environment of its own with all that it depends on; the second
into another that takes the dependencies from there. Each then trains with its kernel and answers a query; the first
answers with the model that it brings and serves pages as well.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEXT = "the cat sat on the mat. the dog sat on the cat. a king and a queen sat on the throne.\n"
PAGES = """
from service.server.app import create_app
client = create_app().test_client()
for path in ("/", "/search/coffee", "/static/page.css", "/static/vendor/d3-map.js"):
    print(path, client.get(path, buffered=True).status_code)
"""
TRAINING = ["--vector-size", "16", "--epochs", "2", "--min-count", "1", "--workers", "1", "--no-evaluate"]


def run(*command: str | Path, environment: Mapping[str, str] | None = None, folder: Path | None = None) -> str:
    """What a command prints. Ends the check with all that it said if it fails."""
    variables = {**os.environ, **(environment or {})}
    variables.pop("PYTHONPATH", None)
    done = subprocess.run(command, env=variables, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        [source] = _sdist(top / "source")
        (top / "text.txt").write_text(TEXT * 200)
        (top / "nothing").mkdir()
        environments = {"compiler": {}, "ziglang": {"PATH": str(top / "nothing"), "CC": ""}}
        build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", source]
        site: Path | None = None
        for way, environment in environments.items():
            began = time.monotonic()
            run(*build, "--wheel-dir", top / way, environment=environment)
            built = time.monotonic()
            [wheel] = (top / way).glob("thisplusthat-*.whl")
            python, site = _install(wheel, top / f"{way}-venv", site)
            found = _train(python, top / f"{way}-home", top / "text.txt")
            if way == "compiler":
                _ask(python, top / f"{way}-home", top)
            print(
                f"{way}: {wheel.name}, {wheel.stat().st_size / 1e6:.1f} MB, built in {built - began:.0f} s; "
                f"installed and asked in {time.monotonic() - built:.0f} s; {found}"
            )


def _sdist(folder: Path) -> list[Path]:
    run(sys.executable, "-m", "build", "-q", "--sdist", "--no-isolation", "--outdir", folder, ROOT)
    return list(folder.glob("*.tar.gz"))


def _install(wheel: Path, folder: Path, dependencies: Path | None) -> tuple[Path, Path]:
    """Python and site-packages of a new environment with ``wheel``, and with what is in the folder ``dependencies``,
    or with all that the wheel asks for.
    """
    run(sys.executable, "-m", "venv", "--without-pip", folder)
    python = folder / "bin" / "python"
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    install = [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-compile"]
    install += ["--constraint", ROOT / "constraints.txt"]
    if dependencies is None:
        run(*install, f"{wheel}[train]")
    else:
        run(*install, "--no-deps", wheel)
        (site / "dependencies.pth").write_text(str(dependencies))
    return python, site


def _train(python: Path, home: Path, text: Path) -> str:
    """Which kernels run in an environment and which engine trained there. Ends the check unless they are its own."""
    environment = {"THISPLUSTHAT_HOME": str(home)}
    command = [python, "-P", "-m", "service.cli"]
    found = json.loads(run(*command, "doctor", "--json", environment=environment, folder=text.parent))
    kernels = {entry["name"]: entry["text"] for entry in found if entry["section"] == "Kernels"}
    for name, said in kernels.items():
        if str(python.parents[1]) not in said:
            sys.exit(f"The kernel for {name} is not that of {python.parents[1]}: {said}")
    run(*command, "train", text, "--out", "small", "--engine", "kernel", *TRAINING, environment=environment)
    card = json.loads((home / "models" / "small" / "model.json").read_text())
    answer = json.loads(run(*command, "--model", "small", "--json", "cat", environment=environment))
    if not answer["results"]:
        sys.exit(f"The model that was trained gives no answer: {answer}")
    engine = card["training"]["engine"]
    levels = ", ".join(f"{name} {said.partition(',')[0]}" for name, said in kernels.items())
    return f"kernels {levels}; trained by the {engine['name']} ({engine['instructions']})"


def _ask(python: Path, home: Path, folder: Path) -> None:
    """Ask the model in the wheel, and the pages of the service. Ends the check if one of them is not there."""
    environment = {"THISPLUSTHAT_HOME": str(home), "THISPLUSTHAT_MODEL": ""}
    command = python.with_name("thisplusthat")
    answer = run(command, "United States:Dollar :: Mexico:?", environment=environment, folder=folder)
    pages = run(python, "-P", "-c", PAGES, environment=environment, folder=folder)
    if "1  peso" not in answer or pages.count(" 200\n") != 4:
        sys.exit(f"The wheel lacks something:\n{answer}{pages}")


if __name__ == "__main__":
    main()
