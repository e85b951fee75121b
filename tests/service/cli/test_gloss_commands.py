"""``thisplusthat glosses`` as people run it."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from service.cli.command import cli
from service.page.glosses import Glosses
from service.page.wordnet import GlossError

WORDNET = Path(__file__).parents[1] / "page" / "wordnet"


def test_glosses_are_made_in_the_users_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THISPLUSTHAT_HOME", str(tmp_path))
    assert Glosses.open() is None
    done = CliRunner().invoke(cli, ["glosses", str(WORDNET)], catch_exceptions=False)
    assert done.output.startswith("9 glosses of 7 words, WordNet 3.0 of ")
    glosses = Glosses.open()
    assert glosses is not None
    assert glosses.lookup("dinner")
    glosses.close()


def test_a_folder_without_wordnet_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(GlossError, match="is not WordNet"):
        CliRunner().invoke(cli, ["glosses", str(tmp_path)], catch_exceptions=False)
