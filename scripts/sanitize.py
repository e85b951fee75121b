"""The kernels' tests under the address and undefined-behaviour sanitizers, on a copy of the sources.

    python scripts/sanitize.py [PYTEST-ARGUMENTS]

Needs gcc 12 or newer with its libasan. The tests run at every level of instructions that this processor has.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("embeddings", "service", "tests", "hatch_build.py", "pyproject.toml")
TESTS = (
    "tests/embeddings/answers/test_listing.py",
    "tests/embeddings/text/kernel",
    "tests/embeddings/text/test_numbering.py",
    "tests/embeddings/training/kernel",
    "tests/embeddings/training/test_kernel_engine.py",
    "tests/embeddings/search/test_brute_force.py::test_rows_are_found_at_every_level_whatever_their_number_and_size",
    "tests/embeddings/search/test_clustering.py",
    "tests/embeddings/search/test_codes.py",
    "tests/embeddings/search/test_list_building.py",
    "tests/embeddings/search/test_list_search.py",
)
PYTHON_ALONE = (
    "tests/embeddings/search/test_codes.py::test_many_dimensions_get_the_wanted_recall",
    "tests/embeddings/search/test_list_search.py::test_a_model_without_a_kernel_is_searched_exactly_and_says_so",
    "tests/embeddings/training/test_kernel_engine.py::test_topics_are_told_apart_as_well_as_gensim_does",
)
"""What takes long there in numpy and gensim, and sends C nowhere that the other tests do not."""


def main() -> None:
    compiler = os.environ.get("CC") or "gcc"
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        for entry in COPIED:
            source = ROOT / entry
            ignored = shutil.ignore_patterns("library.so*", "__pycache__", "artefacts")
            shutil.copytree(source, top / entry, ignore=ignored) if source.is_dir() else shutil.copy(source, top)
        subprocess.run([sys.executable, "hatch_build.py", "--sanitize", "--compiler", compiler], cwd=top, check=True)
        library = subprocess.run([compiler, "-print-file-name=libasan.so"], check=True, capture_output=True, text=True)
        environment = {
            **os.environ,
            "PYTHONPATH": str(top),
            "PYTHONMALLOC": "malloc",  # so that what Python holds has red zones as well
            "LD_PRELOAD": str(Path(library.stdout.strip()).resolve()),
            "ASAN_OPTIONS": "detect_leaks=0:halt_on_error=1",
            "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
        }
        command = [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", *TESTS]
        command += [*(f"--deselect={test}" for test in PYTHON_ALONE), *sys.argv[1:]]
        sys.exit(subprocess.run(command, cwd=top, env=environment, check=False).returncode)


if __name__ == "__main__":
    main()
