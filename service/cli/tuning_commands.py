"""``thisplusthat tune``: the fastest search index for a model, as measured on this machine."""

from collections.abc import Sequence

import click
from rich.table import Table

from embeddings.catalogue import DEFAULT_MODEL, require_own
from embeddings.models import Trial, tune
from embeddings.search import IndexParameters
from service.cli.display import console, load, progress_bar


@click.command("tune")
@click.argument("model", default=DEFAULT_MODEL)
@click.option(
    "--recall",
    type=click.FloatRange(0, 1),
    default=IndexParameters().recall,
    show_default=True,
    help="Wanted share of the true ten nearest words that are found.",
)
def tune_command(model: str, recall: float) -> None:
    """Find the fastest search index for MODEL on this machine, and install it.

    Each kind of index is built, and timed on analogies of the model's own words. The new index replaces the old one in
    one step; nothing else changes.
    """
    require_own(model, "tuned")
    opened = load(model)
    with progress_bar(f"tuning {opened.name}") as progress:
        tuning = tune(opened.folder, recall, progress)
    console().print(_table(tuning.trials, tuning.chosen))
    chosen = tuning.chosen
    click.echo(
        f"{opened.name}: {chosen.factory or 'exact'} is the fastest with a recall@10 of {recall}: "
        f"{chosen.milliseconds:.2f} ms a search"
    )


def _table(trials: Sequence[Trial], chosen: Trial) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("index")
    for name in ("lists", "candidates", "recall@10", "ms", "build s"):
        table.add_column(name, justify="right")
    table.add_column("")
    for trial in trials:
        table.add_row(
            trial.factory or trial.kind,
            f"{trial.probes:,}" if trial.probes else "",
            f"{trial.candidates:,}" if trial.candidates else "",
            f"{trial.recall:.4f}",
            f"{trial.milliseconds:.3f}",
            f"{trial.build_seconds:.1f}",
            "chosen" if trial is chosen else "" if trial.reaches else "too low",
        )
    return table
