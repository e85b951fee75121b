"""Build and measure the search indexes of the models that come with packages, and keep what was measured:

    python scripts/measure_bundled_indexes.py

An index can change from version to version; the vectors do not. Whoever prepares such a model builds the index that is
described here, and need not measure it.
"""

import json
import tempfile
from pathlib import Path

import embeddings.catalogue
from embeddings import load_model
from embeddings.catalogue import GLOVE, OWN_MODEL
from embeddings.search import IndexParameters, build_index

TARGETS = 9000
"""Many, since all who use the models search as far as these say."""
FOLDER = Path(embeddings.catalogue.__file__).parent


def main() -> None:
    """Write NAME.index.json of each, beside wikipedia.packed."""
    for name in (OWN_MODEL, GLOVE):
        vectors = load_model(name).vectors
        with tempfile.TemporaryDirectory() as folder:
            report = build_index(vectors, IndexParameters(targets=TARGETS), Path(folder))
        text = json.dumps(report.as_dict(), indent=2)
        (FOLDER / f"{name}.index.json").write_text(text + "\n", encoding="utf-8")
        print(name, text)


if __name__ == "__main__":
    main()
