"""``thisplusthat train``, whose options are the fields of the library's parameters, and ``thisplusthat plot``."""

import dataclasses
from pathlib import Path
from typing import Any

import click

from embeddings.catalogue import model_place
from embeddings.errors import EmbeddingsError
from embeddings.plotting import Projection, arrange, draw
from embeddings.text import CorpusParameters, PhraseParameters, TokenParameters
from embeddings.training import (
    AUTO,
    PRESETS,
    EngineParameters,
    Job,
    Keep,
    TrainingParameters,
    TrainingStopped,
    Workspace,
    train,
)
from service.cli.display import open_any
from service.cli.field_options import Command, Entry, default_text, field_options, given_value, shown_value
from service.cli.training_display import watching

SECTIONS: dict[str, type] = {
    "Reading": CorpusParameters,
    "Words": TokenParameters,
    "Phrases": PhraseParameters,
    "Vectors": TrainingParameters,
    "Engine": EngineParameters,
}
STOPPED_EXIT_CODE = 130


class SectionedCommand(click.Command):
    """A command whose help lists its options under headings."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            if (record := parameter.get_help_record(ctx)) is not None:
                rows.setdefault(_section_of(parameter.name or ""), []).append(record)
        for section, records in rows.items():
            with formatter.section(section):
                formatter.write_dl(records)


def _section_of(option: str) -> str:
    if option in ("phrase_lists", "titles"):
        return "Phrases"
    kinds = (section for section, kind in SECTIONS.items() if option in _names(kind))
    return next(kinds, "The run")


def _names(kind: type) -> list[str]:
    return [entry.name for entry in dataclasses.fields(kind)]


def parameter_options(function: Command) -> Command:
    """An option for each field of the parameters."""
    for kind in reversed(SECTIONS.values()):
        describe = _of_presets if kind is TrainingParameters else None
        function = field_options(kind, describe=describe)(function)
    return function


def _of_presets(entry: Entry) -> str:
    """The defaults of a field whose value depends on the preset or the corpus."""
    if "chosen" in entry.metadata:
        return f"  [default: {entry.metadata['chosen']}]"
    by_preset = {name: values.get(entry.name, entry.default) for name, (_, values) in PRESETS.items()}
    if len(set(by_preset.values())) == 1:
        return default_text(entry)
    return f"  [{', '.join(f'{name} {shown_value(value)}' for name, value in by_preset.items())}]"


@click.command("train", cls=SectionedCommand)
@click.argument("corpus", nargs=-1)
@click.option("-o", "--out", required=True, metavar="MODEL", help="Name of the new model, or the path of its folder.")
@click.option(
    "--preset",
    type=click.Choice([AUTO, *PRESETS]),
    default=None,
    help="Defaults for small (up to 10 million words), medium (500 million) or large corpora.  [default: auto]",
)
@click.option(
    "--init", metavar="MODEL", help="Continue training this model: new words are added, old ones move little."
)
@click.option(
    "--keep", type=click.Choice([keep.value for keep in Keep]), default=None, help="Epoch to keep.  [default: last]"
)
@click.option(
    "--checkpoint-minutes",
    type=click.FloatRange(0),
    default=None,
    help="Checkpoints to save in each epoch.  [default: 10]",
)
@click.option("--evaluate/--no-evaluate", default=None, help="Score each epoch on gensim's sets.  [default: yes]")
@click.option("--resume", is_flag=True, help="Continue a training that was stopped; give only --out with it.")
@click.option(
    "--phrase-list", "phrase_lists", multiple=True, type=click.Path(), help="A file of phrases to join, one per line."
)
@click.option("--titles", is_flag=True, default=None, help="Join phrases that are titles of articles in a dump.")
@parameter_options
def train_command(corpus: tuple[str, ...], out: str, *, resume: bool, **given: Any) -> None:
    """Train word vectors on CORPUS and write a model that is ready to ask.

    CORPUS is any number of files, folders, or - for the standard input: text, JSON lines, Parquet, or a Wikipedia dump,
    packed or not (.gz, .bz2, .xz, .zst), or a corpus that --prepared kept. With --engine spark it is whatever
    Hadoop reads (hdfs://, s3a://). Ctrl-C stops with a checkpoint, and --resume continues from it.
    """
    given = {name: value for name, value in given.items() if value not in (None, ())}
    if resume and (corpus or given):
        raise click.UsageError("--resume continues the training as it was begun: give only --out with it.")
    if not resume and not corpus:
        raise click.UsageError("Name the text to train on: files, folders, or - for the standard input.")
    from embeddings.spark import SparkEngine

    place = model_place(out)
    try:
        with watching() as watcher:
            job = None if resume else _job(corpus, given)
            train(job, place, resume=resume, watcher=watcher, cluster=SparkEngine())
    except TrainingStopped as stopped:
        click.echo(f"{stopped} {_resume_hint(out)}", err=True)
        raise click.exceptions.Exit(STOPPED_EXIT_CODE) from stopped
    except EmbeddingsError:
        if Workspace(place).begun:
            click.echo(f"Finished work is kept: once this is fixed, {_resume_hint(out)}", err=True)
        raise
    click.echo(f'Ask it: thisplusthat --model {out} "..."', err=True)


def _resume_hint(out: str) -> str:
    return f"thisplusthat train --resume --out {out}"


def _job(corpus: tuple[str, ...], given: dict[str, Any]) -> Job:
    taken = {name for kind in SECTIONS.values() for name in _names(kind)}
    rest = {name: value for name, value in given.items() if name not in taken}
    if "keep" in rest:
        rest["keep"] = Keep(rest["keep"])
    return Job(
        places=corpus,
        corpus=given_value(CorpusParameters, given),
        tokens=given_value(TokenParameters, given),
        phrases=given_value(PhraseParameters, given),
        training={name: given[name] for name in _names(TrainingParameters) if name in given},
        engine=given_value(EngineParameters, given),
        **rest,
    )


@click.command("plot")
@click.argument("model")
@click.argument("words", nargs=-1, required=True)
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="File to write: .png, .svg or .pdf.")
@click.option("--projection", type=click.Choice([kind.value for kind in Projection]), default="pca", show_default=True)
@click.option("--overwrite", is_flag=True, help="Replace the file if it exists.")
def plot_command(model: str, words: tuple[str, ...], out: Path, projection: str, overwrite: bool) -> None:
    """Draw WORDS of MODEL in a plane; pairs such as France:Paris are joined by arrows.

    \b
      thisplusthat plot glove-6b-50d France:Paris Italy:Rome Japan:Tokyo --out capitals.png
    """
    picture = arrange(open_any(model), words, Projection(projection))
    draw(picture, out, overwrite=overwrite)
    click.echo(f"{len(picture.labels)} words in {out}")
