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
@click.option("--out", required=True, metavar="NAME|FOLDER", help="Where the merged model goes.")
@click.option("--weights", metavar="W,W,...", help="How much each model counts, in their order.  [default: 1 each]")
@field_options(MergeParameters, ("dimension", "remove", "power"))
@click.option("--all-words", is_flag=True, help="The words of all models, not of the first alone.")
@click.option("--overwrite", is_flag=True, help="Replace a model of that name.")
def merge_command(
    models: tuple[str, ...], out: str, weights: str | None, all_words: bool, overwrite: bool, **given: Any
) -> None:
    """Make one model of several: vectors side by side, missing ones filled in, turned into fewer dimensions.

    The first model gives the words, their order and their spelling. Where another lacks a word, the vector is filled in
    that the rest let expect.
    """
    try:
        shares = tuple(float(weight) for weight in weights.split(",")) if weights else ()
    except ValueError as error:
        raise click.BadParameter("numbers between commas are expected: --weights 1,1,0.5") from error
    parameters = given_value(MergeParameters, given | {"weights": shares})
    place: Path = model_place(out)
    with progress_bar(f"merging into {place.name}") as progress:
        opened = [load(model) for model in models]
        made = merge_models(opened, place, parameters, all_words=all_words, overwrite=overwrite, progress=progress)
    click.echo(f"{place.name}: {made.count:,} words × {made.dimension} of {', '.join(one.name for one in opened)}")
