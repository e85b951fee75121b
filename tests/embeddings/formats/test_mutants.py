"""Files of strangers: a thousand changed ones are imported or refused by name, in little memory and time.

They are read in a process of its own, whose memory is limited, so that a crash or a flood would be seen.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from embeddings.formats.conversion import export_model
from embeddings.models.model import Card, open_model
from embeddings.models.writer import save_model

READ = """
import json, random, resource, struct, sys, time
from pathlib import Path
from embeddings.errors import ModelError
from embeddings.formats.conversion import FORMATS, detect_format, import_file
from embeddings.formats.sources import Faults
from embeddings.models.model import Card
import numpy, pyarrow, pyarrow.parquet, pyarrow.compute

folder, seed = Path(sys.argv[1]), int(sys.argv[2])
limit = 3 << 30
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
SIZES = [-(1 << 63), -(1 << 31), -1, 0, 1, 255, (1 << 31) - 1, 1 << 31, (1 << 40), (1 << 62), (1 << 63) - 1]
TEXTS = [b"-1", b"0", b"9" * 30, b"1e999", b"nan", b"1_0", b"[" * 5000, b"null", b"\\x00", b"\\n", b" ", b"/.."]

def mutate(content, random):
    changed = bytearray(content)
    for _ in range(random.choice([1, 1, 1, 2, 5])):
        # Sizes stand at the beginning of most formats, and at the end of Parquet.
        reach = random.choice([len(changed), min(len(changed), 200), min(len(changed), 40)])
        place = random.randrange(max(reach, 1))
        if random.random() < 0.2:
            place = max(0, len(changed) - 1 - place)
        kind = random.randrange(7)
        if kind == 0:
            changed[place : place + 1] = bytes([random.randrange(256)])
        elif kind == 1:
            changed[place : place + 1] = bytes([changed[place] ^ (1 << random.randrange(8))]) if changed else b"x"
        elif kind == 2:
            del changed[place:]
        elif kind == 3:
            del changed[place : place + random.randrange(1, 20)]
        elif kind == 4:
            changed[place : place + 8] = struct.pack("<q", random.choice(SIZES))
        elif kind == 5:
            changed[place : place + 4] = struct.pack("<q", random.choice(SIZES))[:4]
        else:
            changed[place : place + random.choice([0, 1, 3])] = random.choice(TEXTS)
    return bytes(changed)

def read(path, name, skip):
    chosen = FORMATS[name] if name else detect_format(path)
    faults = Faults(path, skip=skip)
    source = chosen.read(path, faults)
    words = 0
    for block in source.blocks:
        assert block.vectors.shape == (len(block.words), source.dimension)
        assert len(block.places) == len(block.words)
        words += len(block.words)
    return words

tally = {"read": 0, "refused": 0, "slowest": 0.0}
files = sorted(file for file in folder.iterdir() if file.is_file())
number = int(sys.argv[3])
random = random.Random(seed)
for turn in range(number):
    file = files[turn % len(files)]
    path = folder / "work" / file.name
    path.write_bytes(mutate(file.read_bytes(), random))
    target = path
    if file.name.startswith("m2v"):
        target = folder / "work" / "m2v"
        path = path.rename(target / file.name.removeprefix("m2v-"))
    began = time.process_time()
    try:
        name = file.name.split(".")[0] if random.random() < 0.6 and target is path else None
        read(target, name, random.random() < 0.5)
        tally["read"] += 1
    except ModelError as error:
        assert str(target) in str(error), str(error)
        assert "\\n" not in str(error), str(error)
        tally["refused"] += 1
    except BaseException:
        print(file.name, turn, path.read_bytes()[:300], file=sys.stderr)
        raise
    tally["slowest"] = max(tally["slowest"], time.process_time() - began)
    if target is not path:
        for whole in files:
            if whole.name.startswith("m2v"):
                (target / whole.name.removeprefix("m2v-")).write_bytes(whole.read_bytes())
status = Path("/proc/self/status").read_text()  # ru_maxrss counts what the parent took before this program began
tally["peak"] = int(status.split("VmHWM:")[1].split()[0]) << 10
print(json.dumps(tally))
"""


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One small file of each format, named by it."""
    from gensim.models import FastText
    from gensim.models.fasttext import save_facebook_model

    folder = tmp_path_factory.mktemp("originals")
    work = folder / "work"
    (work / "m2v").mkdir(parents=True)
    words = ["the", "of", "Zürich", "42", "nan", "東京"]
    vectors = np.random.default_rng(0).normal(size=(len(words), 5)).astype(np.float32)
    save_model(work / "model", words, vectors, Card("model"), counts=[6, 5, 4, 3, 2, 1])
    model = open_model(work / "model")
    names = {
        "word2vec": ".txt",
        "word2vec-binary": ".bin",
        "glove": ".glove.txt",
        "safetensors": ".safetensors",
        "parquet": ".parquet",
        "gensim": ".kv",
    }
    for name, suffix in names.items():
        export_model(model, folder / f"{name}{suffix}", format=name)
    export_model(model, folder / "word2vec.txt.gz")
    export_model(model, folder / "word2vec-binary.bin.gz")
    export_model(model, work / "x.model2vec")
    for name in ("model.safetensors", "tokenizer.json"):
        content = (work / "x.model2vec" / name).read_bytes()
        (folder / f"m2v-{name}").write_bytes(content)
        (work / "m2v" / name).write_bytes(content)
    sentences = [["the", "quick", "fox"], ["jumps", "naïve", "東京"]] * 9
    trained = FastText(sentences, vector_size=4, min_count=1, min_n=2, max_n=3, bucket=20, epochs=1, workers=1)
    save_facebook_model(trained, str(folder / "fasttext-binary.bin"))
    return folder


def test_a_thousand_mutants_are_read_or_refused_by_name(originals: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", READ, originals, "7", "1000"], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    tally = json.loads(done.stdout)
    assert tally["read"] + tally["refused"] == 1000
    assert tally["refused"] > 300
    assert tally["slowest"] < 10
    assert tally["peak"] < 1 << 30
