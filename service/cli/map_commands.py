"""``thisplusthat map``: the vocabulary as points of a plane, for the page."""

from typing import Any

import click

from embeddings.catalogue import DEFAULT_MODEL
from embeddings.models import MAP_FILE
from embeddings.plotting import MapParameters, make_map
from service.cli.display import load, progress_bar
from service.cli.field_options import field_options, given_value


@click.command("map")
@click.argument("model", default=DEFAULT_MODEL)
@field_options(MapParameters, ("words", "method", "seed"))
def map_command(model: str, **given: Any) -> None:
    """Place the most frequent words of MODEL in a plane, similar words near each other, for the page's map.

    It is computed once and kept in the model's folder; the same options give the same map. Needs the extra: pip install
    "thisplusthat[umap]".
    """
    parameters = given_value(MapParameters, given)
    opened = load(model)
    with progress_bar(f"mapping {opened.name}") as progress:
        made = make_map(opened, parameters, progress)
    click.echo(
        f"{len(made.words):,} words of {opened.name} by {parameters.method}, around {', '.join(made.cluster_words)}, "
        f"in {opened.folder / MAP_FILE}"
    )
