"""The fast tests with the lowest versions that pyproject.toml allows of all packages it names.

    python scripts/lowest_versions.py [--short] [PYTEST-ARGUMENTS]

``--short`` takes those of the rooms that use such packages, as CI does.
Packages for tests are those of today: what users install is what has lower bounds. uv finds the versions, since pip
has no way to ask for the lowest.
"""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".venv" / "lowest"
TOOLS = (
    "hatchling",
    "hypothesis",
    "import-linter",
    "model2vec",
    "openai",
    "prometheus-client",
    "pytest",
    "pytest-timeout",
    "pytest-xdist",
    "PyYAML",
)
"""Of the extra ``dev``, what the fast tests need."""
NEEDS_MORE = (
    "tests/service/api/test_openapi.py",  # schemathesis, which asks for a newer rich than the lowest
    "tests/service/api/test_routes.py",
    "tests/service/page/test_browser.py",
    "tests/test_deploy.py",
)
CANNOT_MAKE = (
    "tests/embeddings/formats/test_parquet.py::test_words_may_be_text_of_any_kind[kind2]",
    "tests/embeddings/formats/test_parquet.py::test_vectors_may_be_lists_of_any_kind[kind2]",
)
"""An old pyarrow cannot write the files of these tests."""
SHORT = (
    *(f"tests/embeddings/{room}" for room in ("evaluation", "formats", "models", "text/test_parquet.py")),
    *(f"tests/embeddings/search/test_{name}.py" for name in ("faiss_codes", "faiss_file", "index")),
    *(f"tests/service/{room}" for room in ("api", "host")),
)
"""Where pyarrow, gensim, scipy, marisa-trie, rapidfuzz, FAISS, Flask and pydantic are used."""


def run(*command: str | Path, **environment: str) -> None:
    subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, check=True)


def tools() -> list[str]:
    """What pyproject.toml says of `TOOLS`."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["dev"]
    return [line for line in wanted if re.split(r"[<>=~\[]", line)[0] in TOOLS]


def main() -> None:
    given = [part for argument in sys.argv[1:] for part in (SHORT if argument == "--short" else (argument,))]
    python, uv = FOLDER / "bin" / "python", Path(sys.executable).with_name("uv")
    versions = FOLDER / "versions.txt"
    run(sys.executable, "-m", "venv", "--clear", "--without-pip", FOLDER)
    lowest = ("--resolution", "lowest-direct", "--extra", "all", "--output-file", versions)
    run(uv, "pip", "compile", "-q", "--python", python, *lowest, "pyproject.toml")
    install = (uv, "pip", "install", "-q", "--python", python)
    run(*install, "--requirements", versions)
    run(*install, "--constraint", versions, *tools())
    # For its name and version; the kernels are those beside the sources.
    run(*install, "--no-deps", "--editable", ".", THISPLUSTHAT_BUILD_KERNELS="0")
    command = [
        python,
        "-m",
        "pytest",
        "-m",
        "fast",
        "-q",
        "-n",
        "auto",
        "--dist",
        "worksteal",
        "-p",
        "no:cacheprovider",
    ]
    command += ["-W", "ignore::DeprecationWarning"]  # old packages use what newer ones beside them deprecate
    command += [f"--ignore={path}" for path in NEEDS_MORE] + [f"--deselect={test}" for test in CANNOT_MAKE]
    sys.exit(subprocess.run([*command, *given], cwd=ROOT, check=False).returncode)


if __name__ == "__main__":
    main()
