"""What a text says of entries, as it is read."""

from pathlib import Path

from embeddings.models import Model
from scripts.default_model.sayings import read


def test_what_a_text_says_is_read(model: Model, tmp_path: Path) -> None:
    lines = [
        "JET LI (born 1963) is a singer.",
        "KOBE was there.",
        "Then came the city of Kobe, a city in Japan, with AC/DC, and http://A/BC/D.",
    ]
    (tmp_path / "text.txt").write_text("\n".join(lines), encoding="utf-8")
    sayings = read(tmp_path / "text.txt", model)
    jet_li, kobe = model.vocabulary.row("jet_li"), model.vocabulary.row("kobe")
    assert sayings.articles == {jet_li: ["singer"]}
    assert sayings.titles == {jet_li, kobe}
    assert sayings.said[kobe or 0].total() > 0
    assert sayings.slashed == {"AC/DC"}
