"""``thisplusthat import``, ``export`` and ``pull``: other people's vectors."""

from pathlib import Path
from typing import Any

import click

from embeddings.catalogue import model_path, pull
from embeddings.formats import ImportOptions, export_model, import_file
from embeddings.models import Card
from service.cli.display import console, load, progress_bar, show_import
from service.cli.field_options import field_options, given_value


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-n", "--name", required=True, help="Name of the new model.")
@field_options(
    ImportOptions,
    names={"trust_pickle": ("--trust-pickle",), "overwrite": ("--overwrite",)},
)
@click.option(
    "--on-error", type=click.Choice(["stop", "skip"]), default="stop", show_default=True, help="At a bad row."
)
@click.option("--corpus", default="unknown", help="What the vectors were trained on, for the model's card.")
@click.option("--licence", default="unknown", help="Licence of the vectors, for the model's card.")
def import_command(file: Path, name: str, on_error: str, corpus: str, licence: str, **given: Any) -> None:
    """Make a model from a FILE of vectors.

    word2vec text and binary, GloVe, fastText .vec and .bin, gensim KeyedVectors, safetensors, model2vec folders and
    Parquet, recognised by their content; text and word2vec binary files may be compressed (.gz, .bz2, .xz).
    """
    options = given_value(ImportOptions, given | {"skip_faults": on_error == "skip"})
    with progress_bar(f"importing {file.name}") as progress:
        report = import_file(file, model_path(name), Card(name, corpus=corpus, licence=licence), options, progress)
    show_import(report, console())
    click.echo(f'Ask it: thisplusthat --model {name} "..."', err=True)


@click.command("export")
@click.argument("model")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "format_name", metavar="FORMAT", help="Format to write, if the name of FILE does not tell.")
@click.option("--restrict", type=click.IntRange(1), metavar="N", help="Only the N most frequent words.")
@click.option("--overwrite", is_flag=True, help="Replace FILE if it exists.")
def export_command(model: str, file: Path, format_name: str | None, restrict: int | None, overwrite: bool) -> None:
    """Write the vectors of MODEL to FILE in another format.

    \b
      .txt  .txt.gz             word2vec text          .vec           fastText text
      .bin  .bin.gz             word2vec binary        .kv            gensim KeyedVectors
      .glove.txt                GloVe text             .safetensors   safetensors
      .model2vec                model2vec folder       .parquet       Parquet
      .tsv                      tables for TensorFlow's Projector
    """
    opened = load(model)
    chosen = export_model(opened, file, format=format_name, restrict=restrict, overwrite=overwrite)
    click.echo(f"{min(len(opened), restrict or len(opened)):,} words × {opened.dimension} to {file} ({chosen.title})")


@click.command("pull")
@click.argument("name")
@click.option("--overwrite", is_flag=True, help="Replace an existing model of this name.")
def pull_command(name: str, overwrite: bool) -> None:
    """Download a model from gensim-data by its NAME, such as glove-wiki-gigaword-100."""
    with progress_bar(f"pulling {name}") as progress:
        report = pull(name, overwrite=overwrite, progress=progress)
    show_import(report, console())
