"""How reports and models look in a terminal; answers are in `answer_lines`. Rich is imported where it is used."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from embeddings import Answer, EmbeddingsError, Failure, Model, load_model, load_word_vectors
from embeddings.models import WordVectors
from embeddings.progress import Progress

if TYPE_CHECKING:
    from rich.console import Console

    from embeddings.catalogue import Listing
    from embeddings.evaluation import AnalogyReport, PairsReport, SectionScore
    from embeddings.formats import ImportReport


def console() -> "Console":
    """The console of standard output, as it is now."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True, emoji=False)


def as_line(answer: Answer | Failure) -> str:
    """An answer separated by tabs: the query, then each word and its score. A failure says what went wrong."""
    query = " ".join(answer.query.split())
    if isinstance(answer, Failure):
        return f"{query}\terror\t{' '.join(str(answer.error).split())}"
    if answer.score is not None:
        return f"{query}\t{answer.score:.6f}"
    fields = (field for result in answer.results for field in (result.word, f"{result.score:.6f}"))
    return "\t".join([query, *(" ".join(field.split()) for field in fields)])


def show_error(error: EmbeddingsError) -> None:
    """The message on standard error."""
    from rich.console import Console
    from rich.text import Text

    Console(stderr=True, highlight=False, soft_wrap=True, emoji=False).print(
        Text.assemble(("Error: ", "bold red"), str(error))
    )


def show_models(listings: "Sequence[Listing]", default: str, out: "Console") -> None:
    """A table of models. It lists the default model even before its first use."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name, justify in (("name", "left"), ("words", "right"), ("dimensions", "right"), ("size", "right")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for name in ("index", "method", "licence"):
        table.add_column(name)
    if default not in [listing.name for listing in listings]:
        table.add_row(default, "", "", "", "", "", Text("prepared at its first use", style="dim"))
    for listing in listings:
        if listing.manifest is None:
            table.add_row(listing.name, "", "", "", "", "", Text(f"damaged: {listing.problem}", style="red"))
            continue
        manifest = listing.manifest
        megabytes = sum(file.bytes for file in manifest.files.values()) / 1e6
        index = manifest.index.kind if manifest.index.kind == "exact" else f"recall {manifest.index.recall:.4f}"
        row = [f"{manifest.count:,}", str(manifest.dimension), f"{megabytes:,.1f} MB", index]
        table.add_row(Text(listing.name), *row, Text(manifest.card.method), Text(manifest.card.licence))
    out.print(table)


def show_import(report: "ImportReport", out: "Console") -> None:
    """The result of an import: how many words, and what was left out."""
    from rich.text import Text

    out.print(Text(f"{report.words:,} words × {report.dimension} from {report.format} in {report.path}"))
    if report.duplicates:
        out.print(Text(f"  {report.duplicates:,} rows left out: their word came before"))
    if report.zero_rows:
        out.print(Text(f"  {report.zero_rows:,} words have a vector of zeros"))
    if report.skipped:
        out.print(Text(f"  {report.skipped:,} rows left out: something was wrong with them"))
    for fault in report.faults:
        out.print(Text(f"    {fault}", style="dim"))


def show_scores(report: "AnalogyReport | PairsReport", out: "Console") -> None:
    """A line for each section of an analogy set, or the correlations of a set of pairs."""
    from rich.table import Table
    from rich.text import Text

    from embeddings.evaluation import PairsReport

    if isinstance(report, PairsReport):
        out.print(Text(f"{report.dataset} on {report.model}: {report.pairs} pairs, coverage {report.coverage:.1%}"))
        figures = (
            f"{name} {'undefined' if value is None else f'{value:.4f}'}"
            for name, value in (("Spearman", report.spearman), ("Pearson", report.pearson))
        )
        out.print(Text("   ".join(figures), style="bold"))
        _show_notes(report.notes, out)
        return
    out.print(Text(f"{report.dataset} on {report.model}, {report.method}"))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("section")
    for name in ("accuracy", "correct", "questions", "not in vocabulary", "coverage"):
        table.add_column(name, justify="right")
    for section in (*report.sections, *report.groups):
        table.add_row(*_score_row(section))
    table.add_row(*_score_row(report.total), style="bold")
    out.print(table)
    _show_notes(report.notes, out)


def _show_notes(notes: tuple[str, ...], out: "Console") -> None:
    for note in notes:
        out.print(f"{note}.", markup=False)


def _score_row(score: "SectionScore") -> list[str]:
    counts = [f"{count:,}" for count in (score.correct, score.questions, score.out_of_vocabulary)]
    return [score.name, f"{score.accuracy:.2%}" if score.questions else "-", *counts, f"{score.coverage:.1%}"]


@contextmanager
def progress_bar(what: str) -> Iterator[Progress]:
    """A progress bar on standard error that appears with the first report; plain lines if that is not a terminal."""
    bar: Any = None
    task: Any = None
    shown: set[str] = set()

    def show(stage: str, done: int, total: int) -> None:
        nonlocal bar, task
        if not sys.stderr.isatty():
            if stage not in shown and stage != "done":
                print(f"{what}: {stage}", file=sys.stderr, flush=True)  # noqa: T201
            shown.add(stage)
            return
        if bar is None:
            from rich.console import Console
            from rich.progress import Progress as Bar

            bar = Bar(console=Console(stderr=True), transient=True)
            bar.start()
            task = bar.add_task(what)
        bar.update(task, description=f"{what}: {stage}", completed=done, total=total or None)

    try:
        yield show
    finally:
        if bar is not None:
            bar.stop()


def load(name: str) -> Model:
    """The model called ``name``, with a progress bar if it has to be prepared first."""
    with progress_bar(f"preparing {name}") as progress:
        return load_model(name, progress)


def open_any(name: str) -> WordVectors:
    """The model called ``name``, wherever it is."""
    with progress_bar(f"preparing {name}") as progress:
        return load_word_vectors(name, progress)
