"""Build and measure the search index of the model that comes with the package, and keep what was measured:

    python scripts/measure_default_index.py

The index can change from version to version; the packed model does not. Whoever unpacks it builds the index that is
described here, and need not measure it.
"""

import json
import tempfile
from pathlib import Path

from embeddings.models import open_model, unpack
from embeddings.search import IndexParameters, build_index

TARGETS = 9000
"""Many, since all who use the model search as far as these say."""
FOLDER = Path(__file__).parent.parent / "embeddings" / "catalogue"


def main() -> None:
    """Write wikipedia.index.json beside wikipedia.packed."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "wikipedia"
        unpack(FOLDER / "wikipedia.packed", place)
        report = build_index(open_model(place).vectors, IndexParameters(targets=TARGETS), Path(folder))
    text = json.dumps(report.as_dict(), indent=2)
    (FOLDER / "wikipedia.index.json").write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
