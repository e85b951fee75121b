"""``thisplusthat merge``: one model of several."""

from pathlib import Path

import click

from embeddings.catalogue import model_place
from embeddings.training import MergeParameters, merge_models
from service.cli.display import load, progress_bar

_DEFAULTS = MergeParameters()


@click.command("merge")
@click.argument("models", nargs=-1, required=True, metavar="MODEL MODEL...")
@click.option("--out", required=True, metavar="NAME|FOLDER", help="Where the merged model goes.")
@click.option("--weights", metavar="W,W,...", help="How much each model counts, in their order.  [default: 1 each]")
@click.option("--dimension", type=int, default=_DEFAULTS.dimension, show_default=True, help="Of the merged vectors.")
@click.option(
    "--remove", type=int, default=_DEFAULTS.remove, show_default=True, help="Take each model's mean and N largest away."
)
@click.option(
    "--power", type=float, default=_DEFAULTS.power, show_default=True, help="Less than 1 evens directions out."
)
@click.option("--all-words", is_flag=True, help="The words of all models, not of the first alone.")
@click.option("--overwrite", is_flag=True, help="Replace a model of that name.")
def merge_command(
    models: tuple[str, ...], out: str, weights: str | None, all_words: bool, overwrite: bool, **numbers: float
) -> None:
    """Make one model of several: vectors side by side, missing ones filled in, turned into fewer dimensions.

    The first model gives the words, their order and their spelling. Where another lacks a word, the vector is filled in
    that the rest let expect.
    """
    try:
        shares = tuple(float(weight) for weight in weights.split(",")) if weights else ()
    except ValueError as error:
        raise click.BadParameter("numbers between commas are expected: --weights 1,1,0.5") from error
    parameters = MergeParameters(
        weights=shares, dimension=int(numbers["dimension"]), remove=int(numbers["remove"]), power=numbers["power"]
    )
    place: Path = model_place(out)
    with progress_bar(f"merging into {place.name}") as progress:
        opened = [load(model) for model in models]
        made = merge_models(opened, place, parameters, all_words=all_words, overwrite=overwrite, progress=progress)
    click.echo(f"{place.name}: {made.count:,} words × {made.dimension} of {', '.join(one.name for one in opened)}")
