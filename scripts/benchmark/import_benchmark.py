"""The part ``import`` of scripts/benchmark: a GloVe text file, from the file to a model that answers.

Both read the same file, each in a process of its own with the file in the page cache. What is compared is gensim's
`load_word2vec_format` with our whole import: that also writes the model, its index and its checksums, so reading alone
(rows parsed and dropped) is given too.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from embeddings import Model
from scripts.benchmark.measurement import GENSIM, OURS, last_json, run_python
from scripts.benchmark.synthetic import Synthetic, words

READING = "this project, reading alone"
_SCRIPTS = {
    GENSIM: "KeyedVectors.load_word2vec_format({file!r}, no_header=True)",
    OURS: "import_file(Path({file!r}), Path({out!r}), Card('imported'), ImportOptions(format='glove', overwrite=True))",
    READING: "for block in read_glove_text(path := Path({file!r}), Faults(path, skip=False)).blocks: pass",
}
_IMPORTS = {
    GENSIM: "from gensim.models import KeyedVectors",
    OURS: "from embeddings.formats import ImportOptions, import_file; from embeddings.models.model import Card",
    READING: "from embeddings.formats.text import read_glove_text; from embeddings.formats.sources import Faults",
}
_SCRIPT = """
import json, time
from pathlib import Path
{importing}
started = time.perf_counter()
{work}
seconds = time.perf_counter() - started
peak = int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) / 1000
print(json.dumps({{"seconds": round(seconds, 2), "peak_mb": round(peak)}}))
"""


def measure_import(
    model: Model, rows: int, dimension: int, runs: int = 1, folder: Path | None = None
) -> dict[str, Any]:
    """Synthetic rows under the words of ``model``, six decimals each; the fastest of ``runs`` in turn.

    ``folder`` keeps the file, which is made anew only if it is not there.
    """
    found: dict[str, list[dict[str, float]]] = {name: [] for name in _SCRIPTS}
    with tempfile.TemporaryDirectory() as temporary:
        file = (folder or Path(temporary)) / f"glove-{rows}x{dimension}.txt"
        if not file.exists():
            write_glove(file, list(words(list(model.vocabulary), rows)), Synthetic(rows, dimension))
        for _ in range(runs):
            for name, work in _SCRIPTS.items():
                out = str(Path(temporary) / "imported")
                script = _SCRIPT.format(importing=_IMPORTS[name], work=work.format(file=str(file), out=out))
                found[name].append(last_json(run_python("-W", "ignore", "-c", script)))
        size = file.stat().st_size / 1e6
    best = {name: min(of, key=lambda each: each["seconds"]) for name, of in found.items()}
    return {
        "importing": best,
        "file": f"{rows:,} × {dimension}, {size:,.0f} MB",
        "ratios": {
            "import, times faster than gensim": round(best[GENSIM]["seconds"] / best[OURS]["seconds"], 2),
            "reading alone, times faster than gensim": round(best[GENSIM]["seconds"] / best[READING]["seconds"], 2),
        },
    }


def write_glove(path: Path, names: list[str], rows: Synthetic) -> None:
    """A word and its numbers a line, of the lengths that rows of their frequency have."""
    norms, place = rows.norms(), 0
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8") as file:
        for block in rows.blocks():
            block = block * norms[place : place + len(block), None]
            for start in range(0, len(block), 4096):
                some = block[start : start + 4096]
                texts = np.char.mod("%.6f", some)
                heads = names[place + start : place + start + len(some)]
                file.writelines(f"{word} {' '.join(text)}\n" for word, text in zip(heads, texts.tolist(), strict=True))
            place += len(block)
    part.rename(path)
