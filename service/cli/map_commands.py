"""``thisplusthat map``: the vocabulary as points of a plane, for the page."""

import click

from embeddings.catalogue import DEFAULT_MODEL
from embeddings.models import MAP_FILE
from embeddings.plotting import MapMethod, MapParameters, make_map
from service.cli.display import load, progress_bar

_DEFAULTS = MapParameters()


@click.command("map")
@click.argument("model", default=DEFAULT_MODEL)
@click.option(
    "--words", type=click.IntRange(5), default=_DEFAULTS.words, show_default=True, help="So many of the most frequent."
)
@click.option(
    "--method",
    type=click.Choice([method.value for method in MapMethod]),
    default=_DEFAULTS.method.value,
    show_default=True,
    help="How words are laid out.",
)
@click.option("--seed", type=click.IntRange(0), default=_DEFAULTS.seed, show_default=True, help="Of the layout.")
def map_command(model: str, words: int, method: str, seed: int) -> None:
    """Lay the most frequent words of MODEL out in a plane, words that are alike near each other, for the page's map.

    It is computed once and kept in the model's folder; the same options give the same map. Needs the extra: pip install
    "thisplusthat[umap]".
    """
    opened = load(model)
    with progress_bar(f"mapping {opened.name}") as progress:
        made = make_map(opened, MapParameters(words=words, method=MapMethod(method), seed=seed), progress)
    click.echo(
        f"{len(made.words):,} words of {opened.name} by {method}, around {', '.join(made.cluster_words)}, "
        f"in {opened.folder / MAP_FILE}"
    )
