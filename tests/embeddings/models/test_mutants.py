"""Model folders of strangers: each of some hundred changed ones is asked or refused by name, in little memory and time.

Lengths and checksums in model.json are made anew, as who wants to harm would. The process in which they are asked has a
limit of memory, and names the mutant before it opens it, so that a crash is seen and known.

    python tests/embeddings/models/test_mutants.py SEED NUMBER [FILE]
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from embeddings.models.model import Card, open_model
from embeddings.models.row_texts import DESCRIPTIONS_FILE, DISPLAY_FILE, write_texts
from embeddings.models.writer import ModelWriter
from embeddings.native import missing_kernel
from embeddings.plotting.vocabulary_map import MapMethod, MapParameters, make_map
from embeddings.search import IndexParameters

ASK = """
import hashlib, json, os, random, resource, shutil, struct, sys, time
from pathlib import Path
from embeddings import ask
from embeddings.errors import EmbeddingsError, ModelError
from embeddings.models.model import open_model, verify_model
from embeddings.plotting.vocabulary_map import open_map
import embeddings.answers.explanation, faiss, pydantic, rapidfuzz.process

originals, work = map(Path, sys.argv[1:3])
seed, number, only = int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
limit = 4 << 30
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
outside = work / "outside.txt"
outside.write_text("a file of somebody else")
SIZES = [-(1 << 63), -(1 << 31), -1, 0, 1, 2, 255, 65535, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 40, (1 << 63) - 1]
VALUES = [-1, 0, 1, 3, 1 << 31, 1 << 62, 10 ** 400, 1.5, -0.1, float("nan"), float("inf"), "", "../../x", "/etc/passwd",
    "x" * 100_000, "\\ud800", "\\0", None, True, [], {}, [[]], {"a": 1}, [1, 2, 3]]
QUERIES = ["w5", "W7", "wrod12", "w1 - w2 + w3", "w1:w2 :: w3:?", "w5, w6, w900, w7", "w100 w200 foo_bar", "éw3"]

def change_bytes(content, random):
    changed = bytearray(content)
    for _ in range(random.choice([1, 1, 1, 2, 4])):
        reach = random.choice([len(changed), len(changed), min(len(changed), 160)])
        place = random.randrange(max(reach, 1))
        aligned = place & ~7
        kind = random.randrange(8)
        if kind == 0:
            changed[place : place + 1] = bytes([random.randrange(256)])
        elif kind == 1 and changed:
            changed[place] ^= 1 << random.randrange(8)
        elif kind == 2:
            del changed[place:]
        elif kind == 3:
            changed[place:place] = bytes(random.choice([1, 8, 64]))
        elif kind == 4:
            changed[aligned : aligned + 8] = struct.pack("<q", random.choice(SIZES))
        elif kind == 5:
            changed[aligned : aligned + 4] = struct.pack("<q", random.choice(SIZES))[:4]
        elif kind == 6:
            changed[aligned : aligned + 8] = struct.pack("<q", random.randrange(2048))
        else:
            changed[aligned : aligned + 64] = random.randbytes(64)
    return bytes(changed)

def change_entry(content, random):
    places = [(content, key) for key in content]
    for inside, key in places:
        within = inside[key]
        if isinstance(within, (dict, list)):
            places += [(within, each) for each in (within if isinstance(within, dict) else range(len(within)))]
    inside, key = random.choice(places)
    kind = random.randrange(5)
    if kind == 0:
        del inside[key]
    elif kind == 1 and isinstance(inside, dict):
        inside[random.choice(["../vectors.npy", "/etc/passwd", "", "..", "x" * 5000, "a/b"])] = inside.pop(key)
    else:
        inside[key] = random.choice(VALUES)

def change_model(folder, random):
    names = sorted(path.name for path in folder.iterdir())
    name = random.choice([*names, "model.json", *(name for name in names if name.endswith(".marisa"))])
    if only in names:
        name = only
    path, manifest = folder / name, folder / "model.json"
    entries = json.loads(manifest.read_text())
    kind = random.random()
    if kind < 0.02:
        path.unlink()
        path.symlink_to(random.choice([str(outside), "/dev/zero", "/nowhere", "..", str(folder / names[0])]))
    elif kind < 0.03:
        path.unlink()
        os.mkfifo(path)
    elif kind < 0.04:
        path.unlink()
        path.mkdir()
    elif name == "model.json" and kind < 0.8:
        for _ in range(random.choice([1, 1, 2])):
            change_entry(entries, random)
    elif name == "model.json":
        path.write_bytes(random.choice([change_bytes(path.read_bytes(), random), b"[" * 100_000, b"9" * 6000]))
        return name
    else:
        path.write_bytes(change_bytes(path.read_bytes(), random))
    for listed, of_file in entries.get("files", {}).items() if isinstance(entries.get("files"), dict) else ():
        if listed == name and isinstance(of_file, dict) and path.exists():
            of_file["bytes"] = path.stat().st_size
            if path.is_file():
                of_file["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    if manifest.is_file() and not manifest.is_symlink():  # it would be written to what the link leads to
        manifest.write_text(json.dumps(entries))
    return name

def use(folder, turn):
    model = verify_model(folder) and open_model(folder) if turn % 4 == 0 else open_model(folder)
    model.index.load()
    open_map(model)
    answered = 0
    for query in QUERIES:
        try:
            answer = ask(model, query)
            json.dumps(answer.as_dict(), allow_nan=False)
            answered += 1
        except ModelError:
            raise
        except EmbeddingsError:
            pass
    model.vocabulary.complete("w1", 5)
    model.vocabulary.suggest("wxrd")
    model.display(3), model.description(3), model.total_count, repr(model), model.place
    return answered

tally = {"answered": 0, "refused": 0, "slowest": 0.0}
for turn in range(number):
    chance = random.Random(f"{seed} {turn}")
    source = chance.choice(sorted(path for path in originals.iterdir() if not only or (path / only).exists()))
    folder = work / source.name
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(source, folder)
    name = change_model(folder, chance)
    (work / "now").write_text(f"{seed} {turn} {source.name}/{name}")
    began = time.process_time()
    try:
        use(folder, turn)
        tally["answered"] += 1
    except ModelError as error:
        assert str(folder) in str(error) or "of this model" in str(error), str(error)
        assert "\\n" not in str(error) and len(str(error)) < 2000, str(error)[:300]
        tally["refused"] += 1
    tally["slowest"] = max(tally["slowest"], time.process_time() - began)
assert outside.read_text() == "a file of somebody else"
status = Path("/proc/self/status").read_text()  # ru_maxrss counts what the parent took before this program began
tally["peak"] = int(status.split("VmHWM:")[1].split()[0]) << 10
print(json.dumps(tally))
"""


def write_originals(folder: Path) -> None:
    """Small models that have every file a model can have."""
    random = np.random.default_rng(0)
    words = [
        *(f"w{number}" for number in range(1500)),
        "W7",
        "Éw3",
        "foo_bar",
        *(f"{'long ' * 9}{n}" for n in range(99)),
    ]
    vectors = random.normal(size=(len(words), 8)).astype(np.float32)
    kinds = ["exact", "fastscan", "ivf", *([] if missing_kernel("embeddings.search") else ["lists"])]
    for kind in kinds:
        with ModelWriter(folder / kind, 8) as writer:
            writer.append(words, vectors, list(range(len(words), 0, -1)))
            card = Card(kind)
            if kind == "exact":
                card = Card(kind, subwords={"min_n": 3, "max_n": 5, "buckets": 50})
                np.save(writer.folder / "subwords.npy", random.normal(size=(50, 8)).astype(np.float32))
            write_texts(writer.folder / DISPLAY_FILE, [word.title() for word in words])
            write_texts(writer.folder / DESCRIPTIONS_FILE, [None, "what it is", *[None] * (len(words) - 2)])
            writer.finish(card, IndexParameters(kind, recall=0.5, targets=50))
        make_map(open_model(folder / kind), MapParameters(words=60, method=MapMethod.LANDMARKS, clusters=3))


def ask_mutants(originals: Path, work: Path, seed: int, number: int, file: str = "") -> dict[str, float]:
    """What became of ``number`` mutants. Raises AssertionError with the mutant that was not answered or refused."""
    command = [sys.executable, "-W", "ignore", "-c", ASK, originals, work, str(seed), str(number), file]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60 + number, check=False)
    assert done.returncode == 0, f"{(work / 'now').read_text()}: {done.returncode}\n{done.stderr[-3000:]}"
    return dict(json.loads(done.stdout))


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("originals")
    write_originals(folder)
    return folder


def test_hundreds_of_mutants_of_models_are_asked_or_refused_by_name(originals: Path, tmp_path: Path) -> None:
    tally = ask_mutants(originals, tmp_path, 7, 300)
    assert tally["answered"] + tally["refused"] == 300
    assert tally["answered"] > 20
    assert tally["refused"] > 150
    assert tally["slowest"] < 5
    assert tally["peak"] < 1 << 30


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        for part in ("originals", "work"):
            (Path(name) / part).mkdir()
        write_originals(Path(name) / "originals")
        print(ask_mutants(Path(name) / "originals", Path(name) / "work", *map(int, sys.argv[1:3]), *sys.argv[3:4]))  # noqa: T201
