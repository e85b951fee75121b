"""Measure this project against what a user would take instead, on the same vectors in one run.

    python -m scripts.benchmark                                    what the README gives, a few minutes
    python -m scripts.benchmark search                             every peer at several settings
    python -m scripts.benchmark search --synthetic 3000000x300     other sizes; also for open, growth and cli
    python -m scripts.benchmark import | evaluate | cli | open | growth | whole
    python -m scripts.benchmark train --corpus TEXT                each stage of a training, twenty minutes
    python -m scripts.benchmark http                               the service under load, five minutes
    python -m scripts.benchmark costs                              the costliest requests that the service permits
    python -m scripts.benchmark check                              `make bench-check`
    python -m scripts.benchmark report --markdown --plots pictures      from the figures of earlier runs

Prints tables and writes JSON; what other parts and sizes have written there stays. Everything heavy is imported late:
the processes that a training starts import this file again, and that time would be theirs.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from embeddings import Model

SHORT_PEERS = ("this project", "this project, exact", "gensim", "numpy, brute force", "FAISS Flat")
_GROWING = ("this project", "gensim", "FAISS Flat")
Command = Callable[..., Any]


class DefaultGroup(click.Group):
    """Without a sub-command it is `short`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ("-h", "--help")):
            args = ["short", *args]
        return super().parse_args(ctx, args)


@click.group(cls=DefaultGroup, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Measure this project against what a user would take instead."""


def _options(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


_of_output = _options(
    click.option("--output", type=click.Path(path_type=Path), default=Path("benchmark.json"), show_default=True),
    click.option("--markdown", is_flag=True, help="Print tables for the README."),
)
_of_model = _options(
    click.option("--model", help="Model to measure with. [default: the default model]"),
    click.option("--rows", type=click.IntRange(1), metavar="N", help="Only its N most frequent words, as a model."),
    click.option("--synthetic", metavar="ROWSxDIMENSION", help="Rows like those of real words: 3000000x300."),
    click.option("--keep", type=click.Path(path_type=Path), help="Folder that keeps synthetic models for next time."),
    _of_output,
)
_queries = click.option("--queries", type=click.IntRange(20), default=1000, show_default=True, help="To each peer.")


class Subject:
    """What is measured with, and where its figures go."""

    def __init__(self, name: str, model: "Model", meaningful: bool, output: Path, markdown: bool) -> None:
        self.name, self.model, self.meaningful = name, model, meaningful
        self._output, self._markdown = output, markdown

    def add(self, part: str, found: dict[str, Any], *, to_tables: bool = False) -> None:
        """``to_tables``: of an earlier run only the rows that are in ``found`` give way to it."""
        from scripts.benchmark import report as reporting

        size = {"rows": len(self.model), "dimension": self.model.dimension}
        reporting.merge(self._output, self.name, {**size, part: found}, to_tables)
        reporting.show(f"{part}, {self.name}", found, self._markdown)


@contextmanager
def _subject(
    model: str | None, rows: int | None, synthetic: str | None, keep: Path | None, output: Path, markdown: bool
) -> Iterator[Subject]:
    from embeddings import load_model
    from embeddings.catalogue import DEFAULT_MODEL
    from embeddings.models import save_model
    from scripts.benchmark.measurement import machine

    opened = load_model(model or DEFAULT_MODEL)
    name = opened.name
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "few"
        if synthetic is not None:
            opened = synthetic_model(synthetic, keep or Path(temporary), opened)
            name = f"synthetic, {len(opened):,} × {opened.dimension}"
        elif rows is not None:
            few = opened.vectors[:rows] * opened.norms[:rows, None]
            save_model(folder, opened.vocabulary.words(range(min(rows, len(opened)))), few, opened.manifest.card)
            opened = load_model(str(folder))
            name = f"{name}, {len(opened):,} words"
        click.echo(f"{name}: {len(opened):,} × {opened.dimension}; {machine()}")
        yield Subject(name, opened, synthetic is None, output, markdown)


def synthetic_model(size: str, folder: Path, real: "Model") -> "Model":
    """A model of synthetic rows under the words of ``real``, made in ``folder`` if it is not there."""
    from embeddings import load_model
    from embeddings.models import Card, ModelWriter
    from scripts.benchmark.synthetic import Synthetic, parse_size, words

    count, dimension = parse_size(size)
    path = folder / f"synthetic-{count}x{dimension}"
    if not path.exists():
        click.echo(f"making {count:,} × {dimension} rows and their index in {path}", err=True)
        folder.mkdir(parents=True, exist_ok=True)
        made, place = Synthetic(count, dimension), 0
        norms, names = made.norms(), list(words(list(real.vocabulary), count))
        with ModelWriter(path, dimension, expected_rows=count) as writer:
            for block in made.blocks():
                here = slice(place, place + len(block))
                block *= norms[here, None]
                writer.append(names[here], block)
                place += len(block)
            writer.finish(Card(path.name, method="synthetic"))
    return load_model(str(path))


# ---- Parts


@main.command()
@_of_model
@_queries
@click.option("--every", type=click.IntRange(1), default=1, show_default=True, help="Of Google's questions, one in N.")
@click.option("--runs", type=click.IntRange(1), default=5, show_default=True, help="Processes of each kind.")
def short(queries: int, every: int, runs: int, **where: Any) -> None:
    """What the README gives: whole queries, exact peers, opening, command line, evaluation."""
    from scripts.benchmark.cli_benchmark import measure_cli
    from scripts.benchmark.evaluation_benchmark import measure_evaluate
    from scripts.benchmark.opening_benchmark import measure_open
    from scripts.benchmark.search_benchmark import measure_search, measure_whole

    with _subject(**where) as subject:
        subject.add("whole", measure_whole(subject.model, queries))
        subject.add("search", measure_search(subject.model, queries, SHORT_PEERS, subject.meaningful))
        subject.add("open", measure_open(subject.model, runs))
        subject.add("cli", measure_cli(subject.model, runs))
        if subject.meaningful:
            subject.add("evaluate", measure_evaluate(subject.model, every))


@main.command()
@_of_model
@_queries
def whole(queries: int, **where: Any) -> None:
    """Whole queries, text to answer, fifty of each library in turn, after a rest."""
    from scripts.benchmark.search_benchmark import measure_whole

    with _subject(**where) as subject:
        subject.add("whole", measure_whole(subject.model, queries))


@main.command()
@_of_model
@_queries
@click.option(
    "--peer",
    "names",
    multiple=True,
    help="Only these peers; several may be given. What is there of others stays. [default: all that fit]",
)
def search(queries: int, names: tuple[str, ...], **where: Any) -> None:
    """Searches alone: recall, time, build time and memory of every peer at several settings, and whole queries.

    With --peer whole queries are not measured again.
    """
    from scripts.benchmark.peers import PEERS
    from scripts.benchmark.search_benchmark import measure_search, measure_whole

    if unknown := set(names) - set(PEERS):
        raise click.BadParameter(f"There is no peer {', '.join(sorted(unknown))}. There are: {', '.join(PEERS)}.")
    with _subject(**where) as subject:
        if not names:
            subject.add("whole", measure_whole(subject.model, queries))
        found = measure_search(subject.model, queries, names or None, subject.meaningful)
        subject.add("search", found, to_tables=bool(names))


@main.command(name="open")
@_of_model
@click.option("--runs", type=click.IntRange(1), default=5, show_default=True)
@click.option("--queries", type=click.IntRange(1), default=50, show_default=True, help="Before memory is looked at.")
def open_(runs: int, queries: int, **where: Any) -> None:
    """Opening a model, the first answer, and memory."""
    from scripts.benchmark.opening_benchmark import measure_open

    with _subject(**where) as subject:
        subject.add("open", measure_open(subject.model, runs, queries))


@main.command()
@_of_model
@click.option("--sizes", default="25000,50000,100000,200000,400000", show_default=True, help="Numbers of rows.")
@click.option("--queries", type=click.IntRange(20), default=300, show_default=True)
@click.option("--peer", "names", multiple=True, default=_GROWING, show_default=True)
def growth(sizes: str, queries: int, names: tuple[str, ...], **where: Any) -> None:
    """Cost against the size of the vocabulary: query time at a recall@10 of 0.999, build time, memory."""
    from scripts.benchmark.search_benchmark import measure_growth

    with _subject(**where) as subject:
        wanted = [size for size in map(int, sizes.split(",")) if size <= len(subject.model)]
        subject.add("growth", measure_growth(subject.model, wanted, queries, names), to_tables=True)


@main.command(name="import")
@_of_output
@click.option("--size", default="400000x300", show_default=True, help="Rows and dimension of the file.")
@click.option("--runs", type=click.IntRange(1), default=1, show_default=True)
@click.option("--keep", type=click.Path(path_type=Path), help="Folder that keeps the file for next time.")
def import_(size: str, runs: int, keep: Path | None, output: Path, markdown: bool) -> None:
    """Import of a GloVe text file, against gensim's load_word2vec_format."""
    from scripts.benchmark.import_benchmark import measure_import
    from scripts.benchmark.synthetic import parse_size

    rows, dimension = parse_size(size)
    with _subject(None, None, None, None, output, markdown) as subject:
        subject.add("import", measure_import(subject.model, rows, dimension, runs, keep))


@main.command()
@_of_model
@click.option("--every", type=click.IntRange(1), default=1, show_default=True, help="Only one question in N.")
def evaluate(every: int, **where: Any) -> None:
    """Google's 19,544 analogy questions, against gensim's evaluate_word_analogies."""
    from scripts.benchmark.evaluation_benchmark import measure_evaluate

    with _subject(**where) as subject:
        subject.add("evaluate", measure_evaluate(subject.model, every))


@main.command()
@_of_model
@click.option("--runs", type=click.IntRange(1), default=10, show_default=True)
def cli(runs: int, **where: Any) -> None:
    """A query as a whole process, and what of it is Python and imports."""
    from scripts.benchmark.cli_benchmark import measure_cli

    with _subject(**where) as subject:
        subject.add("cli", measure_cli(subject.model, runs))


@main.command()
@_of_output
@click.option("--corpus", required=True, type=click.Path(exists=True, path_type=Path), help="Text, packed or not.")
@click.option("--words", type=click.IntRange(1), default=12_000_000, show_default=True, help="First words to take.")
@click.option("--whole-job", is_flag=True, help="Also from text to vectors, over five epochs.")
def corpus(corpus: Path, words: int, whole_job: bool, output: Path, markdown: bool) -> None:
    """From raw text to what an epoch reads, in processor seconds, against the usual way with gensim."""
    from scripts.benchmark import report as reporting
    from scripts.benchmark.corpus_benchmark import measure_corpus

    found = measure_corpus(corpus, words, whole_job=whole_job)
    reporting.merge(output, "corpus", found)
    reporting.show("corpus", found, markdown)


@main.command()
@_of_output
@click.option(
    "--corpus", type=click.Path(exists=True, path_type=Path), help="Text. [default: gensim's slice of a dump]"
)
@click.option("--words", type=click.IntRange(1), default=12_000_000, show_default=True, help="First words to take.")
@click.option("--seeds", type=click.IntRange(1), default=3, show_default=True, help="Runs of each training.")
@click.option("--threads", type=click.IntRange(0), default=0, help="Of learning alone. [default: one a processor]")
@click.option("--keep", type=click.Path(path_type=Path), help="Folder that keeps gensim's runs of learning alone.")
@click.option(
    "--part",
    "parts",
    multiple=True,
    type=click.Choice(["stages", "learning", "job"]),
    default=("stages", "learning", "job"),
    show_default=True,
)
def train(
    corpus: Path | None, words: int, parts: tuple[str, ...], output: Path, markdown: bool, **learning: Any
) -> None:
    """Each stage of a training, against the usual way with gensim."""
    from embeddings.evaluation import find_dataset
    from scripts.benchmark import report as reporting
    from scripts.benchmark.learning_benchmark import Trials
    from scripts.benchmark.training_benchmark import measure_training

    dump = find_dataset("google").parent / "enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2"
    found = measure_training(corpus or dump, dump, words, Trials(**learning), parts)
    reporting.merge(output, "train", found)
    reporting.show("train", found, markdown)


@main.command()
@_of_model
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True, help="Of load on each server.")
@click.option("--seconds", type=float, default=5.0, show_default=True, help="Of load in a round.")
@click.option(
    "--earlier", type=click.Path(path_type=Path, exists=True), help="Checkout of an earlier version, to compare."
)
def http(rounds: int, seconds: float, earlier: Path | None, **where: Any) -> None:
    """The service under load."""
    from scripts.benchmark.http_benchmark import measure_http

    with _subject(**where) as subject:
        subject.add("http", measure_http(subject.model, rounds, seconds, earlier=earlier))


@main.command()
@_of_model
def costs(**where: Any) -> None:
    """The costliest requests that the service permits; fails if one takes longer than it may."""
    from scripts.benchmark.http_costs import BUDGET_MS, measure_costs, over_budget

    with _subject(**where) as subject:
        found = measure_costs(subject.model)
        subject.add("costs", found)
    if too_much := over_budget(found):
        raise click.ClickException(f"more than {BUDGET_MS:g} ms a query: {', '.join(too_much)}")


@main.command()
@click.option("--update", is_flag=True, help="Write ratios, the lowest of two runs, and compare none.")
@click.option(
    "--ratios", "path", type=click.Path(path_type=Path), help="File of them. [default: benchmarks/ratios.json]"
)
@click.option("--part", "names", multiple=True, help="Only these parts; several may be given. [default: all]")
def check(update: bool, path: Path | None, names: tuple[str, ...]) -> None:
    """A short form; fails if a ratio is more than 20 % below the committed one."""
    from embeddings import load_model
    from scripts.benchmark import ratios
    from scripts.benchmark.cli_benchmark import measure_cli
    from scripts.benchmark.evaluation_benchmark import measure_evaluate
    from scripts.benchmark.import_benchmark import measure_import
    from scripts.benchmark.measurement import machine
    from scripts.benchmark.opening_benchmark import measure_open
    from scripts.benchmark.search_benchmark import measure_search, measure_whole

    model, path = load_model(), path or ratios.COMMITTED
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "whole": lambda: measure_whole(model, 200),
        "search": lambda: measure_search(model, 100, SHORT_PEERS),
        "open": lambda: measure_open(model, 2, 10),
        "cli": lambda: measure_cli(model, 3),
        "evaluate": lambda: measure_evaluate(model, every=40),
        "import": lambda: measure_import(model, 40_000, 100, runs=2),
    }
    if unknown := set(names) - set(parts):
        raise click.BadParameter(f"There is no part {', '.join(sorted(unknown))}. There are: {', '.join(parts)}.")
    chosen = {name: parts[name] for name in names or parts}
    if update:
        ratios.save(ratios.lowest(chosen), machine(), path)
    elif lost := ratios.check(chosen, ratios.load(path), click.echo):
        raise click.ClickException("slower than committed by more than 20 %:\n" + "\n".join(map(str, lost)))


@main.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--markdown", is_flag=True, help="Tables for the README.")
@click.option("--plots", type=click.Path(path_type=Path), help="Folder for the plots.")
def report(files: tuple[Path, ...], markdown: bool, plots: Path | None) -> None:
    """Show the figures of earlier runs (default: benchmark.json), without measuring."""
    from scripts.benchmark import report as reporting
    from scripts.benchmark.plots import draw

    results = reporting.load(files or (Path("benchmark.json"),))
    reporting.show_all(results, markdown)
    if plots:
        for path in draw(results, plots):
            click.echo(f"written to {path}")
