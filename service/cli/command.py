"""The ``thisplusthat`` command. A query is the default: ``thisplusthat "king - man + woman"``."""

import atexit
import gc
import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import Any

import click
from click.core import ParameterSource

from embeddings import EmbeddingsError, Options
from embeddings.catalogue import DEFAULT_MODEL, home, list_models, measured_index, require_own
from embeddings.extras import missing_extra
from embeddings.search import KINDS, IndexParameters
from service.cli import display
from service.cli.answer_lines import show_answer
from service.cli.asker import Askable, OpenedModel, ask
from service.cli.field_options import field_options, given_value

LATE_COMMANDS = {
    "doctor": "doctor_commands",
    "export": "format_commands",
    "glosses": "gloss_commands",
    "import": "format_commands",
    "keys": "serving_commands",
    "map": "map_commands",
    "mcp": "mcp_commands",
    "merge": "merge_commands",
    "plot": "training_commands",
    "pull": "format_commands",
    "push": "push_commands",
    "serve": "serving_commands",
    "train": "training_commands",
    "tune": "tuning_commands",
    "upload": "upload_commands",
}
"""The module of each command that is loaded only when it is called, so that a query does not wait for it."""
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class QueryGroup(click.Group):
    """A group whose default command is ``query``: anything that is not a command is a query."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.list_commands(ctx) and args[0] not in ("-h", "--help", "--version")):
            args = ["query", *_with_dashes_as_text(args)]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted((*super().list_commands(ctx), *LATE_COMMANDS))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in LATE_COMMANDS:
            command: click.Command = getattr(
                import_module(f"service.cli.{LATE_COMMANDS[cmd_name]}"), f"{cmd_name}_command"
            )
            return command
        return super().get_command(ctx, cmd_name)


def _with_dashes_as_text(args: list[str]) -> list[str]:
    """Keep a query that begins with a minus ("-king + queen") from being taken for options: they have no blanks."""
    return [f" {text}" if text.startswith("-") and any(map(str.isspace, text)) else text for text in args]


@click.group(cls=QueryGroup, context_settings=CONTEXT)
@click.version_option(package_name="thisplusthat", prog_name="thisplusthat")
def cli() -> None:
    """Ask word vectors: analogies, sums of words, the odd one out.

    \b
      thisplusthat "United States : dollar :: Mexico : ?"
      thisplusthat "Paris - France + Italy"
      thisplusthat "breakfast, cereal, dinner, lunch"
      thisplusthat "coffee <> tea"

    Anything that is not a command below is a query (see: thisplusthat query --help). Without a query, a terminal gets a
    prompt, and a pipe is answered line by line.
    """


def model_option(function: Callable[..., None]) -> Callable[..., None]:
    """``--model``, of all commands that ask one."""
    text = "Name, folder or URL of a model, or its address in Milvus."
    return click.option("-m", "--model", default=DEFAULT_MODEL, show_default=True, help=text)(function)


SWITCHES = {"k": ("-k", "--number"), "exact": ("--exact",), "explain": ("--explain",), "all_forms": ("--all-forms",)}
"""Names of query options that differ from the name of their field."""


@cli.command()
@click.argument("text", nargs=-1)
@model_option
@field_options(Options, names=SWITCHES)
@click.option("--json", "as_json", is_flag=True, help="Print answers as JSON; from a pipe, one object per line.")
@click.option("--url", envvar="THISPLUSTHAT_URL", metavar="URL", help="Ask the running service at this URL.")
@click.option("--key", envvar="THISPLUSTHAT_KEY", metavar="KEY", help="API key for that service.")
@click.pass_context
def query(
    context: click.Context,
    /,
    text: tuple[str, ...],
    model: str,
    as_json: bool,
    url: str | None,
    key: str | None,
    **given: Any,
) -> None:
    """Answer TEXT. Without it, open a prompt, or answer the lines of a pipe.

    \b
      king - man + woman                     the words nearest to a sum
      United States : dollar :: Mexico : ?   an analogy; the ? may stand in any place
      France:Paris, Japan:Tokyo :: Italy:?   an analogy by several examples
      breakfast, cereal, dinner, lunch       the odd one out
      coffee <> tea                          how alike two words are
      2*king - 0.5*(man + boy)               weights and brackets
      "rock and roll" - rock                 quotes make one term

    From a pipe there is one answer a line: the query, then each word and its score, between tabs.
    """
    options = given_value(Options, given)
    open_model, list_names = _models_at(url, key, context)
    name = None if context.get_parameter_source("model") is ParameterSource.DEFAULT else model
    if text:
        answer = ask(open_model(name), " ".join(text).strip(), options)
        if as_json:
            click.echo(json.dumps(answer.as_dict(), indent=2, ensure_ascii=False))
        else:
            show_answer(answer, sys.stdout)
    elif sys.stdin.isatty():
        from service.cli.prompt import run_prompt

        run_prompt(open_model(name), options, open_model, list_names, home() / "history")
    else:
        from service.cli.pipe import answer_lines, standard_input

        source = standard_input()
        sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # as the queries are
        if not answer_lines(open_model(name), options, source, sys.stdout, as_json=as_json):
            sys.exit(1)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def models(as_json: bool) -> None:
    """List the available models."""
    listings = list_models()
    if as_json:
        content = [
            listing.manifest.as_dict() if listing.manifest else {"name": listing.name, "problem": listing.problem}
            for listing in listings
        ]
        click.echo(json.dumps(content, indent=2, ensure_ascii=False))
    else:
        display.show_models(listings, DEFAULT_MODEL, display.console())


@cli.command()
@click.argument("model", default=DEFAULT_MODEL)
def verify(model: str) -> None:
    """Compare every file of MODEL with its checksum."""
    from embeddings.models import verify_model

    opened = display.load(model)
    with display.progress_bar(f"verifying {opened.name}") as progress:
        manifest = verify_model(opened.folder, progress)
    click.echo(f"{opened.name} is whole: {len(manifest.files)} files in {opened.folder}")


@cli.command()
@click.argument("model", default=DEFAULT_MODEL)
@click.option("--kind", type=click.Choice(KINDS), default="auto", show_default=True)
@click.option("--recall", type=click.FloatRange(0, 1), default=IndexParameters().recall, show_default=True)
def index(model: str, kind: str, recall: float) -> None:
    """Rebuild the search index of MODEL, of another kind or for another recall@10."""
    from embeddings.models import rebuild_index

    require_own(model, "built anew")
    opened = display.load(model)
    parameters = IndexParameters(kind=kind, recall=recall)
    measured = measured_index(opened.folder) if parameters == IndexParameters() else None
    with display.progress_bar(f"indexing {opened.name}") as progress:
        built = rebuild_index(opened.folder, parameters, progress, measured=measured).index
    candidates = f"{built.candidates:,} candidates, " if built.candidates else ""
    click.echo(
        f"{opened.name}: {built.factory or 'exact'}, {candidates}recall@10 {built.recall:.4f}, "
        f"built in {built.build_seconds:.1f} s"
    )


@cli.command()
@click.option("-d", "--dataset", default="google", show_default=True, metavar="NAME|PATH", help="Test set to use.")
@model_option
@field_options(Options, ("method", "exact", "restrict"), names=SWITCHES)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def evaluate(dataset: str, model: str, as_json: bool, **given: Any) -> None:
    """Measure a model: google (analogies), wordsim353 or simlex999 (similarities), or a test set of your own.

    A file has four words a line, with ": section" lines between if wanted; or two words and a number; or two names a
    line, of which every two lines make a question (up to 100,000, a sample above). Tabs, semicolons, commas or blanks
    are between them. In a folder, such as BATS, each file is a section.
    """
    from embeddings.evaluation import evaluate as score

    options = given_value(Options, given)
    opened = display.open_any(model)
    with display.progress_bar(f"evaluating {opened.name}") as progress:
        report = score(
            opened,
            dataset,
            method=options.method,
            exact=options.exact,
            restrict=options.restrict,
            progress=progress,
        )
    if as_json:
        click.echo(json.dumps(report.as_dict(), indent=2, ensure_ascii=False))
    else:
        display.show_scores(report, display.console())


def _models_at(
    url: str | None, key: str | None, context: click.Context
) -> tuple[Callable[[str | None], Askable], Callable[[], list[str]]]:
    """A function that opens a model by name (None: the default), and one that lists the names, here or at a service."""
    if not url:
        if context.get_parameter_source("key") is ParameterSource.COMMANDLINE:
            raise click.UsageError("--key is for a service: give its --url.")
        return _open, _model_names
    from embeddings.client import Client, RemoteModel

    client = context.with_resource(Client(url, key))
    return partial(RemoteModel, client), client.names


def _open(name: str | None) -> OpenedModel:
    return OpenedModel(display.open_any(name or DEFAULT_MODEL))


def _model_names() -> list[str]:
    return sorted({DEFAULT_MODEL, *(listing.name for listing in list_models())})


@contextmanager
def errors_shown() -> Iterator[None]:
    """Show an error of the library as one message, and end with exit code 1."""
    try:
        yield
    except EmbeddingsError as error:
        display.show_error(error)
        sys.exit(1)
    except ModuleNotFoundError as error:
        missing = missing_extra(error)
        if missing is None:
            raise
        display.show_error(missing)
        sys.exit(1)


def main(arguments: list[str] | None = None) -> Any:
    """Run the command. The exit code is 0 on success, 1 if something could not be answered or done, 2 for bad usage."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell leaves it for what it starts in the background
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # where it cannot show a letter
    atexit.register(gc.freeze)  # the system takes all memory back: to look for garbage in it first takes 5 % of a query
    with errors_shown():
        return cli.main(arguments, prog_name="thisplusthat")
