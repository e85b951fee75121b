"""The shape of the code: what a query loads, which way imports go, where tests are, what is never done."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from embeddings.models.model import Model

ROOT = Path(__file__).parent.parent
MODULES = sorted(
    path
    for folder in ("embeddings", "service", "scripts")
    for path in (ROOT / folder).rglob("*.py")
    if not path.stem.startswith("__")
)
HEAVY = [
    "aiohttp",
    "flask",
    "fsspec",
    "gensim",
    "grpc",
    "httpx",
    "model2vec",
    "pandas",
    "prompt_toolkit",
    "pyarrow",
    "pymilvus",
    "pyspark",
    "rich.progress",
    "safetensors",
    "scipy",
    "smart_open",
]
ASK = """
import sys
from service.cli import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    assert not end.code, end.code
print(sorted(set(sys.modules) & set({heavy!r})))
"""


@pytest.mark.usefixtures("glove")
@pytest.mark.parametrize("arguments", [["--version"], ["king - man + woman"], ["models"], ["a, b, c", "--json"]])
def test_a_query_never_loads_what_it_does_not_need(arguments: list[str]) -> None:
    script = ASK.format(heavy=HEAVY)
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_library_is_imported_without_heavy_packages() -> None:
    heavy = {*HEAVY, "click", "rich", "zipfile", "embeddings.client", "embeddings.models.writer"}
    script = f"import sys\nfrom embeddings import ask, load_model\nprint(sorted(set(sys.modules) & {heavy!r}))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_has_its_tests_a_docstring_and_a_moderate_length(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    assert text.startswith('"""')
    assert len(text.splitlines()) <= 420
    place = module.relative_to(ROOT)
    if place.parts[0] != "scripts":
        assert (ROOT / "tests" / place.parent / f"test_{module.stem}.py").exists()


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_is_entered_by_its_door(module: Path) -> None:
    """What another room uses, its `__init__.py` re-exports; no module behind it is imported from outside."""
    room = module.relative_to(ROOT).parts[:2]
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            parts = node.module.split(".")
            if parts[0] in ("embeddings", "service") and len(parts) > 2:
                assert tuple(parts[:2]) == room, f"{module}:{node.lineno} goes past the door of {'.'.join(parts[:2])}"


@pytest.mark.parametrize(
    "door", sorted(p for f in ("embeddings", "service") for p in (ROOT / f).glob("*/__init__.py")), ids=str
)
def test_every_room_says_what_it_is_for(door: Path) -> None:
    assert ast.get_docstring(ast.parse(door.read_text(encoding="utf-8")))


def test_nothing_of_a_user_is_ever_unpickled_and_no_error_is_swallowed() -> None:
    for module in MODULES:
        text = module.read_text(encoding="utf-8")
        assert "allow_pickle=True" not in text
        assert not re.search(r"pickle\.loads?\(", text)
        assert not re.search(r"except\s*:", text)
        assert len(re.findall(r"np\.load\(", text)) == len(re.findall(r"np\.load\([^)]*allow_pickle=False", text))


def test_the_public_names_are_what_the_package_exports(tiny_model: Model) -> None:
    import embeddings

    assert all(hasattr(embeddings, name) for name in embeddings.__all__)
    assert embeddings.ask(tiny_model, "king <> queen").score == pytest.approx(0.5, abs=1e-6)


def test_a_class_has_a_name_of_its_own_that_is_a_noun() -> None:
    """One name, one thing; participles say nothing alone. Errors may say what happened."""
    found: dict[str, list[str]] = {}
    for module in MODULES:
        for node in ast.parse(module.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found.setdefault(node.name, []).append(f"{module.relative_to(ROOT)}:{node.lineno}")
                is_error = re.search(r"Error|Exception|Stopped|Refused", ast.unparse(node))
                assert is_error or not re.search(r"[a-z]ed$", node.name), found[node.name]
    assert not {name: places for name, places in found.items() if len(places) > 1}
