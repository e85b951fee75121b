"""``thisplusthat merge``: one model of several."""

from pathlib import Path
from typing import Any

import click

from embeddings.catalogue import model_place
from embeddings.training import MergeParameters, merge_models
from service.cli.display import load, progress_bar
from service.cli.field_options import field_options, given_value


@click.command("merge")
@click.argument("models", nargs=-1, required=True, metavar="MODEL MODEL...")
@click.option("--out", required=True, metavar="NAME|FOLDER", help="Name or path of the merged model.")
@click.option("--weights", metavar="W,W,...", help="Weight of each model, in order.  [default: 1 each]")
@field_options(MergeParameters, ("dimension", "remove", "power"))
@click.option("--all-words", is_flag=True, help="Keep the words of all models, not only of the first.")
@click.option("--overwrite", is_flag=True, help="Replace an existing model of that name.")
def merge_command(
    models: tuple[str, ...], out: str, weights: str | None, all_words: bool, overwrite: bool, **given: Any
) -> None:
    """Merge several models into one: their vectors are joined, missing ones are filled in, and the dimensions reduced.

    The first model gives the words, their order and their spelling. Where another model lacks a word, its vector is
    estimated from the rest.
    """
    try:
        shares = tuple(float(weight) for weight in weights.split(",")) if weights else ()
    except ValueError as error:
        raise click.BadParameter("give numbers separated by commas: --weights 1,1,0.5") from error
    parameters = given_value(MergeParameters, given | {"weights": shares})
    place: Path = model_place(out)
    with progress_bar(f"merging into {place.name}") as progress:
        opened = [load(model) for model in models]
        made = merge_models(opened, place, parameters, all_words=all_words, overwrite=overwrite, progress=progress)
    click.echo(f"{place.name}: {made.count:,} words × {made.dimension} of {', '.join(one.name for one in opened)}")
